import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { splitProperties } from '../../src/config/split.ts'
import type { PropertyValue } from '../../src/config/values.ts'
import { type ErrorCode, MillraceError } from '../../src/errors.ts'

interface Rdkafka {
  readonly features: readonly string[]
  readonly librdkafkaVersion: string
  readonly Producer: new (
    properties: Record<string, unknown>,
    topic?: Record<string, unknown>,
  ) => {
    connect(options: { timeout: number }, callback: (error: Error | null) => void): void
    disconnect(callback: () => void): void
  }
}

export const rdkafka = createRequire(import.meta.url)('node-rdkafka') as Rdkafka

/** What librdkafka says when the properties are set one by one; undefined where it takes them. */
export function librdkafkaRefuses(properties: Record<string, unknown>): string | undefined {
  try {
    new rdkafka.Producer(properties)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/**
 * What librdkafka says of the properties together, when it connects: to a cluster of its own, or, as
 * that knows no SASL, to nothing.
 */
export async function librdkafkaRefusesTogether(
  properties: Record<string, PropertyValue>,
): Promise<string | undefined> {
  const sasl = String(properties['security.protocol']).startsWith('sasl')
  const cluster: Record<string, PropertyValue> = sasl
    ? { 'bootstrap.servers': '127.0.0.1:1' }
    : { 'test.mock.num.brokers': 1 }
  const { global, topic } = splitProperties({ ...cluster, ...properties })
  const producer = new rdkafka.Producer(global, topic)
  const error = await new Promise<Error | null>(resolve =>
    producer.connect({ timeout: sasl ? 200 : 10000 }, resolve),
  )
  if (error !== null) return sasl && /transport failure/.test(error.message) ? undefined : error.message
  await new Promise<void>(resolve => producer.disconnect(resolve))
  return undefined
}

/** The MillraceError that `call` throws. */
export function thrown(call: () => unknown): MillraceError {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(MillraceError)
    return error as MillraceError
  }
  throw new Error('nothing was thrown')
}

/** Expects a MillraceError of that code whose message has all of `parts`. */
export function expectError(call: () => unknown, code: ErrorCode, ...parts: string[]): MillraceError {
  const error = thrown(call)
  expect(error.code, error.message).toBe(code)
  for (const part of parts) expect(error.message).toContain(part)
  return error
}

/** A file of the test's own, removed after it. */
export function temporaryFile(name: string, content: string | Uint8Array): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-config-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}
