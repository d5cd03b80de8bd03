import { expect, test } from 'vitest'
import { rulesOf } from '../../../src/load/preflight/rules.ts'
import type { SampledTopic } from '../../../src/load/preflight/sample.ts'
import { judgeTimestamps } from '../../../src/load/preflight/timestamps.ts'
import { date, span } from '../../../src/load/preflight/wording.ts'

const now = Date.parse('2026-06-01T00:00:00Z')
const DAY = 86_400_000
const WEEK_OF_RETENTION = { 'retention.ms': `${7 * DAY}` }

function sampled(...agesMs: number[]): SampledTopic {
  const timestamps = agesMs.map(age => now - age)
  const stamp = (timestamp: number) => ({ timestamp, input: 'data.ndjson' })
  return {
    records: timestamps.length,
    earliest: stamp(Math.min(...timestamps)),
    latest: stamp(Math.max(...timestamps)),
    timestamps,
  }
}

function judge(configs: Record<string, string>, ages: readonly number[], chosen = true) {
  const rules = rulesOf('t', new Map(Object.entries(configs)))
  return judgeTimestamps(rules, sampled(...ages), { chosen, now, spelling: 'flags' })
}

test.each([
  ['younger than retention', WEEK_OF_RETENTION, [6 * DAY]],
  ['just at retention', WEEK_OF_RETENTION, [7 * DAY]],
  ['kept for ever', { 'retention.ms': '-1' }, [9000 * DAY]],
  ['compacted, not deleted', { ...WEEK_OF_RETENTION, 'cleanup.policy': 'compact' }, [9000 * DAY]],
  ['a little in the future', { 'message.timestamp.after.max.ms': '3600000' }, [-3_600_000]],
  ['no rule at all', {}, [9000 * DAY, -9000 * DAY]],
])('taken: %s', (_name, configs, ages) => {
  expect(judge(configs, ages).refusal).toBeUndefined()
})

test.each([
  ['retention.ms', WEEK_OF_RETENTION, [1, 7 * DAY + 1, 8 * DAY], '2 of 3 sampled records'],
  ['retention.ms', { ...WEEK_OF_RETENTION, 'cleanup.policy': 'compact,delete' }, [8 * DAY], '1 of 1 sampled'],
  [
    'message.timestamp.before.max.ms',
    { 'message.timestamp.before.max.ms': '60000' },
    [60_001],
    '(message.timestamp.before.max.ms=60000, 1 min)',
  ],
  [
    'message.timestamp.after.max.ms',
    { 'message.timestamp.after.max.ms': '60000' },
    [-60_001, 0],
    '1 of 2 sampled',
  ],
  [
    'message.timestamp.difference.max.ms',
    { 'message.timestamp.difference.max.ms': '60000' },
    [-60_001],
    'future',
  ],
  // Kafka refuses it before it could be deleted
  [
    'message.timestamp.before.max.ms',
    { ...WEEK_OF_RETENTION, 'message.timestamp.before.max.ms': '60000' },
    [8 * DAY],
    'refuses each batch',
  ],
])('refused: %s', (property, configs, ages, text) => {
  const { refusal } = judge(configs, ages)
  expect(refusal).toMatchObject({
    name: 'MillraceError',
    code: 'PREFLIGHT_REFUSED',
    context: { topic: 't', property },
  })
  expect(refusal?.message).toContain(text)
  expect(refusal?.message).toContain('data.ndjson')
  expect(refusal?.hint).toContain('--allow-expired')
})

test('the figures of a refusal', () => {
  const { refusal } = judge(WEEK_OF_RETENTION, [8 * DAY])
  expect(refusal?.message).toMatch(/retention\.ms=604800000, 7 d\).*2026-05-24T00:00:00\.000Z/)
})

test('LogAppendTime: refused where timestamps were asked for, told where they just stand there', () => {
  const configs = { ...WEEK_OF_RETENTION, 'message.timestamp.type': 'LogAppendTime' }
  expect(judge(configs, [900 * DAY]).refusal).toMatchObject({ code: 'PREFLIGHT_REFUSED' })
  const { refusal, notes } = judge(configs, [900 * DAY], false)
  expect(refusal).toBeUndefined()
  expect(notes).toEqual([expect.stringMatching(/LogAppendTime/)])
})

test.each([
  [499 * DAY, 0],
  [500 * DAY, 1],
])('timestamps over %i ms with a segment a day: %i notes', (covered, notes) => {
  const found = judge({ 'segment.ms': `${DAY}`, 'retention.ms': '-1' }, [0, covered]).notes
  expect(found).toHaveLength(notes)
  if (notes > 0) expect(found[0]).toMatch(/500 d.*every 1 d.*500 segments a partition/)
})

test('spans and dates in words', () => {
  expect([0, 20, 999, 1000, 90_000, 36 * 3_600_000, 7 * DAY].map(span)).toEqual([
    '0 ms',
    '20 ms',
    '999 ms',
    '1 s',
    '1.5 min',
    '1.5 d',
    '7 d',
  ])
  expect([date(0), date(9e15)]).toEqual(['1970-01-01T00:00:00.000Z', '9000000000000000 ms'])
})
