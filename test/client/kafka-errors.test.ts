import { describe, expect, test } from 'vitest'
import { identify, kafkaError, possiblyPersisted } from '../../src/client/kafka-errors.ts'
import { loadClient } from '../../src/client/load.ts'

const { rdkafka, native } = loadClient()
const codes = Object.values(rdkafka.CODES.ERRORS as unknown as Record<string, number>)

/** An error text as it comes out of a delivery report: through node-rdkafka's own error class. */
function asReported(code: number): { code: number; origin: string; message: string } {
  const { create } = nodeRequire('node-rdkafka/lib/error.js') as { create(error: Error): never }
  return create(new Error(native.err2str(code)))
}

import { createRequire } from 'node:module'

const nodeRequire = createRequire(import.meta.url)

describe('the number of an error that came as text', () => {
  test('every error of librdkafka is found again', () => {
    expect(codes.length).toBeGreaterThan(150)
    const lost = codes.filter(code => identify(asReported(code)).code !== code)
    expect(lost).toEqual([])
  })

  test('node-rdkafka does lose it', () => {
    expect(asReported(29).code).toBe(-1)
  })

  test('an unknown text is UNKNOWN, and keeps the text', () => {
    expect(identify({ message: 'no such thing', origin: 'local' })).toMatchObject({
      code: -1,
      name: 'UNKNOWN',
      text: 'no such thing',
    })
  })

  test('a number that came is taken', () => {
    expect(identify({ code: -195, message: 'whatever' }).name).toBe('_TRANSPORT')
  })

  test('a number that librdkafka does not know has a name all the same', () => {
    expect(kafkaError(9999)).toMatchObject({ code: 9999, name: 'UNKNOWN_9999', fault: 'cluster' })
  })
})

test.each([
  // name, number, retriable, fault, possiblyPersisted
  ['_MSG_TIMED_OUT', -192, true, 'cluster', true],
  ['_UNKNOWN_TOPIC', -188, false, 'cluster', false],
  ['_UNKNOWN_PARTITION', -190, false, 'record', false],
  ['MSG_SIZE_TOO_LARGE', 10, false, 'record', false],
  ['RECORD_LIST_TOO_LARGE', 18, false, 'record', false],
  ['INVALID_TIMESTAMP', 32, false, 'record', false],
  ['INVALID_RECORD', 87, false, 'record', false],
  ['TOPIC_AUTHORIZATION_FAILED', 29, false, 'cluster', true],
  ['NOT_ENOUGH_REPLICAS', 19, true, 'cluster', true],
  ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', 20, true, 'cluster', true],
  ['_TRANSPORT', -195, true, 'cluster', true],
  ['_FATAL', -150, false, 'cluster', true],
])('%s', (name, code, retriable, fault, persisted) => {
  const error = kafkaError(code)
  expect(error).toMatchObject({ name, code, retriable, fault })
  expect(error.advice).toMatch(/\w{4}/)
  expect(possiblyPersisted(error)).toBe(persisted)
})
