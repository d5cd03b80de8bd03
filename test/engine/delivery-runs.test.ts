import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DeliveryRuns, visitRuns } from '../../src/engine/delivery-runs.ts'

interface Place {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** As `delivery` tells them: -1 for a message that was not delivered, or an offset that was not told. */
const places = fc.array(
  fc.record({
    topic: fc.constantFrom('a', 'b'),
    partition: fc.integer({ min: -1, max: 2 }),
    offset: fc.integer({ min: -1, max: 4 }),
  }),
  { maxLength: 60 },
)

function runsOf(list: readonly Place[], oneTopic: boolean) {
  const runs: { topic: string; partition: number; offset: number | null; index: number; count: number }[] = []
  visitRuns(
    {
      partitions: Int32Array.from(list, ({ partition }) => partition),
      offsets: Float64Array.from(list, ({ offset }) => offset),
      topicOf: index => (list[index] as Place).topic,
      oneTopic,
    },
    (topic, partition, offset, index, count) => runs.push({ topic, partition, offset, index, count }),
  )
  return runs
}

test('runs tell of each delivery once, in order, what it alone would', () => {
  fc.assert(
    fc.property(places, fc.boolean(), (given, oneTopic) => {
      const list = oneTopic ? given.map(place => ({ ...place, topic: 'a' })) : given
      const told = runsOf(list, oneTopic).flatMap(({ topic, partition, offset, index, count }) =>
        Array.from({ length: count }, (_, n) => ({
          index: index + n,
          topic,
          partition,
          offset: offset === null ? -1 : offset + n,
        })),
      )
      const delivered = list
        .map((place, index) => ({ index, ...place }))
        .filter(({ partition }) => partition >= 0)
      expect(told).toEqual(delivered)
    }),
  )
})

test.each([
  ['offsets that follow each other', [0, 0, 0], [5, 6, 7], 1],
  ['offsets that were not told', [0, 0, 0], [-1, -1, -1], 1],
  ['one that was not told between others', [0, 0, 0], [5, -1, 6], 3],
  ['another partition between', [0, 1, 0], [5, 6, 6], 3],
  ['one that was not delivered between', [0, -1, 0], [5, 6, 6], 2],
  ['nothing', [], [], 0],
])('%s', (_, partitions, offsets, runs) => {
  const list = partitions.map((partition, n) => ({ topic: 'a', partition, offset: offsets[n] as number }))
  expect(runsOf(list, true)).toHaveLength(runs)
})

test('a message is found in the rows of runs that it is told of by', () => {
  fc.assert(
    fc.property(places, given => {
      const list = given.map(place => ({ ...place, topic: 'a' }))
      const rows = runsOf(list, true).flatMap(({ index, count, partition, offset }) => [
        index,
        count,
        partition,
        offset ?? -1,
      ])
      const runs = new DeliveryRuns(Float64Array.from(rows))
      const visited: unknown[] = []
      runs.visit('a', (topic, partition, offset, index, count) =>
        visited.push({ topic, partition, offset, index, count }),
      )
      expect(visited).toEqual(runsOf(list, true))
      for (const [index, { partition, offset }] of list.entries()) {
        const expected = partition < 0 ? null : { partition, offset: offset < 0 ? null : offset }
        expect(runs.at(index)).toEqual(expected)
      }
      expect(runs.at(list.length)).toBeNull()
    }),
  )
})
