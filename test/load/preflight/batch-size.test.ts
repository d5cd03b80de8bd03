import { expect, test } from 'vitest'
import { fitBatches } from '../../../src/load/preflight/batch-size.ts'
import { rulesOf } from '../../../src/load/preflight/rules.ts'

const topic = (bytes: number | undefined, name = 't') =>
  rulesOf(name, new Map(bytes === undefined ? [] : [['max.message.bytes', `${bytes}`]]))

test.each([
  ['no topic known', [], {}, {}],
  ['a topic without limit', [topic(undefined)], {}, {}],
  ['Kafka’s default', [topic(1_048_588)], {}, {}],
  ['just enough', [topic(1_000_000)], {}, {}],
  ['too little', [topic(999_999)], {}, { 'batch.size': 999_999 }],
  [
    'the least of several',
    [topic(50_000), topic(5000, 'u'), topic(undefined, 'v')],
    {},
    { 'batch.size': 5000 },
  ],
  ['batch.size given, within', [topic(5000)], { 'batch.size': 5000 }, {}],
  ['records kept small by the user', [topic(5000)], { 'message.max.bytes': 4000 }, {}],
  ['batch.size given, compressed', [topic(5000)], { 'batch.size': 9000, 'compression.type': 'lz4' }, {}],
  ['a topic for large records', [topic(10_485_760)], {}, { 'message.max.bytes': 10_485_760 }],
  ['beyond what librdkafka takes', [topic(2_147_483_647)], {}, { 'message.max.bytes': 1_000_000_000 }],
  ['its own limit given', [topic(10_485_760)], { 'message.max.bytes': 2_000_000 }, {}],
])('%s', (_name, rules, given, expected) => {
  expect(fitBatches(rules, given).properties).toEqual(expected)
})

test('says what it lowers, and why', () => {
  expect(fitBatches([topic(5000)], {}).notes).toEqual([
    't takes batches of at most 5,000 bytes (max.message.bytes): batch.size is 5,000 instead of 1,000,000',
  ])
})

test('a batch.size of the user’s beyond the limit is refused with the figures', () => {
  expect(() => fitBatches([topic(5000)], { 'batch.size': 9000 })).toThrow(
    expect.objectContaining({
      name: 'MillraceError',
      code: 'PREFLIGHT_REFUSED',
      message: expect.stringMatching(/5,000 bytes.*batch.size is 9,000.*Set batch.size=5000/),
      context: { topic: 't', property: 'max.message.bytes', limitBytes: 5000, batchSize: 9000 },
    }),
  )
})
