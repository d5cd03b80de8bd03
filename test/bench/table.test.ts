import { describe, expect, test } from 'vitest'
import { type Cell, ceilingOf, cellsOf, defaultGrid, type Grid, withCeilings } from '../../src/bench/cell.ts'
import { finding } from '../../src/bench/finding.ts'
import { type BenchReport, reportCell } from '../../src/bench/report.ts'
import { renderReport } from '../../src/bench/table.ts'
import type { Trial } from '../../src/bench/trial.ts'
import { encode, Histogram, latencyMs } from '../../src/latency/index.ts'
import { validTrial } from './reports.ts'

const environment: BenchReport['environment'] = {
  date: '2026-11-22T00:00:00.000Z',
  millrace: '0.1.0',
  commit: null,
  node: '20.20.2',
  nodeRdkafka: '3.6.1',
  librdkafka: '2.12.0',
  os: 'Linux',
  cpu: { model: 'a CPU', count: 2 },
  memoryBytes: 1e9,
  loadAverage: 0,
  label: null,
  embedded: true,
  brokers: null,
  topic: null,
  length: { seconds: 2 },
  warmupSeconds: 0.5,
  repeat: 2,
  seed: 1,
  payloadFile: null,
  payloadDigest: null,
  payloadDelimiter: null,
  payloadMonotonic: false,
  warmupMessages: null,
  transactions: null,
  allowFailures: false,
  properties: {},
}

const valid = (messagesPerSecond: number): Trial => validTrial(messagesPerSecond)

const faulty: Trial = { order: 2, state: 'void', why: 'the trial\'s process was ended by "SIGKILL", so' }

function report(grid: Partial<Grid>, trials: readonly (readonly Trial[] | string)[], more = {}): BenchReport {
  const cells = cellsOf({ ...defaultGrid, ...grid }).map((cell: Cell, index) => {
    const of = trials[index] ?? []
    return typeof of === 'string' ? reportCell(cell, of, []) : reportCell(cell, null, of)
  })
  return {
    schema: 'millrace.bench/1',
    environment: { ...environment, ...more },
    cells,
    missingTrials: 0,
    error: null,
    exitCode: 0,
  }
}

/** Kept up with a rate; each latency in a request of its own. */
function paced(rate: number, latenciesMs: readonly number[]): Trial {
  const latencies = new Histogram()
  for (const ms of latenciesMs) latencies.record(ms * 1e6)
  return {
    ...valid(rate),
    achievedRate: rate,
    latencyMs: latencyMs(latencies, latenciesMs.length),
    histogram: encode(latencies),
    distinctRequests: latenciesMs.length,
    floorMs: { p50: 0.5, p99: 1.25, max: 2 },
    floorHistogram: encode(new Histogram()),
    lingerMs: 5,
    backlogGrowth: -3,
  } as Trial
}

const saturated = {
  ...paced(50_000, []),
  state: 'saturated',
  why: 'the backlog grew',
  backlogGrowth: 30_000,
} as Trial

const two = report({ api: ['send', 'batch'] }, [
  [valid(100_000), valid(120_000)],
  [valid(200_000), faulty],
])

/** A ceiling, an engine of two loops, another engine. */
function withCeiling(
  ceiling: readonly Trial[],
  batch: readonly Trial[],
  callback: readonly Trial[],
): BenchReport {
  const cells = withCeilings(cellsOf({ ...defaultGrid, engine: ['batch', 'callback'] }))
  const trials = [ceiling, batch, callback]
  return {
    ...two,
    cells: cells.map((cell, index) =>
      reportCell(cell, null, trials[index] ?? [], index === 0 ? undefined : ceiling),
    ),
  }
}

describe('ofCeiling', () => {
  const { cells } = withCeiling(
    [valid(200), faulty, valid(400), valid(100)],
    [valid(100), valid(1), valid(300), faulty],
    [faulty],
  )

  test('is the share in each round where both are valid', () => {
    expect(cells[1]?.ofCeiling).toEqual({
      median: 0.625,
      low: 0.5,
      high: 0.75,
      method: 'range',
      coverage: null,
    })
  })

  test('is null without such a round, and for the ceiling itself', () => {
    expect([cells[0]?.ofCeiling, cells[2]?.ofCeiling]).toEqual([null, null])
  })
})

