import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ReceiptLine, ResumeMode } from '../../../src/load/receipt/format.ts'
import { ReceiptState, type Remaining } from '../../../src/load/receipt/remaining.ts'
import { useFiles } from '../../cli/harness.ts'
import { MOST_OF_A_PIECE, remainingOf, runPlans, Simulation, worlds } from './simulation.ts'
import { chunk, header } from './support.ts'

const file = useFiles()

function left(lines: readonly ReceiptLine[], mode: ResumeMode = 'ordered', head = header()): Remaining {
  const state = new ReceiptState('receipt', head)
  for (const line of lines) state.add(line as never)
  return state.remaining(mode)
}

const spans = ({ stretches }: Remaining) => stretches.map(({ input, from, to }) => [input, from, to])

const packed = header({
  inputs: [{ path: 'a.gz', size: 50, mtimeMs: 0, sample: '', compression: 'gzip' }],
})

test('nothing is done: all is left, for all', () => {
  expect(left([]).stretches).toEqual([{ input: 0, from: 0, to: 1000, divisible: true, prefix: undefined }])
})

test('an empty file is looked at once, for all of it may be a record', () => {
  const none = header({ inputs: [{ path: 'a', size: 0, mtimeMs: 0, sample: '', compression: null }] })
  expect(spans(left([], 'ordered', none))).toEqual([[0, 0, null]])
  const done = chunk({ ranges: [[0, 0, 0]], ends: [0] })
  expect(left([done], 'ordered', none).stretches).toEqual([])
})

test('what follows a chunk without a line is sent again, in its domain only; gaps sends just what is missing', () => {
  const lines = [
    chunk({ chunk: 1, ranges: [[0, 0, 100]] }),
    chunk({ chunk: 5, after: 3, ranges: [[0, 200, 300]] }),
    chunk({ chunk: 7, after: 5, ranges: [[0, 300, 400]] }),
    chunk({ chunk: 9, domain: 1, ranges: [[0, 700, 800]] }),
  ]
  const ordered = left(lines)
  expect(spans(ordered)).toEqual([
    [0, 100, 700],
    [0, 800, 1000],
  ])
  expect(ordered).toMatchObject({ read: 20, skipped: 2, rejected: 4, delivered: 14, again: 14 })
  const gaps = left(lines, 'gaps')
  expect(spans(gaps)).toEqual([
    [0, 100, 200],
    [0, 400, 700],
    [0, 800, 1000],
  ])
  expect(gaps).toMatchObject({ read: 40, again: 0 })
})

test('lines may stand in another order than chunks follow one another', () => {
  const lines = [
    chunk({ chunk: 3, after: 1, ranges: [[0, 100, 1000]] }),
    chunk({ chunk: 1, ranges: [[0, 0, 100]] }),
  ]
  expect(left(lines).stretches).toEqual([])
})

test('what one resume sends again is void for the next one, whatever its mode', () => {
  const resumed = (mode: ResumeMode) => ({ resumed: { at: '', mode, millrace: '', openRecords: 1 } })
  const lines = [
    chunk({ chunk: 1, ranges: [[0, 0, 100]] }),
    chunk({ chunk: 5, after: 3, ranges: [[0, 200, 300]] }),
  ]
  expect(spans(left([...lines, resumed('ordered')], 'gaps'))).toEqual([[0, 100, 1000]])
  expect(spans(left([...lines, resumed('gaps')], 'ordered'))).toEqual([
    [0, 100, 200],
    [0, 300, 1000],
  ])
})

test('a packed input is done only where its end was seen', () => {
  const done = chunk({ ranges: [[0, 0, 900]] })
  expect(spans(left([done], 'ordered', packed))).toEqual([[0, 900, null]])
  expect(left([{ ...done, ends: [0] }], 'ordered', packed).stretches).toEqual([])
  expect(left([chunk({ ranges: [[0, 0, 0]], ends: [0], read: 0 })], 'ordered', packed).stretches).toEqual([])
})

test('parts that were begun stay whole; what nobody had begun may be cut anew', () => {
  const lines: ReceiptLine[] = [
    { part: [0, 0, 300] },
    { part: [0, 300, 600] },
    chunk({ chunk: 1, domain: 0, ranges: [[0, 0, 100]] }),
  ]
  expect(left(lines).stretches.map(({ from, to, divisible }) => [from, to, divisible])).toEqual([
    [100, 300, false],
    [300, 600, false],
    [600, 1000, true],
  ])
  const whole = left([chunk({ ranges: [[0, 0, 100]] })]).stretches
  expect(whole).toMatchObject([{ from: 100, to: 1000, divisible: false }])
})

