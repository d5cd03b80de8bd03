import { expect, test } from 'vitest'
import type { Busy } from '../../src/bench/busy.ts'
import type { Grid } from '../../src/bench/cell.ts'
import { limitsOf } from '../../src/bench/limits.ts'
import type { CellReport } from '../../src/bench/report.ts'
import type { Trial } from '../../src/bench/trial.ts'
import { someReport, steady } from './reports.ts'

const idle: Busy = { machine: 0.5, loop: 0.5, connection: 0.5, inFlight: 0 }

const busy = (more: Partial<Busy>) => ({ busy: { ...idle, ...more } })
const cluster = (seconds: number) => ({
  broker: { processes: 1, cpuSeconds: { user: seconds, system: 0 }, gcMs: null },
})
/** CPU seconds in a window of 2 s. */
const cpu = (seconds: number) => ({ cpuSeconds: { user: seconds, system: 0 } })

function limits(more: Partial<Trial>, grid: Partial<Grid> = {}, change: Partial<CellReport> = {}) {
  const [cell] = someReport(grid, [steady(100, more)]).cells
  return limitsOf({ ...(cell as CellReport), ...change }, 2)
}

test.each<[string, Partial<Trial>, string, string]>([
  ['cores', cpu(3.8), 'this process alone used 1.9 of 2 cores, which leaves none for more', 'more cores'],
  [
    "others' cores",
    { ...cpu(2.4), ...busy({ machine: 0.97 }) },
    'the 2 cores of this machine were 97 % busy, 1.2 of them with this process',
    'the cluster on another machine',
  ],
  [
    "the cluster's cores",
    { ...cpu(1.6), ...busy({ machine: 0.97 }), ...cluster(2) },
    "were 97 % busy, 0.8 of them with this process, 1.0 with the cluster's",
    'More cores, or the cluster on another machine, carry more',
  ],
  [
    "neither's cores, of the cluster's too little to tell",
    { ...cpu(0.6), ...busy({ machine: 0.97 }), ...cluster(0.19) },
    "0.3 of them with this process, next to none with the cluster's",
    'Most of the rest is neither: less of whatever else runs here',
  ],
  [
    "neither's cores",
    { ...cpu(0.6), ...busy({ machine: 0.97 }), ...cluster(0.2) },
    "0.3 of them with this process, 0.1 with the cluster's",
    'less of whatever else runs here',
  ],
  ['event loop', busy({ loop: 0.98 }), 'the event loop of the busiest thread was at work 98 %', '--threads'],
  ['one connection', busy({ connection: 0.95 }), 'one connection used 95 % of a core', '--producers'],
  ['broker', busy({ inFlight: 0.8 }), '80 % of the time a connection had as many requests', 'linger.ms'],
  ['garbage', { gcMs: 500 }, 'the garbage collector took 25 % of the time', 'framed'],
  ['late timers', { eventLoopDelayMs: { p50: 1, p99: 30 } }, 'was 30 ms late', '--threads'],
])('%s', (_, more, reason, advice) => {
  const found = limits(more)
  expect(found.reasons).toHaveLength(1)
  expect(found.reasons[0]).toContain(reason)
  expect(found.advice).toContain(advice)
})

test('the ceiling', () => {
  const found = limits(
    {},
    {},
    { ofCeiling: { median: 0.93, low: 0.9, high: 1, method: 'range', coverage: null } },
  )
  expect(found.reasons).toEqual(['it reached 93 % of the native ceiling'])
})

test('none of these', () => {
  const nothing = { reasons: [], advice: null }
  expect(limits({})).toEqual({ ...nothing, unmeasured: 'cluster and network were not measured' })
  expect(limits(cluster(0.05))).toEqual({
    ...nothing,
    unmeasured: "the cluster's processes used next to none of 2 cores; its disks and locks were not measured",
  })
  expect(limits(cluster(1))).toEqual({
    ...nothing,
    unmeasured: "the cluster's processes used 0.5 of 2 cores; its disks and locks were not measured",
  })
})

test('several: what holds up the others gives the advice', () => {
  const found = limits({ ...cpu(2.4), ...busy({ machine: 0.99, loop: 0.99, inFlight: 1 }) })
  expect(found.reasons).toHaveLength(3)
  expect(found.advice).toContain('more cores')
})

test('the callback engine has no threads to give', () => {
  expect(limits(busy({ loop: 1 }), { engine: ['callback'] }).advice).not.toContain('--threads')
})

test('trials that do not know of it leave it open', () => {
  expect(limits({ busy: undefined } as never)).toMatchObject({ reasons: [], advice: null })
  expect(limits(busy({ machine: null, connection: null, inFlight: null })).reasons).toEqual([])
})