describe('renderReport', () => {
  test('a table with ceilings tells the shares', () => {
    const table = renderReport(
      withCeiling([valid(200), valid(200)], [valid(180), valid(190)], [valid(50), valid(40)]),
      'table',
    )
    expect(table.split('\n').slice(2, 6)).toEqual([
      'engine    api    msg/s  low  high    MB/s   CPU s/M  loop p99 ms  RSS MB  of ceiling   low  high  trials',
      'ceiling   -        200  200   200    0.02   5000.00          2.5     120           -     -     -  2 valid',
      'batch     batch    185  180   190   0.019   5409.36          2.5     120        0.93  0.90  0.95  2 valid',
      'callback  batch     45   40    50  0.0045  22500.00          2.5     120        0.23  0.20  0.25  2 valid',
    ])
  })

  test('a table has a column for what differs, and tells of void trials', () => {
    expect(
      renderReport(two, 'table'),
    ).toBe(`Embedded cluster (not Kafka); 2 trials of 2 s a row; engine batch, batch 1,000, outstanding 10,000, loops 1, threads 1, producers 1, processes 1, bytes 100, rate max, compression none, partitions 4, acks all

api      msg/s      low     high  MB/s  CPU s/M  loop p99 ms  RSS MB  trials
send   110,000  100,000  120,000  11.0     9.17          2.5     120  2 valid
batch  200,000  200,000  200,000  20.0     5.00          2.5     120  1 valid, 1 void

void: batch, trial 2: the trial's process was ended by "SIGKILL", so
`)
  })

  test('markdown', () => {
    const lines = renderReport(two, 'markdown').split('\n')
    expect(lines.slice(2, 5)).toEqual([
      '| api | msg/s | low | high | MB/s | CPU s/M | loop p99 ms | RSS MB | trials |',
      '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |',
      '| send | 110,000 | 100,000 | 120,000 | 11.0 | 9.17 | 2.5 | 120 | 2 valid |',
    ])
  })

  test('csv has every field, plain numbers, and quotes where they are needed', () => {
    const lines = renderReport(two, 'csv').split('\r\n')
    expect(lines).toHaveLength(4)
    expect(lines[0]).toBe(
      'cluster,engine,api,batch,outstanding,loops,threads,producers,processes,messageSize,rate,compression,partitions,acks,' +
        'messagesPerSecond,low,high,megabytesPerSecond,cpuSecondsPerMillion,eventLoopDelayP99Ms,peakRssBytes,' +
        'batchMessages,requestsPerSecond,achievedRate,latencyP50Ms,latencyP95Ms,latencyP99Ms,latencyP999Ms,' +
        'latencyP9999Ms,latencyMaxMs,floorP99Ms,lingerMs,backlogGrowth,ofCeiling,ofCeilingLow,ofCeilingHigh,' +
        'brokerCpuSecondsPerMillion,brokerGcMsPerSecond,state,why',
    )
    expect(lines[1]).toMatch(
      /^embedded,batch,send,,10000,1,1,1,1,100,max,none,4,all,110000,100000,120000,11,/,
    )
    expect(lines[2]).toMatch(/,"1 valid, 1 void","the trial's process was ended by ""SIGKILL"", so"$/)
  })

  test('what cannot be run is shown, with the reason', () => {
    const table = renderReport(report({ batch: [10, 20_000] }, [[valid(1)], 'too large']), 'table')
    expect(table).toMatch(/^20,000 +- +- +- +- +- +- +- +not applicable$|20,000 .*not applicable/m)
    expect(table).toContain('not applicable: batch, batch 20,000: too large')
  })
})

describe('rates', () => {
  const tenToThousand = Array.from({ length: 990 }, (_, n) => 10 + n / 1000)
  const cells = report({ rate: [1000, 90_000, 'max'] }, [
    // the p99 of both together is not that of either
    [
      paced(1000, tenToThousand),
      paced(1000, Array(10).fill(100)),
      { ...saturated, state: 'disturbed' } as Trial,
    ],
    [saturated],
    [valid(200_000)],
  ])

  test('latencies of all valid trials are merged; percentiles that nothing supports have no column', () => {
    const table = renderReport(cells, 'table').split('\n')
    expect(table[2]?.split(/ {2,}/)).toEqual(
      ['api', 'rate', 'msg/s', 'low', 'high', 'MB/s', 'CPU s/M', 'loop p99 ms', 'RSS MB', 'offered/s'].concat(
        ['p50 ms', 'p95', 'p99', 'max', 'floor p99', 'linger ms', 'backlog', 'trials'],
      ),
    )
    expect(table[3]).toMatch(
      /^batch +1,000 +1,000 .* 1,000 +10\.\d\d +10\.\d\d +10\.\d\d +\d+\.\d\d +1\.25 +5 +-3 +2 valid, 1 disturbed$/,
    )
    expect(table[4]).toMatch(/^batch +90,000 +50,000 .* - +- +- +- +1\.25 +5 +\+30,000 +1 saturated$/)
    expect(table[5]).toMatch(/^batch +max +200,000 .* - +- +- +- +- +- +- +- +1 valid$/)
    expect(table.slice(6).join('\n')).toContain('saturated: batch, rate 90,000, trial 1: the backlog grew')
    expect(cells.cells[0]?.latencyMs).toMatchObject({ p99: expect.closeTo(10.99, 1), p999: null })
    expect(cells.cells[1]?.latencyMs).toBeNull()
  })

  test('what was found tells of speed and of latency, each by itself', () => {
    const [speed, latency] = finding(cells).split('\n')
    expect(speed).toBe(
      'Batch, rate max: 200,000 messages a second against an embedded cluster, which is not Kafka.',
    )
    expect(latency).toMatch(
      /^Batch, rate 1,000: 1,000 messages a second were kept up with against .*, p50 10\.\d ms, p99 1[01](\.\d)? ms, max 99\.9 ms from when each was due\.$/,
    )
    expect(finding(report({ rate: [5] }, [[saturated]]))).toMatch(/^No rate was kept up with/)
  })
})