test('what cannot be read from a position has the hash of what was sent of it', () => {
  const stream = header({
    inputs: [{ path: '-', size: null, mtimeMs: null, sample: '', compression: null }],
  })
  const lines = [
    chunk({ chunk: 1, ranges: [[0, 0, 100]], prefixes: [[0, 'a'.repeat(16)]] }),
    chunk({ chunk: 3, after: 1, ranges: [[0, 100, 250]], prefixes: [[0, 'b'.repeat(16)]] }),
  ]
  expect(left(lines, 'ordered', stream).stretches).toEqual([
    { input: 0, from: 250, to: null, divisible: false, prefix: 'b'.repeat(16) },
  ])
})

test.each([
  ['two chunks of one number', [chunk(), chunk()], /two of its chunks/],
  ['an input that is not there', [chunk({ ranges: [[1, 0, 5]] })], /tells of input 1/],
  ['bytes beyond the end', [chunk({ ranges: [[0, 0, 1001]] })], /byte 1001/],
  ['a part beyond the end', [{ part: [0, 0, 1001] } as ReceiptLine], /byte 1001/],
])('%s: no receipt of ours', (_name, lines, message) => {
  expect(() => left(lines)).toThrow(expect.objectContaining({ code: 'RECEIPT_UNREADABLE' }))
  expect(() => left(lines)).toThrow(message)
})

/** What is not left has ended; and the counts are those of what is not left. */
function checkNothingSkipped(load: Simulation, remaining: Remaining): void {
  const open = new Set(remaining.stretches.flatMap(({ input, from, to }) => load.records(input, from, to)))
  const all = load.world.inputs.flatMap((_, input) => load.records(input, 0, null))
  const done = all.filter(record => !open.has(record))
  expect(done.filter(record => !load.ended.has(record))).toEqual([])
  expect(remaining.read).toBe(done.length)
  expect(remaining.delivered + remaining.skipped + remaining.rejected).toBe(done.length)
}

const settings = {
  numRuns: Number(process.env.MILLRACE_PROPERTY_RUNS ?? 40),
  interruptAfterTimeLimit: 60_000,
}
const TIMEOUT_MS = 120_000

test('whatever happens to runs of a load, no record is skipped', { timeout: TIMEOUT_MS }, async () => {
  const plans = fc.array(runPlans(60), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(worlds, plans, async (world, runs) => {
      const load = new Simulation(world)
      for (const run of runs) checkNothingSkipped(load, await load.run(run))
      for (const mode of ['ordered', 'gaps'] as const) checkNothingSkipped(load, load.state().remaining(mode))
    }),
    settings,
  )
})

test('a receipt cut at any byte skips nothing, and what was sent is bounded', {
  timeout: TIMEOUT_MS,
}, async () => {
  const plans = fc.tuple(runPlans(80, fc.constant(false)), runPlans(40, fc.constant(false)))
  await fc.assert(
    fc.asyncProperty(worlds, plans, fc.nat(), async (world, runs, cut) => {
      const load = new Simulation(world)
      for (const run of runs) {
        await load.run(run)
        expect(load.sentInVain()).toBeLessThanOrEqual(Math.max(world.openRecords, MOST_OF_A_PIECE))
      }
      const { text } = load
      const cuts = [...Array(12).keys()].map(n => (cut + n * 7919) % (text.length + 1))
      for (const at of cuts) {
        for (const mode of ['ordered', 'gaps'] as const) {
          const remaining = await remainingOf(file('cut', text.subarray(0, at)), mode)
          if (remaining !== undefined) checkNothingSkipped(load, remaining)
        }
      }
    }),
    settings,
  )
})

test('in what one thread reads, the order of the input holds across resumes', {
  timeout: TIMEOUT_MS,
}, async () => {
  const plans = fc.array(runPlans(60), { minLength: 2, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(worlds, plans, fc.boolean(), async (world, runs, threaded) => {
      const load = new Simulation(world)
      for (const run of runs)
        await load.run({ ...run, mode: 'ordered', threads: threaded ? run.threads + 1 : 0 })
      const inOrder = threaded
        ? unitsOf(load)
        : [world.inputs.flatMap((_, input) => load.records(input, 0, null))]
      const { stretches } = load.state().remaining('ordered')
      const open = new Set(stretches.flatMap(({ input, from, to }) => load.records(input, from, to)))
      for (const unit of inOrder) {
        const times = unit
          .filter(record => !open.has(record))
          .map(record => load.offered.get(record) as number)
        expect(times).toEqual([...times].sort((a, b) => a - b))
      }
    }),
    settings,
  )
})

/** The records of each part, and of each input that was not cut. */
function unitsOf(load: Simulation): string[][] {
  const parts = load.log.flatMap(line => ('part' in line ? [line.part] : []))
  return load.world.inputs.flatMap((_, input) => {
    const own = parts.filter(part => part[0] === input)
    return own.length === 0
      ? [load.records(input, 0, null)]
      : own.map(([, from, to]) => load.records(input, from, to))
  })
}
