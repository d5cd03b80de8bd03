import { Readable } from 'node:stream'
import { isUint8Array } from 'node:util/types'
import { type Bounds, within } from '../bounds.ts'
import { engineNames } from '../engine/connect.ts'
import { checkTopic, encode, headerList } from '../engine/message.ts'
import { MillraceError, textOf } from '../errors.ts'
import { csvValues, decompressions, inputFormats, lengthPrefixes } from '../input/index.ts'
import { nearest } from '../nearest.ts'
import { EmbeddedCluster } from '../testing/embedded-cluster.ts'
import type { Headers } from '../types.ts'
import { type LoadOptions, loadBounds, onBadRecord, PARTITION_BOUNDS, rejectedBounds } from './options.ts'
import { resumeModes } from './receipt/lines.ts'
import type { LoadOption } from './spelling.ts'

/** Sees what one option was given; undefined does not come here. @throws MillraceError USAGE */
type Check = (value: unknown, option: LoadOption) => void

const text: Check = (value, option) => expect(typeof value === 'string', value, option, 'a string')

const flag: Check = (value, option) => expect(typeof value === 'boolean', value, option, 'true or false')

const bytes: Check = (value, option) =>
  expect(typeof value === 'string' || isUint8Array(value), value, option, 'a string or a Uint8Array')

const texts: Check = (value, option) => {
  const areTexts = Array.isArray(value) && value.every(one => typeof one === 'string')
  expect(areTexts, value, option, 'a list of strings')
}

function number(bounds: Bounds): Check {
  return (value, option) => {
    const known = typeof value === 'number' ? value : Number.NaN
    within(known, bounds, { name: option, shown: shown(value), option })
  }
}

function choice(...choices: readonly (string | boolean)[]): Check {
  return (value, option) => {
    const words = choices.map(one => (typeof one === 'string' ? `'${one}'` : String(one)))
    expect(choices.includes(value as string), value, option, `one of ${words.join(', ')}`)
  }
}

function instance(of: { [Symbol.hasInstance](value: unknown): boolean }, what: string): Check {
  return (value, option) => expect(of[Symbol.hasInstance](value), value, option, what)
}

/** @throws MillraceError USAGE instead of that of a message */
function asMessageHas(check: (value: never) => void): Check {
  return (value, option) => {
    try {
      check(value as never)
    } catch (cause) {
      const known = cause as MillraceError
      throw new MillraceError('USAGE', textOf(known), { cause, hint: known.hint, context: { option } })
    }
  }
}

const partition: Check = (value, option) => {
  if (value !== 'any') number(loadBounds.partition)(value, option)
}

const headers = asMessageHas((given: Headers) => {
  for (const [name, value] of headerList(given)) {
    encode('name of a header', name)
    encode(`header ${name}`, value)
  }
})

const headerFields: Check = (value, option) => {
  const isPair = (one: unknown) =>
    Array.isArray(one) && one.length === 2 && one.every(side => typeof side === 'string')
  const isList = typeof value === 'object' && value !== null && pairsOf(value as object).every(isPair)
  expect(isList, value, option, 'a list of [name, path] pairs, or an object of names and paths')
}

const createTopic: Check = (value, option) => {
  if (typeof value === 'boolean') return
  const { partitions } = objectOf(value, option, ['partitions'])
  if (partitions !== undefined) numberWithin(partitions, PARTITION_BOUNDS, option, 'partitions')
}

const maxRejected: Check = (value, option) => {
  const given = Object.entries(objectOf(value, option, ['count', 'percent'])).filter(
    ([, bound]) => bound !== undefined,
  )
  const [only] = given
  if (only === undefined || given.length > 1) {
    throw usage(option, `${option} has ${given.length === 0 ? 'nothing' : 'count and percent'}`, {
      hint: 'Give { count: 10 }, or { percent: 1 } of the records read',
    })
  }
  const [name, bound] = only
  numberWithin(bound, rejectedBounds[name as 'count' | 'percent'], option, name)
}

