import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Api, type Cell, ceilingOf, cellsOf, defaultGrid, type Grid } from '../../src/bench/cell.ts'
import { runTrial } from '../../src/bench/run-trial.ts'
import type { Progress, TrialSpec } from '../../src/bench/trial.ts'
import { decode } from '../../src/latency/index.ts'
import { EmbeddedCluster } from '../../src/testing/index.ts'

let cluster: EmbeddedCluster
let folder: string
beforeAll(async () => {
  cluster = await EmbeddedCluster.start()
  folder = mkdtempSync(join(tmpdir(), 'millrace-perf-'))
})
afterAll(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true })
})

function specOf(topic: string, grid: Partial<Grid>, more: Partial<TrialSpec> = {}): TrialSpec {
  return {
    cell: cellsOf({ ...defaultGrid, ...grid })[0] as Cell,
    topic,
    properties: { 'bootstrap.servers': cluster.bootstrapServers },
    warmupSeconds: 0.1,
    length: { seconds: 0.3 },
    seed: 1,
    allowFailures: false,
    ...more,
  }
}

async function values(topic: string): Promise<string[]> {
  return (await cluster.readAll(topic)).map(({ value }) => String(value))
}

const transactions = { id: 'bench', seconds: 0.1, marked: false }

describe('a trial with transactions', () => {
  test.each<[Api, Partial<Grid>, Partial<TrialSpec>]>([
    ['send', {}, {}],
    ['batch', { producers: [2], loops: [2] }, {}],
    ['framed', { batch: [300] }, { length: { messages: 1001 } }],
    ['send', { engine: ['callback'] }, { length: { messages: 201 } }],
  ])('of %s %j commits what it counts', async (api, grid, more) => {
    const topic = `transactions-${api}-${Object.keys(grid).join('-')}`
    const spec = specOf(topic, { ...grid, api: [api], outstanding: [1000] }, { transactions, ...more })
    const { figures, faults, took } = await runTrial(spec)

    expect(faults).toEqual([])
    expect(took).toContain('transactional-id')
    expect(figures.transactions).toMatchObject({ aborted: 0, messagesAborted: 0 })
    expect(figures.transactions?.committed).toBeGreaterThan(1)
    expect(figures.transactions?.commitMs?.max).toBeGreaterThan(0)
    expect(figures).toMatchObject({ offered: figures.delivered, beyondDelivered: 0, transactionMarkers: 0 })
    const inWindow = figures.messagesPerSecond * figures.seconds
    if ('length' in more && 'messages' in spec.length) expect(inWindow).toBeCloseTo(spec.length.messages, 6)
    // the window ends with a commit
    else expect(figures.seconds).toBeGreaterThan(0.3)
  })

  test('and a rate times exactly what was due', async () => {
    const grid = { api: ['send' as const], rate: [500] }
    const { figures, faults } = await runTrial(specOf('transactions-rate', grid, { transactions }))
    expect(faults).toEqual([])
    expect(decode(figures.histogram as string).count).toBe(150)
    expect(figures.transactions?.committed).toBeGreaterThan(2)
  })

  test('is void when its messages are aborted, and ends soon', async () => {
    const properties = { 'bootstrap.servers': cluster.bootstrapServers, 'message.max.bytes': 1000 }
    const grid = { messageSize: [2000], api: ['send' as const] }
    const spec = specOf('transactions-refused', grid, { properties, transactions, length: { seconds: 60 } })
    const { figures, faults } = await runTrial(spec)
    expect(figures).toMatchObject({ delivered: 0, failed: figures.offered })
    expect(figures.transactions).toMatchObject({ committed: 0, messagesAborted: figures.failed })
    expect(faults[0]).toMatch(/^\d+ of \d+ messages were not delivered \(.*MSG_SIZE_TOO_LARGE/)
  })
})

describe('payloads of a trial', () => {
  test.each<[Api, number]>([
    ['send', 1],
    ['batch', 1],
    ['framed', 2],
  ])('of %s and %d producers are numbers, each once', async (api, producers) => {
    const topic = `monotonic-${api}`
    const grid = { api: [api], batch: [7], producers: [producers], outstanding: [50] }
    const length = { messages: 400 }
    const { figures, faults } = await runTrial(
      specOf(topic, grid, { payloadMonotonic: true, length, warmupSeconds: 0 }),
    )
    expect(faults).toEqual([])
    const numbers = (await values(topic)).map(Number).sort((a, b) => a - b)
    expect(numbers).toHaveLength(figures.delivered)
    expect(new Set(numbers).size).toBe(numbers.length)
    if (producers === 1) expect(numbers).toEqual(numbers.map((_, index) => index))
  })

  test('end with the delimiter of the file', async () => {
    const payloadFile = join(folder, 'payloads')
    writeFileSync(payloadFile, 'one\nline;;two;;')
    const spec = specOf('delimited', {}, { payloadFile, payloadDelimiter: ';;', length: { messages: 10 } })
    const { faults } = await runTrial(spec)
    expect(faults).toEqual([])
    expect([...new Set(await values('delimited'))].sort()).toEqual(['one\nline', 'two'])
  })
})

describe('a trial tells', () => {
  test('how it goes on, and begins after so many messages', async () => {
    const told: Progress[] = []
    const more = { reportingSeconds: 0.1, warmupMessages: 5000, warmupSeconds: 0, length: { seconds: 0.5 } }
    const { figures, faults } = await runTrial(specOf('reported', {}, more), {
      onProgress: progress => told.push(progress),
    })
    expect(faults).toEqual([])
    expect(told.length).toBeGreaterThan(1)
    const inWindow = figures.messagesPerSecond * figures.seconds
    expect(figures.delivered - inWindow).toBeGreaterThanOrEqual(5000)
    const messages = told.reduce((sum, progress) => sum + progress.messages, 0)
    expect(messages).toBeGreaterThan(0)
    expect(messages).toBeLessThanOrEqual(figures.delivered)
    const [first] = told.filter(({ latencyMs }) => latencyMs !== null)
    expect(first?.latencyMs?.mean).toBeLessThanOrEqual(first?.latencyMs?.max ?? Number.NaN)
    expect(first?.megabytes).toBeCloseTo((first?.messages ?? 0) / 1e4, 9)
    // the queue's depth is no latency of the cluster
    expect(figures.latencyMs).toBeNull()
  })

  test.each(['engine', 'ceiling'])("librdkafka's last statistics, of an %s", async kind => {
    const spec = specOf(`metrics-${kind}`, { producers: [2] }, { metrics: true })
    const cell = kind === 'ceiling' ? ceilingOf(spec.cell) : spec.cell
    const { figures, faults } = await runTrial({ ...spec, cell })
    expect(faults).toEqual([])
    expect(figures.metrics).toHaveLength(2)
    for (const metrics of figures.metrics ?? []) expect(metrics.txmsgs).toBeGreaterThan(0)
  })

  test('what was acknowledged in which second', async () => {
    const grid = { api: ['send' as const], rate: [200] }
    const { figures, faults } = await runTrial(specOf('over-time', grid, { length: { seconds: 2.5 } }))
    expect(faults).toEqual([])
    const points = figures.latencyOverTime ?? []
    expect(points.slice(0, 3).map(({ second }) => second)).toEqual([0, 1, 2])
    expect(points.reduce((sum, { count }) => sum + count, 0)).toBe(500)
    expect(Math.max(...points.map(({ max }) => max ?? 0))).toBe(figures.latencyMs?.max)
  })
})

test('a trial that loses messages is void', async () => {
  const topic = 'lossy'
  const grid = { acks: ['0' as const], outstanding: [10], batch: [10] }
  // without acknowledgements nobody is told of what the broker does not take
  await cluster.pushErrors('Produce', ['NOT_ENOUGH_REPLICAS', 'NOT_ENOUGH_REPLICAS'])
  const { figures, faults } = await runTrial(specOf(topic, grid))
  expect(figures.beyondDelivered).toBeLessThan(0)
  expect(faults).toEqual([
    `${figures.delivered} were delivered, but the end offsets moved by ${figures.endOffsetsMoved}: ${-(figures.beyondDelivered ?? 0)} are missing`,
  ])
})