describe('what the cluster cost', () => {
  const broker = { processes: 1, cpuSeconds: { user: 0.5, system: 0.1 }, gcMs: 25 }
  const title = (of: BenchReport) => renderReport(of, 'table').split('\n')[2] ?? ''

  test('stands beside what the client did', () => {
    const of = report({ loops: [1, 2] }, [
      [validTrial(1e6, { broker }), validTrial(1e6, { broker })],
      [validTrial(1e6, { broker: null })],
    ])
    expect(title(of)).toContain('RSS MB  cluster CPU s/M  cluster GC ms/s  trials')
    const [one, two] = renderReport(of, 'table').split('\n').slice(3)
    expect(one).toMatch(/ 0\.30 +12\.5 +2 valid$/)
    expect(two).toMatch(/ - +- +1 valid$/)
  })

  test('without collections of garbage that are told', () => {
    const of = report({}, [[validTrial(1e6, { broker: { ...broker, gcMs: null } })]])
    expect(title(of)).toContain('RSS MB  cluster CPU s/M  trials')
  })

  test.each([null, undefined])('is not there where it is %s', none => {
    const of = report({}, [[validTrial(1e6, { broker: none })]])
    expect(title(of)).toContain('RSS MB  trials')
  })
})

test('an embedded cluster that was given is none of Kafka either', () => {
  const given = report({}, [[valid(1)]], { embedded: true, brokers: '127.0.0.1:9' })
  expect(renderReport(given, 'table')).toMatch(/^Embedded cluster 127\.0\.0\.1:9 \(not Kafka\); /)
  expect(finding(given)).toContain('against an embedded cluster, which is not Kafka')
})

describe('finding', () => {
  const named = { embedded: false, brokers: 'kafka:9092' }
  test.each([
    [
      'a clear winner',
      two,
      'Batch was fastest: 200,000 messages a second against an embedded cluster, which is not Kafka, 1.8 times send.',
    ],
    ['one cell', report({}, [[valid(123_456)]], named), 'Batch: 123,000 messages a second.'],
    [
      'no winner',
      report(
        { loops: [1, 4] },
        [
          [valid(100), valid(120)],
          [valid(110), valid(130)],
        ],
        named,
      ),
      'No difference could be told: batch, 4 loops made 120 messages a second, 1.1 times the slowest, and the intervals overlap.',
    ],
    [
      'two winners',
      report({ loops: [1, 2, 4] }, [[valid(10)], [valid(95), valid(120)], [valid(100), valid(130)]], named),
      'Batch, 4 loops was fastest, not told apart from batch, 2 loops: 115 messages a second, 11.5 times batch, 1 loop.',
    ],
    [
      'a ceiling, which does not compete',
      withCeiling([valid(200_000)], [valid(190_000)], [valid(50_000)]),
      'Batch engine was fastest: 190,000 messages a second against an embedded cluster, which is not Kafka, 3.8 times callback engine, 95 % of the ceiling.',
    ],
    [
      'a ceiling beside one cell',
      {
        ...two,
        cells: withCeiling([valid(200)], [valid(100)], []).cells.slice(0, 2),
        environment: { ...two.environment, ...named },
      },
      'Batch: 100 messages a second, 50 % of the ceiling.',
    ],
    [
      'only a ceiling',
      { ...two, cells: [reportCell(ceilingOf(two.cells[0] as Cell), null, [valid(200)])] },
      'Ceiling: 200 messages a second against an embedded cluster, which is not Kafka.',
    ],
    ['nothing', report({}, [[faulty]]), 'No trial was valid, so there is nothing to tell.'],
  ])('%s', (_, of, sentence) => {
    expect(finding(of).split('\n')[0]).toBe(sentence)
  })

  test.each([
    [{}, 'To measure your cluster: millrace bench -b host:9092'],
    [named, 'For an interval that holds the median with 95 %: millrace bench -b kafka:9092 --repeat 7'],
    [{ ...named, repeat: 7 }, 'For larger messages: millrace bench -b kafka:9092 --message-size 1000'],
  ])('the next command after %j', (more, next) => {
    expect(finding(report({}, [[valid(1)]], more)).split('\n')[1]).toBe(next)
  })
})

test('slow rates are told apart from none, and from one another', () => {
  const text = renderReport(report({ rate: [0.5, 100.25, 100.75] }, [[paced(0.5, [3])]]), 'table')
  expect(text).toMatch(/^batch +0\.5 +0\.5 +0\.5 +0\.5 +0\.00005 /m)
  expect(text).toMatch(/^batch +100\.25 /m)
  expect(text).toMatch(/^batch +100\.75 /m)
})
