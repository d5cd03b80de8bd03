import { describe, expect, test } from 'vitest'
import { DeliveryError, MillraceError } from '../../src/errors.ts'
import { packFields, unpackFields } from '../../src/workers/errors.ts'

/** As it arrives in another thread. */
function sent(message: object): object {
  return unpackFields(structuredClone(packFields(message)))
}

describe('an error that crosses to another thread', () => {
  const fields = {
    kafkaCode: 10,
    kafkaName: 'MSG_SIZE_TOO_LARGE',
    retriable: false,
    possiblyPersisted: false,
    fault: 'record',
    topic: 't',
    partition: null,
  } as const
  test.each([
    ['with a hint', new MillraceError('USAGE', 'It is so', { hint: 'Do this', context: { line: 3 } })],
    ['without one', new MillraceError('BAD_RECORD', 'It is so. Do this', { context: { excerpt: 'x' } })],
    ['of a delivery', new DeliveryError('DELIVERY_FAILED', 'It failed', fields, { hint: 'See' })],
  ])('%s is the same there', (_, error) => {
    const { error: there } = sent({ error }) as { error: MillraceError }
    expect(there).toBeInstanceOf(MillraceError)
    expect(there instanceof DeliveryError).toBe(error instanceof DeliveryError)
    expect({ ...there, message: there.message, stack: there.stack }).toEqual({
      ...error,
      message: error.message,
      stack: error.stack,
    })
  })

  test('leaves behind what cannot be copied, and the other fields are as they were', () => {
    const error = new MillraceError('ABORTED', 'x', {
      context: { result: { delivery: () => null }, line: 1 },
    })
    const there = sent({ kind: 'settled', n: 1, error, nothing: undefined })
    expect(there).toMatchObject({ kind: 'settled', n: 1, error: { code: 'ABORTED', context: { line: 1 } } })
    expect((there as { error: MillraceError }).error.context).not.toHaveProperty('result')
  })
})
