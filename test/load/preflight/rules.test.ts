import { describe, expect, test } from 'vitest'
import { rulesOf } from '../../../src/load/preflight/rules.ts'

/** Apache Kafka 4.1's for a topic that nobody configured. */
const KAFKA_4 = {
  'cleanup.policy': 'delete',
  'max.message.bytes': '1048588',
  'segment.bytes': '1073741824',
  'segment.ms': '604800000',
  'retention.ms': '604800000',
  'retention.bytes': '-1',
  'message.timestamp.type': 'CreateTime',
  'message.timestamp.before.max.ms': '9223372036854775807',
  'message.timestamp.after.max.ms': '3600000',
}
/** Java's Long.MAX_VALUE. */
const NEVER = '9223372036854775807'
const DIFFERENCE = 'message.timestamp.difference.max.ms'

function rules(changes: Record<string, string> = {}) {
  return rulesOf('t', new Map(Object.entries({ ...KAFKA_4, ...changes })))
}

test('of a topic that nobody configured', () => {
  expect(rules()).toEqual({
    topic: 't',
    batchBytes: 1_048_588,
    batchLimit: 'max.message.bytes',
    appendTime: false,
    retentionMs: 604_800_000,
    retentionBytes: null,
    segmentMs: 604_800_000,
    beforeMaxMs: Number.POSITIVE_INFINITY,
    beforeName: 'message.timestamp.before.max.ms',
    afterMaxMs: 3_600_000,
    afterName: 'message.timestamp.after.max.ms',
    compacted: false,
  })
})

describe('what changes them', () => {
  test.each([
    ['retention.ms', '-1', { retentionMs: null }],
    ['retention.ms', '1000', { retentionMs: 1000 }],
    ['retention.bytes', '5000', { retentionBytes: 5000 }],
    ['cleanup.policy', 'compact', { compacted: true, retentionMs: null, retentionBytes: null }],
    ['cleanup.policy', 'compact,delete', { compacted: true, retentionMs: 604_800_000 }],
    ['cleanup.policy', 'delete, compact', { compacted: true, retentionMs: 604_800_000 }],
    ['message.timestamp.type', 'LogAppendTime', { appendTime: true }],
    ['segment.bytes', '5000', { batchBytes: 5000, batchLimit: 'segment.bytes' }],
    ['max.message.bytes', '5000', { batchBytes: 5000, batchLimit: 'max.message.bytes' }],
    ['message.timestamp.before.max.ms', '5', { beforeMaxMs: 5 }],
    // what cannot be understood limits nothing
    ['retention.ms', 'soon', { retentionMs: null }],
  ])('%s=%s', (name, value, expected) => {
    expect(rules({ [name]: value })).toMatchObject(expected)
  })
})

test.each([
  [
    'Kafka before 3.6',
    { before: undefined, after: undefined, difference: '7000' },
    [7000, 7000],
    [DIFFERENCE, DIFFERENCE],
  ],
  [
    'Kafka 3.6, the new ones as they were',
    { before: NEVER, after: NEVER, difference: '7000' },
    [7000, 7000],
    [DIFFERENCE, DIFFERENCE],
  ],
  [
    'Kafka 3.6, the new ones set',
    { before: '1', after: '2', difference: '7000' },
    [1, 2],
    ['message.timestamp.before.max.ms', 'message.timestamp.after.max.ms'],
  ],
  [
    'none set',
    { before: NEVER, after: NEVER, difference: NEVER },
    [Infinity, Infinity],
    ['message.timestamp.before.max.ms', 'message.timestamp.after.max.ms'],
  ],
])('bounds of timestamps: %s', (_name, { before, after, difference }, limits, names) => {
  const configs = new Map<string, string>([[DIFFERENCE, difference]])
  if (before !== undefined) configs.set('message.timestamp.before.max.ms', before)
  if (after !== undefined) configs.set('message.timestamp.after.max.ms', after)
  const { beforeMaxMs, afterMaxMs, beforeName, afterName } = rulesOf('t', configs)
  expect([beforeMaxMs, afterMaxMs]).toEqual(limits)
  expect([beforeName, afterName]).toEqual(names)
})

test('a broker that says nothing limits nothing', () => {
  expect(rulesOf('t', new Map())).toMatchObject({
    batchBytes: Number.POSITIVE_INFINITY,
    retentionMs: null,
    compacted: false,
    appendTime: false,
  })
})
