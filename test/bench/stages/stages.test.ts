import { describe, expect, test } from 'vitest'
import { type Api, type Cell, cellsOf, defaultGrid, type Grid } from '../../../src/bench/cell.ts'
import { runTrial } from '../../../src/bench/run-trial.ts'
import { type InnerStage, stagesOf } from '../../../src/bench/stages/stage.ts'
import { reportStages } from '../../../src/bench/stages/stages-report.ts'
import { stageRemarks } from '../../../src/bench/stages/stages-table.ts'
import { renderReport } from '../../../src/bench/table.ts'
import type { Trial, TrialSpec } from '../../../src/bench/trial.ts'
import { loadBinding } from '../../../src/engine/binding.ts'
import { chooseEngine } from '../../../src/engine/connect.ts'
import { Producer } from '../../../src/index.ts'
import { EmbeddedCluster } from '../../../src/testing/index.ts'
import { someReport, steady, validTrial } from '../reports.ts'

function cellOf(grid: Partial<Grid>): Cell {
  return cellsOf({ ...defaultGrid, ...grid })[0] as Cell
}

function specOf(stage: InnerStage, grid: Partial<Grid>, more: Partial<TrialSpec> = {}): TrialSpec {
  return {
    cell: cellOf(grid),
    topic: 'nowhere',
    properties: {},
    warmupSeconds: 0.05,
    length: { seconds: 0.2 },
    seed: 1,
    allowFailures: false,
    stage,
    ...more,
  }
}

const ways: [Api, Partial<Grid>][] = [
  ['send', { outstanding: [500] }],
  ['batch', { producers: [2], loops: [2] }],
  ['framed', { batch: [300], messageSize: [1000], compression: ['lz4'] }],
  ['framed', { batch: [1], outstanding: [1] }],
]

describe.each<InnerStage>(['javascript', 'addon'])('a trial of the layer %s', stage => {
  test.each(ways)('of %s %j accounts for what came to its end', async (api, grid) => {
    const { figures, faults, remark } = await runTrial(specOf(stage, { ...grid, api: [api] }))
    expect(faults).toEqual([])
    expect(remark).toBeUndefined()
    // what took the messages has counted them, too
    expect(figures.endOffsetsMoved).toBe(figures.delivered)
    expect(figures.offered).toBe(figures.delivered)
    expect(figures.messagesPerSecond).toBeGreaterThan(0)
    expect(figures.requestsPerSecond).toBeNull()
  })

  test('has exactly the messages asked for in its window', async () => {
    const { figures, faults } = await runTrial(specOf(stage, {}, { length: { messages: 2001 } }))
    expect(faults).toEqual([])
    expect(figures.messagesPerSecond * figures.seconds).toBeCloseTo(2001, 6)
  })
})

test('the addon still admits and refuses', async () => {
  const properties = { 'queue.buffering.max.kbytes': 1 }
  const spec = specOf(
    'addon',
    { api: ['framed'], messageSize: [2000], outstanding: [10], batch: [10] },
    { properties },
  )
  const { figures, faults } = await runTrial(spec)
  expect(figures.delivered).toBe(0)
  expect(faults[0]).toMatch(/were not delivered \(.*beyond the 1024 bytes that may be in flight/)
})

test('a sink takes no channel that has a client, and leaves the clients of the process alone', async () => {
  await using cluster = await EmbeddedCluster.start()
  chooseEngine('batch', () => {})
  const { binding } = loadBinding()
  const channel = binding.open(10, 10_000, false, () => {})
  const sink = binding.sinkOpen(channel)
  expect(sink).toBeGreaterThan(0)
  expect(binding.sinkOpen(channel)).toBe(0)
  // what is no channel, or no sink (any more)
  expect(binding.sinkOpen(12_345)).toBe(0)
  expect(binding.sinkTaken(12_345)).toBe(0)
  const producer = await Producer.connect({ 'bootstrap.servers': cluster.bootstrapServers })
  const messages = Array.from({ length: 100 }, (_, n) => ({ topic: 'real', value: `${n}` }))
  expect(await producer.sendBatch(messages)).toMatchObject({ delivered: 100 })
  expect(await producer.send({ topic: 'real', value: 'x', headers: { h: 'v' } })).toMatchObject({
    topic: 'real',
  })
  await producer.close()
  expect(binding.sinkTaken(sink)).toBe(0)
  binding.sinkClose(sink)
  binding.sinkClose(sink)
  binding.release(channel)
  expect(await cluster.readAll('real')).toHaveLength(101)
})

describe('stagesOf', () => {
  test.each<[Partial<Grid>, boolean, number]>([
    [{}, true, 3],
    [{}, false, 4],
    [{ engine: ['callback'] }, true, 0],
    [{ threads: [2] }, true, 0],
    [{ processes: [2] }, true, 0],
    [{ rate: [100] }, true, 0],
  ])('of %j (embedded: %s) there are %i', (grid, embedded, count) => {
    expect(stagesOf(cellOf(grid), embedded)).toHaveLength(count)
  })
})

const VOID: Trial = { order: 2, state: 'void', why: 'it broke' }

function stagesReport(javascript: readonly Trial[], addon: readonly Trial[], own: readonly Trial[]) {
  const cells = [cellOf({})]
  return reportStages(
    { cells, embedded: true, seed: 1 },
    (_, stage) => (stage === 'javascript' ? javascript : addon),
    () => own,
  )
}

describe('reportStages', () => {
  test('tells what each layer adds, with an interval over the rounds', () => {
    const [found] = stagesReport(steady(1e7), steady(5e6), steady(1e6))
    const [javascript, addon, embedded] = found?.stages ?? []
    expect(javascript).toMatchObject({ stage: 'javascript', added: null, addedCpu: null })
    expect(javascript?.nanoseconds?.median).toBeCloseTo(100, 0)
    expect(addon?.added).toMatchObject({ coverage: 0.95, pairs: 7 })
    expect(addon?.added?.nanoseconds).toBeCloseTo(100, 0)
    expect(addon?.added?.low).toBeLessThan(100)
    expect(addon?.added?.high).toBeGreaterThan(100)
    expect(embedded?.added?.nanoseconds).toBeCloseTo(800, -1)
    // 2 s of processor time over 2 s at these rates
    expect(addon?.addedCpu?.nanoseconds).toBeCloseTo(100, 0)
    expect(embedded?.trials).toBeNull()
  })

  test('takes pairs of valid trials only', () => {
    const two = [validTrial(1e6), validTrial(2e6)]
    const [found] = stagesReport(two, [VOID, validTrial(1e6)], [VOID, VOID])
    const [, addon, embedded] = found?.stages ?? []
    expect(addon?.added).toEqual({ nanoseconds: 500, low: 500, high: 500, coverage: null, pairs: 1 })
    expect(embedded).toMatchObject({ nanoseconds: null, added: null })
  })
})

test('the table has the layers beneath, and what became of their trials', () => {
  const report = {
    ...someReport({}, [steady(1e6)]),
    stages: stagesReport(steady(1e7), [VOID, ...steady(5e6).slice(1)], steady(1e6)),
  }
  const text = renderReport(report, 'table')
  expect(text).toMatch(/\nLayers of batch, each with those above; .*\(6 pairs\)\n/)
  expect(text).toMatch(/\ninto the addon, dropped +200 +199 +201 +\+100 /)
  expect(stageRemarks(report)).toEqual(['void: batch, into the addon, dropped, trial 2: it broke'])
  expect(text).toContain('void: batch, into the addon, dropped, trial 2: it broke')
  expect(renderReport(report, 'markdown')).toContain('| into the addon, dropped | 200 |')
})
