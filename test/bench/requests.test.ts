import { describe, expect, test } from 'vitest'
import { Requests, statisticsIntervalMs, together } from '../../src/bench/requests.ts'
import { Producer } from '../../src/index.ts'
import { nanoseconds } from '../../src/latency/index.ts'
import { EmbeddedCluster } from '../../src/testing/index.ts'

const now = () => nanoseconds(performance.now()) / 1e6

function statistics(atMs: number, produce: readonly number[], txmsgs: number, txretries = 0) {
  const brokers = produce.map((Produce, at) => [`broker/${at}`, { req: { Produce, Metadata: 9 }, txretries }])
  return { ts: atMs * 1000, txmsgs, brokers: Object.fromEntries([...brokers, ['bootstrap', {}]]) }
}

describe('Requests', () => {
  test('counts between the first statistics and the last within a window, over all brokers', () => {
    const requests = new Requests(100)
    const start = now() - 10_000
    requests.note(statistics(start, [5, 5], 1000))
    requests.note(statistics(start + 1000, [10, 10], 2000, 1))
    requests.note(statistics(start + 3000, [20, 50], 8000, 3))
    requests.note(statistics(start + 5000, [90, 90], 9000, 3))
    const sent = requests.within(start + 500, start + 4000)
    expect(sent).toMatchObject({ requests: 50, distinct: 46, messages: 6000 })
    expect(sent?.seconds).toBeCloseTo(2, 6)
  })

  test('knows nothing of a window with less than two', () => {
    const requests = new Requests(100)
    const start = now() - 10_000
    expect(requests.within(start, start + 1)).toBeNull()
    requests.note(statistics(start, [5], 10))
    expect(requests.within(start - 1, start + 1)).toBeNull()
  })

  test('takes the time of day where that is what librdkafka has', () => {
    const requests = new Requests(100)
    requests.note(statistics(Date.now() - 2000, [5], 10))
    requests.note(statistics(Date.now() - 1000, [7], 30))
    expect(requests.within(now() - 3000, now())).toMatchObject({ requests: 2, messages: 20 })
  })

  test('waits for statistics that are still to come, but not for ever', async () => {
    const requests = new Requests(50)
    const known = requests.knownUntil(now())
    setTimeout(() => requests.note(statistics(now(), [1], 1)), 20)
    await known
    await new Requests(1).knownUntil(now())
    await new Requests(0).knownUntil(Number.POSITIVE_INFINITY)
  })

  test('counts what a producer really sends', async () => {
    await using cluster = await EmbeddedCluster.start()
    const producer = await Producer.connect({
      'bootstrap.servers': cluster.bootstrapServers,
      'statistics.interval.ms': 20,
      'linger.ms': 0,
    })
    const requests = new Requests(20)
    producer.on('statistics', told => requests.note(told))
    const from = now()
    await requests.knownUntil(from)
    // one at a time: a request each
    for (let n = 0; n < 50; n++) await producer.send({ topic: 'counted', value: 'x' })
    const to = now()
    await requests.knownUntil(to)
    const sent = requests.within(from, now())
    await producer.close()
    expect(sent).toMatchObject({ requests: 50, distinct: 50, messages: 50 })
  })
})

test.each([
  [4, 100],
  [100, 1000],
  [null, 500],
])('statistics of a topic with %s partitions come every %s ms', (partitions, interval) => {
  expect(statisticsIntervalMs(partitions)).toBe(interval)
})

describe('together', () => {
  const sent = { requests: 10, distinct: 9, messages: 100, seconds: 2 }
  test.each([
    [[sent], sent],
    [[sent, { ...sent, seconds: 4 }], { requests: 20, distinct: 18, messages: 200, seconds: 3 }],
    [[sent, null], null],
    [[], null],
  ])('%j', (all, expected) => expect(together(all)).toEqual(expected))
})
