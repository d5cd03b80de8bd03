import type { ReadOptions } from '../../input/index.ts'
import type { Bytes } from '../../types.ts'
import type { Constants } from '../offering.ts'
import type { RecordOptions } from './lines.ts'

/** The options that make other messages of the same records, or put them elsewhere. */
export function recordOptions(
  read: ReadOptions,
  { topic, key, partition, headers }: Constants,
  partitioner: string,
): RecordOptions {
  const { needsTopic: _needsTopic, onBad: _onBad, headerFields, ...plain } = read
  const all = {
    topic,
    key: key === undefined ? undefined : toldApart(key),
    partition,
    headers: headers?.map(([name, value]) => pair(name, value)),
    headerFields: headerFields?.map(([name, path]) => `${name}=${path}`),
    partitioner,
    ...plain,
  }
  const given = Object.entries(all).filter(([, value]) => value !== undefined && value !== false)
  return Object.fromEntries(given.map(([name, value]) => [name, plainValue(value)]))
}

function plainValue(value: unknown): RecordOptions[string] {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1')
  return value as RecordOptions[string]
}

/** Bytes that are no text are told apart from any text. */
function toldApart(bytes: Bytes): string | readonly string[] {
  return typeof bytes === 'string' ? bytes : ['base64', Buffer.from(bytes).toString('base64')]
}

/** As `name=value`; what that could not tell apart, as JSON. */
function pair(name: string, value: Bytes | null): string {
  const isPlain = typeof value === 'string' && !name.includes('=') && !name.startsWith('["')
  if (isPlain) return `${name}=${value}`
  return JSON.stringify([name, value === null ? null : toldApart(value)])
}
