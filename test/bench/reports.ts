import { type Cell, cellsOf, defaultGrid, type Grid } from '../../src/bench/cell.ts'
import { type BenchReport, reportCell } from '../../src/bench/report.ts'
import type { Trial } from '../../src/bench/trial.ts'
import { type TuneReport, tuneReport } from '../../src/bench/tune/tune-report.ts'

export const someEnvironment: BenchReport['environment'] = {
  date: '2026-11-22T00:00:00.000Z',
  millrace: '0.1.0',
  commit: null,
  node: '20.20.2',
  nodeRdkafka: '3.6.1',
  librdkafka: '2.12.0',
  os: 'Linux 6.1.0 x64',
  cpu: { model: 'a CPU', count: 2 },
  memoryBytes: 1e9,
  loadAverage: 0,
  label: null,
  embedded: true,
  brokers: null,
  topic: null,
  length: { seconds: 2 },
  warmupSeconds: 0.5,
  repeat: 7,
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

/** A valid trial; `more` changes what was measured. */
export function validTrial(messagesPerSecond: number, more: Partial<Trial> = {}): Trial {
  return {
    order: 1,
    state: 'valid',
    why: null,
    offered: 3 * messagesPerSecond,
    delivered: 3 * messagesPerSecond,
    failed: 0,
    possiblyPersisted: 0,
    endOffsetsMoved: 3 * messagesPerSecond,
    transactionMarkers: 0,
    beyondDelivered: 0,
    transactions: null,
    metrics: null,
    seconds: 2,
    messagesPerSecond,
    megabytesPerSecond: messagesPerSecond / 1e4,
    threads: 1,
    processes: 1,
    busy: { machine: 0.5, loop: 0.5, connection: 0.5, inFlight: 0 },
    achievedRate: null,
    latencyMs: null,
    histogram: null,
    distinctRequests: null,
    floorMs: null,
    floorHistogram: null,
    lingerMs: null,
    backlogGrowth: null,
    latencyOverTime: null,
    threadDelayMs: null,
    batchMessages: 2500,
    requestsPerSecond: 40,
    cpuSeconds: { user: 1.5, system: 0.5 },
    gcMs: 10,
    eventLoopDelayMs: { p50: 0.1, p99: 2.5 },
    peakRssBytes: 120e6,
    ...more,
  } as Trial
}

/** Seven trials around a rate, 1 % apart at most. */
export function steady(rate: number, more: Partial<Trial> = {}): Trial[] {
  return [1, 1.004, 0.996, 1.005, 0.995, 1.002, 0.998].map(factor => validTrial(rate * factor, more))
}

/** A cell for each point of the grid, with the trials of its place. */
export function someReport(
  grid: Partial<Grid>,
  trials: readonly (readonly Trial[])[],
  environment: Partial<BenchReport['environment']> = {},
): BenchReport {
  let order = 0
  const cells = cellsOf({ ...defaultGrid, ...grid }).map((cell: Cell, index) =>
    reportCell(
      cell,
      null,
      (trials[index] ?? []).map(trial => ({ ...trial, order: ++order })),
    ),
  )
  return {
    schema: 'millrace.bench/1',
    environment: { ...someEnvironment, ...environment },
    cells,
    missingTrials: 0,
    error: null,
    exitCode: 0,
  }
}

/** A tuning whose winner was borne out, with a verdict in these words. */
export function someTuning(text: string): TuneReport {
  const start = { producers: 1, 'linger.ms': 5 }
  const verdict = { kind: 'faster', text, pairs: 7, ratio: null, p: 0.01, kept: null } as const
  const common = { configuration: start, rate: 'max', state: 'valid', why: null, p99Ms: null } as const
  const tried = [{ value: 25, trials: 4, gain: 1.25, rate: null }]
  return tuneReport(
    {
      goal: { kind: 'throughput' },
      searched: [],
      start,
      winner: { ...start, 'linger.ms': 25 },
      mostTrials: { search: 9, fresh: 14 },
      search: {
        done: true,
        steps: [{ name: 'linger.ms', from: 5, to: 25, tried }],
        trials: [{ ...common, order: 1, messagesPerSecond: 1e5 }],
        rates: null,
      },
      confirmation: { rate: null, verdict, settings: [{ name: 'linger.ms', from: 5, to: 25, verdict }] },
    },
    someEnvironment,
  )
}