const checks: { readonly [option in LoadOption]-?: Check } = {
  files: texts,
  stdin: instance(Readable, 'a Readable'),
  topic: asMessageHas(checkTopic),
  createTopic,
  key: asMessageHas((value: string) => encode('key', value)),
  headers,
  partition,
  format: choice(...inputFormats),
  decompress: choice(...decompressions),
  delimiter: bytes,
  keyDelimiter: bytes,
  fieldDelimiter: bytes,
  columns: texts,
  csvValues: choice(...csvValues),
  prefix: choice(...lengthPrefixes),
  nullValue: bytes,
  keyField: text,
  valueField: text,
  timestampField: text,
  topicField: text,
  partitionField: text,
  headerFields,
  skipBlank: flag,
  producers: number(loadBounds.producers),
  threads: number(loadBounds.threads),
  loops: number(loadBounds.loops),
  rate: number(loadBounds.rate),
  rateBytes: number(loadBounds.rateBytes),
  limit: number(loadBounds.limit),
  stallTimeoutMs: number(loadBounds.stallTimeoutMs),
  drainTimeoutMs: number(loadBounds.drainTimeoutMs),
  onBadRecord: choice(...onBadRecord),
  deadLetter: text,
  maxRejected,
  receipt: (value, option) =>
    expect(value === false || typeof value === 'string', value, option, 'a path, or false'),
  resume: choice(true, false, ...resumeModes),
  allowExpired: flag,
  engine: choice(...engineNames),
  embedded: instance(EmbeddedCluster, 'an EmbeddedCluster of millrace/testing'),
  signal: instance(AbortSignal, "an AbortSignal of Node's"),
  progressIntervalMs: number(loadBounds.progressIntervalMs),
  onWarning: (value, option) => expect(typeof value === 'function', value, option, 'a function'),
}

/**
 * Sees that each option is one of a load's, of its type and within its bounds; not whether they go together.
 * @throws MillraceError USAGE with `context.option`
 */
export function checkOptions(options: LoadOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new MillraceError('USAGE', `load takes options as an object, not ${shown(options)}`, {
      hint: "Give at least where the records come from and go to: { files: ['a.ndjson'], topic: 'events' }",
    })
  }
  for (const [option, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, option)) throw unknown(option)
    if (value !== undefined) checks[option as LoadOption](value, option as LoadOption)
  }
}

/** Pairs as they were given: in a list, a Map, or an object. */
export function pairsOf<T>(given: Iterable<T> | object): T[] {
  return Symbol.iterator in given ? [...(given as Iterable<T>)] : (Object.entries(given) as T[])
}

function expect(fits: boolean, value: unknown, option: LoadOption, what: string): void {
  if (!fits) throw usage(option, `${option} is ${shown(value)}`, { hint: `Give ${what}` })
}

function numberWithin(value: unknown, bounds: Bounds, option: LoadOption, field: string): void {
  const known = typeof value === 'number' ? value : Number.NaN
  within(known, bounds, { name: `${option}.${field}`, shown: shown(value), option })
}

function objectOf(
  value: unknown,
  option: LoadOption,
  fields: readonly string[],
): Readonly<Record<string, unknown>> {
  const what = `an object of ${fields.join(' or ')}`
  expect(typeof value === 'object' && value !== null && !Array.isArray(value), value, option, what)
  const odd = Object.keys(value as object).find(field => !fields.includes(field))
  if (odd !== undefined) throw usage(option, `${option} has no ${odd}`, { hint: `Give ${what}` })
  return value as Readonly<Record<string, unknown>>
}

function unknown(option: string): MillraceError {
  const near = nearest(option, Object.keys(checks))
  return new MillraceError('USAGE', `load has no option ${option}`, {
    hint: near === undefined ? 'See LoadOptions' : `Did you mean ${near}?`,
    context: { option },
  })
}

function usage(option: LoadOption, message: string, { hint }: { readonly hint: string }): MillraceError {
  return new MillraceError('USAGE', message, { hint, context: { option } })
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}
