import { createRequire } from 'node:module'
import type NodeRdkafka from 'node-rdkafka'
import { expect, test } from 'vitest'
import { runBench } from '../../src/bench/bench.ts'
import { cellsOf, defaultGrid, withCeilings } from '../../src/bench/cell.ts'
import type { Plan } from '../../src/bench/plan.ts'
import { runTune } from '../../src/bench/tune/run-tune.ts'
import { describeOnKafka } from '../integration/brokers/suite.ts'

const plan: Plan = {
  cells: cellsOf(defaultGrid),
  repeat: 1,
  seed: 1,
  warmupSeconds: 0.2,
  length: { seconds: 0.5 },
  allowFailures: false,
  properties: {},
  memoryBytes: 1e9,
}

const { Producer } = createRequire(import.meta.url)('node-rdkafka') as typeof NodeRdkafka

/** Topics of bench that a cluster has; a client that asks for all topics makes none. */
async function benchTopics(bootstrapServers: string): Promise<string[]> {
  const producer = new Producer({ 'bootstrap.servers': bootstrapServers })
  const topics = await new Promise<string[]>((resolve, reject) => {
    producer.connect({ allTopics: true, timeout: 10_000 }, (error, metadata) => {
      if (error) reject(error)
      else resolve(metadata.topics.map(({ name }) => name))
    })
  })
  await new Promise<void>(resolve => producer.disconnect(() => resolve()))
  return topics.filter(name => name.startsWith('millrace-bench'))
}

await describeOnKafka('bench', { real: true }, kafka => {
  test('trials are valid, with every kind of acknowledgement, on topics that are gone then', async () => {
    const cells = withCeilings(cellsOf({ ...defaultGrid, acks: ['all', '1', '0'], partitions: [2] }))
    const warnings: string[] = []
    const { report, error } = await runBench(
      { ...plan, cells, brokers: kafka().bootstrapServers },
      { report() {}, progress() {}, trial() {}, warning: text => warnings.push(text) },
      new AbortController().signal,
    )

    expect(error).toBeUndefined()
    expect(report.cells.map(({ partitions }) => partitions)).toEqual(Array(6).fill(2))
    expect(report.cells.flatMap(({ trials }) => trials.map(({ why }) => why))).toEqual(Array(6).fill(null))
    expect(warnings.filter(text => !text.startsWith('idempotence is off'))).toEqual([])
    await expect.poll(() => benchTopics(kafka().bootstrapServers)).toEqual([])
  })

  test('transactions are accounted for with their markers', async () => {
    const cells = cellsOf({ ...defaultGrid, api: ['send', 'framed'], outstanding: [2000], producers: [2] })
    const transactions = { id: 'bench-markers', seconds: 0.2 }
    const { report, error } = await runBench(
      { ...plan, cells, transactions, length: { seconds: 1 }, brokers: kafka().bootstrapServers },
      { report() {}, progress() {}, trial() {}, warning() {} },
      new AbortController().signal,
    )
    expect(error).toBeUndefined()
    const trials = report.cells.flatMap(cell => cell.trials)
    expect(trials.map(({ why }) => why)).toEqual(trials.map(() => null))
    for (const { transactions, transactionMarkers, beyondDelivered } of trials) {
      expect(transactions?.committed).toBeGreaterThan(2)
      expect(transactionMarkers).toBeGreaterThanOrEqual(transactions?.committed ?? Number.NaN)
      expect(beyondDelivered).toBe(0)
    }
  })

  test('processes have one account, and see what a broker on this machine costs', async () => {
    const rates = ['max', 5000] as const
    const cells = withCeilings(cellsOf({ ...defaultGrid, processes: [2], rate: rates }))
    const { report, error } = await runBench(
      { ...plan, cells, brokers: kafka().bootstrapServers },
      { report() {}, progress() {}, trial() {}, warning() {} },
      new AbortController().signal,
    )
    expect(error).toBeUndefined()
    const trials = report.cells.flatMap(cell => cell.trials)
    expect(trials.map(({ state }) => state).filter(state => state === 'void')).toEqual([])
    for (const { processes, beyondDelivered, broker } of trials) {
      expect({ processes, beyondDelivered }).toEqual({ processes: 2, beyondDelivered: 0 })
      // in a container it is out of sight
      if (kafka().rung !== 'maven' || process.platform !== 'linux') continue
      const { cpuSeconds, gcMs, processes: brokers } = broker ?? {}
      expect(brokers).toBe(1)
      expect((cpuSeconds?.user ?? 0) + (cpuSeconds?.system ?? 0)).toBeGreaterThan(0)
      expect(gcMs).toBeGreaterThanOrEqual(0)
    }
    await expect.poll(() => benchTopics(kafka().bootstrapServers)).toEqual([])
  })

  test('a tuning tries every value, on topics that are gone then', async () => {
    const dimensions = [{ name: 'linger.ms', values: [5, 50] }]
    const lines: string[] = []
    const { report, error } = await runTune(
      { ...plan, repeat: 2, length: { seconds: 0.3 }, brokers: kafka().bootstrapServers },
      { goal: { kind: 'throughput' }, dimensions, margin: 5 },
      { report() {}, progress() {}, warning() {}, line: text => lines.push(text) },
      new AbortController().signal,
    )
    expect(error).toBeUndefined()
    const { search, start } = report.tune ?? {}
    expect(start).toEqual({ 'linger.ms': 5 })
    expect(search?.done).toBe(true)
    expect(search?.trials.map(({ why }) => why)).toEqual(search?.trials.map(() => null))
    expect(new Set(search?.trials.map(({ configuration }) => configuration['linger.ms']))).toEqual(
      new Set([5, 50]),
    )
    expect(report).toMatchObject({ missingTrials: 0, exitCode: 0 })
    await expect.poll(() => benchTopics(kafka().bootstrapServers)).toEqual([])
  })

  test('an interruption in a trial leaves no topic behind', async () => {
    const { bootstrapServers } = kafka()
    const interruption = new AbortController()
    const running = runBench(
      { ...plan, length: { seconds: 600 }, brokers: bootstrapServers },
      { report() {}, progress() {}, trial() {}, warning() {} },
      interruption.signal,
    )
    await expect.poll(() => benchTopics(bootstrapServers), { timeout: 10_000 }).toHaveLength(1)
    interruption.abort()
    const { error, report } = await running

    expect(error).toMatchObject({ name: 'MillraceError', code: 'ABORTED' })
    expect(report.missingTrials).toBe(1)
    await expect.poll(() => benchTopics(bootstrapServers)).toEqual([])
  })
})
