import { describe, expect, test } from 'vitest'
import { brokerCores } from '../../../src/bench/broker-cost.ts'
import { shareOf } from '../../../src/bench/processes/company.ts'
import { merge } from '../../../src/bench/processes/merge.ts'
import type { Figures, Remark, TrialResult } from '../../../src/bench/trial.ts'
import { decode, encode, Histogram } from '../../../src/latency/index.ts'
import { validTrial } from '../reports.ts'

function latencies(...milliseconds: number[]): string {
  const histogram = new Histogram()
  for (const value of milliseconds) histogram.record(value * 1e6)
  return encode(histogram)
}

/** 100 messages a second for two seconds, from `from` on. */
function part(
  more: Partial<Figures> = {},
  from = 5000,
  remark?: Remark,
  overTime: readonly string[] | null = null,
): TrialResult {
  const { order, state, why, ...figures } = validTrial(100, more)
  return {
    figures: figures as Figures,
    faults: [],
    remark,
    partitions: 4,
    warnings: [],
    part: { acknowledged: 300, firstFailure: undefined, from, to: from + 2000, latencies: overTime },
  }
}

describe('merge', () => {
  test('counts, rates, times and memory add up; delays are those of the worst', () => {
    const delays = { p50: 1, p99: 40 }
    const { figures, acknowledged } = merge([
      part({ requestsPerSecond: 10, batchMessages: 10 }),
      part({ eventLoopDelayMs: delays, gcMs: 5, requestsPerSecond: 30, batchMessages: 20 }),
    ])
    expect(acknowledged).toBe(600)
    expect(figures).toMatchObject({
      processes: 2,
      offered: 600,
      delivered: 600,
      seconds: 2,
      messagesPerSecond: 200,
      cpuSeconds: { user: 3, system: 1 },
      gcMs: 15,
      eventLoopDelayMs: delays,
      threadDelayMs: null,
      peakRssBytes: 240e6,
      requestsPerSecond: 40,
      batchMessages: 17.5,
      latencyMs: null,
      histogram: null,
    })
  })

  test('the window is that of all: a rate is not told too high where they lay apart', () => {
    const { figures, remark } = merge([part({}, 5000), part({}, 5030)])
    expect(figures.seconds).toBeCloseTo(2.03, 10)
    expect(figures.messagesPerSecond).toBeCloseTo(400 / 2.03, 10)
    expect(remark).toBeUndefined()
    expect(merge([part({}, 5000), part({}, 5150)]).remark).toEqual({
      state: 'disturbed',
      why: "the processes' windows began 150 ms apart",
    })
  })

  test('what the cluster cost is what the first one saw, if its window was that of all', () => {
    const broker = { processes: 3, cpuSeconds: { user: 2, system: 1 }, gcMs: 40 }
    expect(merge([part({ broker }), part({ broker: null })]).figures.broker).toEqual(broker)
    const longer = merge([part({ broker }, 5000), part({}, 5080)]).figures
    expect(longer.seconds).toBeCloseTo(2.08, 10)
    expect(longer.broker).toEqual({ processes: 3, cpuSeconds: { user: 2.08, system: 1.04 }, gcMs: 41.6 })
    expect(brokerCores(longer)).toBeCloseTo(1.5, 10)
    const noGc = { ...broker, gcMs: null }
    expect(merge([part({ broker: noGc }), part({}, 5050)]).figures.broker?.gcMs).toBeNull()
    expect(merge([part({ broker }, 5000), part({}, 5200)]).figures.broker).toBeNull()
    // older results do not tell
    expect(merge([part(), part()]).figures.broker).toBeNull()
  })

  test('latencies are of all messages, and of all requests', () => {
    const floorHistogram = latencies(0.5)
    const timed = { histogram: latencies(...Array(20).fill(1)), distinctRequests: 15, floorHistogram }
    const slow = { ...timed, histogram: latencies(...Array(20).fill(9)) }
    const { figures } = merge([part(timed), part(slow)])
    expect(decode(figures.histogram as string).count).toBe(40)
    expect(figures.distinctRequests).toBe(30)
    expect(figures.latencyMs?.p50).toBeCloseTo(1, 1)
    expect(figures.latencyMs?.max).toBeCloseTo(9, 1)
    expect(decode(figures.floorHistogram as string).count).toBe(2)
  })

  test('latency over time is of all messages of each part of it, however long each process took', () => {
    const timed = { histogram: latencies(1), distinctRequests: 15 }
    const point = (second: number, seconds: number) => ({
      second,
      seconds,
      count: 1,
      p50: 1,
      p99: null,
      max: 1,
    })
    const short = { ...timed, latencyOverTime: [point(0, 1), point(1, 0.2)] }
    const lengthy = { ...timed, latencyOverTime: [point(0, 1), point(1, 1), point(2, 0.4)] }
    const { figures } = merge([
      part(short, 5000, undefined, [latencies(...Array(70).fill(1)), latencies(2)]),
      part(lengthy, 5000, undefined, [latencies(...Array(30).fill(9)), latencies(), latencies(40)]),
    ])
    expect(figures.latencyOverTime?.map(({ second, seconds, count }) => [second, seconds, count])).toEqual([
      [0, 1, 100],
      [1, 1, 1],
      [2, 0.4, 1],
    ])
    expect(figures.latencyOverTime?.[0]?.p50).toBeCloseTo(1, 1)
    expect(figures.latencyOverTime?.[0]?.p99).toBeCloseTo(9, 1)
    expect(figures.latencyOverTime?.[2]?.max).toBeCloseTo(40, 0)
    expect(merge([part(short, 5000, undefined, []), part(timed)]).figures.latencyOverTime).toBeNull()
  })

  test('statistics are of the producers of all processes; there are no transactions', () => {
    const metrics = (...names: string[]) => ({ metrics: names.map(name => ({ name })) })
    const { figures } = merge([part(metrics('a', 'b')), part(metrics('c', 'd'))])
    expect(figures.metrics?.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd'])
    expect(figures).toMatchObject({ transactions: null, transactionMarkers: 0 })
    expect(merge([part(), part()]).figures.metrics).toBeNull()
  })

  test('what one process could not keep up with was not kept up with', () => {
    const timed = { histogram: latencies(1), distinctRequests: 15 }
    const saturated = { state: 'saturated' as const, why: 'the backlog grew' }
    const { figures, remark } = merge([part(timed), part({}, 5000, saturated)])
    expect(remark).toEqual({ state: 'saturated', why: 'process 2 of 2: the backlog grew' })
    expect(figures).toMatchObject({ latencyMs: null, histogram: null, distinctRequests: null })
    expect(figures.latencyOverTime).toBeNull()
  })
})

test.each([
  [1001, 3],
  [7, 2],
  [2, 3],
  [1e9, 7],
])('%i messages fall to %i processes, each as many as another or one more', (messages, of) => {
  const shares = Array.from({ length: of }, (_, index) => shareOf(messages, index, of))
  expect(shares.reduce((sum, share) => sum + share, 0)).toBe(messages)
  expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1)
})
