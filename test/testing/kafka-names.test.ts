import { describe, expect, test } from 'vitest'
import { loadClient } from '../../src/client/load.ts'
import { MillraceError } from '../../src/index.ts'
import {
  type ApiName,
  apiKey,
  apiKeys,
  errorNumber,
  errorNumbers,
  requestErrorNumber,
} from '../../src/testing/kafka-names.ts'

function thrown(call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    return error
  }
}

describe('names of errors', () => {
  test('have librdkafka’s numbers', () => {
    const known = loadClient().rdkafka.CODES.ERRORS as unknown as Record<string, number>
    for (const [name, number] of Object.entries(errorNumbers))
      expect([name, known[`ERR_${name}`]]).toEqual([name, number])
    expect(requestErrorNumber('_TRANSPORT')).toBe(known.ERR__TRANSPORT)
  })

  test.each([
    ['NOT_ENOUGH_REPLICA', 'Did you mean NOT_ENOUGH_REPLICAS?'],
    ['not_enough_replicas', 'Did you mean NOT_ENOUGH_REPLICAS?'],
    ['UNKNOWN_TOPIC_OR_PARTITION', 'Did you mean UNKNOWN_TOPIC_OR_PART?'],
    ['NOT_LEADER_OR_FOLLOWER', 'Did you mean NOT_LEADER_FOR_PARTITION?'],
    ['MESSAGE_TOO_LARGE', 'Did you mean MSG_SIZE_TOO_LARGE?'],
    ['_TRANSPORT', 'kafkaName'],
    ['_MSG_TIMED_OUT', 'kafkaName'],
    ['toString', 'kafkaName'],
    ['', 'kafkaName'],
    [29, 'kafkaName'],
    [undefined, 'kafkaName'],
  ])('%s is none', (name, hint) => {
    const error = thrown(() => errorNumber(name as never))
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({ code: 'USAGE', hint: expect.stringContaining(hint) })
  })
})

describe('names of requests', () => {
  test('have numbers', () => {
    expect(apiKey('Produce')).toBe(0)
    expect(apiKey('EndTxn')).toBe(26)
    expect(new Set(Object.values(apiKeys)).size).toBe(Object.keys(apiKeys).length)
  })

  test.each([
    ['produce', 'Did you mean Produce?'],
    ['ApiVersion', 'Did you mean ApiVersions?'],
    ['InitProducerID', 'Did you mean InitProducerId?'],
    ['Metadata', 'setTopicError'],
    ['CreateTopics', 'Produce, Fetch'],
    [0, 'Produce, Fetch'],
  ])('%s is none', (name, hint) => {
    const error = thrown(() => apiKey(name as ApiName))
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({ code: 'USAGE', hint: expect.stringContaining(hint) })
  })
})
