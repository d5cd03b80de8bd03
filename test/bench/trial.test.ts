import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Api, type Cell, ceilingOf, cellsOf, defaultGrid, type Grid } from '../../src/bench/cell.ts'
import { startChild } from '../../src/bench/child.ts'
import { forkCluster, forkTrial } from '../../src/bench/children.ts'
import type { TrialResult, TrialSpec } from '../../src/bench/trial.ts'
import { Producer } from '../../src/index.ts'
import { decode } from '../../src/latency/index.ts'
import { EmbeddedCluster } from '../../src/testing/index.ts'

let cluster: EmbeddedCluster
let witness: Producer
beforeAll(async () => {
  cluster = await EmbeddedCluster.start()
  witness = await Producer.connect({ 'bootstrap.servers': cluster.bootstrapServers })
})
afterAll(async () => {
  await witness.close()
  await cluster.stop()
})

async function endOffsets(topic: string): Promise<number> {
  const description = await witness.describeTopic(topic)
  return description?.partitions.reduce((sum, { high }) => sum + high, 0) ?? Number.NaN
}

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

const never = new AbortController().signal

async function resultOf(spec: TrialSpec): Promise<TrialResult> {
  const outcome = await forkTrial(spec, never)
  if ('died' in outcome) throw new Error(outcome.died)
  return outcome.result
}

describe('a trial', () => {
  test.each<[Api, Partial<Grid>]>([
    ['send', {}],
    ['batch', { loops: [3] }],
    ['framed', { producers: [2], messageSize: [1000], compression: ['lz4'] }],
    ['batch', { acks: ['0'], batch: [10], outstanding: [10] }],
  ])('of %s %j counts what is in the log', async (api, grid) => {
    const topic = `window-${api}-${Object.keys(grid).join('-')}`
    const { figures, faults, partitions } = await resultOf(specOf(topic, { ...grid, api: [api] }))

    expect(faults).toEqual([])
    expect(partitions).toBe(4)
    expect(figures.delivered).toBe(await endOffsets(topic))
    expect(figures.offered).toBe(figures.delivered)
    expect(figures.failed).toBe(0)
    expect(figures.seconds).toBeGreaterThan(0.29)
    const inWindow = figures.messagesPerSecond * figures.seconds
    expect(inWindow).toBeGreaterThan(0)
    expect(inWindow).toBeLessThan(figures.delivered)
    expect(figures.cpuSeconds.user).toBeGreaterThan(0)
    expect(figures.eventLoopDelayMs.p99).toBeGreaterThanOrEqual(figures.eventLoopDelayMs.p50)
    expect(figures.peakRssBytes).toBeGreaterThan(20e6)
    expect(figures.latencyMs).toBeNull()
  })

  test.runIf(process.platform === 'linux').each<[string, Partial<Grid>]>([
    ['one process', {}],
    ['several processes', { processes: [2] }],
  ])('with %s tells what the cluster on this machine cost', async (name, grid) => {
    const spec = specOf(`cost-${name.replace(' ', '-')}`, grid, { length: { seconds: 0.5 } })
    const { figures, faults } = await resultOf(spec)
    expect(faults).toEqual([])
    // that of this very process
    expect(figures.broker).toMatchObject({ processes: 1, gcMs: null })
    const { user = 0, system = 0 } = figures.broker?.cpuSeconds ?? {}
    expect(user + system).toBeGreaterThan(0)
  })

  test.each<[Api, Partial<Grid>]>([
    ['send', {}],
    ['batch', { batch: [300], loops: [2] }],
    ['framed', { batch: [300], producers: [2] }],
  ])('of %s %j has exactly the messages asked for in its window', async (api, grid) => {
    const topic = `messages-${api}`
    const spec = specOf(topic, { ...grid, api: [api] }, { length: { messages: 1000 } })
    const { figures, faults } = await resultOf(spec)

    expect(faults).toEqual([])
    expect(figures.messagesPerSecond * figures.seconds).toBeCloseTo(1000, 6)
    expect(figures.delivered).toBe(await endOffsets(topic))
    expect(figures.delivered).toBeGreaterThan(1000)
  })

  test.each<[string, Partial<Grid>, Partial<TrialSpec>]>([
    ['window', {}, {}],
    ['messages', {}, { length: { messages: 5000 } }],
    [
      'producers',
      { producers: [2], messageSize: [1000], compression: ['lz4'] },
      { length: { messages: 5001 } },
    ],
    ['acks', { acks: ['0'], outstanding: [10] }, {}],
  ])('of a ceiling (%s) counts what is in the log', async (name, grid, more) => {
    const topic = `ceiling-${name}`
    const spec = specOf(topic, grid, more)
    const { figures, faults } = await resultOf({ ...spec, cell: ceilingOf(spec.cell) })

    expect(faults).toEqual([])
    expect(figures.delivered).toBe(await endOffsets(topic))
    expect(figures.offered).toBe(figures.delivered)
    const inWindow = figures.messagesPerSecond * figures.seconds
    expect(inWindow).toBeGreaterThan(0)
    if ('messages' in spec.length) {
      // over in a millisecond, which is less than what the kernel need tell of processor time
      expect(inWindow).toBeCloseTo(spec.length.messages, 6)
      return
    }
    expect(inWindow).toBeLessThan(figures.delivered)
    expect(figures.cpuSeconds.user).toBeGreaterThan(0)
  })

  test.each<[Api, Partial<Grid>, Partial<TrialSpec>]>([
    ['send', { threads: [2] }, {}],
    ['batch', { threads: [3], producers: [2], loops: [2] }, {}],
    ['framed', { threads: [2], batch: [300] }, { length: { messages: 1001 } }],
  ])('of %s with threads %j accounts for all of them', async (api, grid, more) => {
    const topic = `threads-${api}`
    const { figures, faults } = await resultOf(specOf(topic, { ...grid, api: [api] }, more))

    expect(faults).toEqual([])
    expect(figures.threads).toBe(grid.threads?.[0])
    expect(figures.delivered).toBe(await endOffsets(topic))
    expect(figures.offered).toBe(figures.delivered)
    const inWindow = figures.messagesPerSecond * figures.seconds
    if ('length' in more) expect(inWindow).toBeCloseTo(1001, 6)
    else expect(inWindow).toBeLessThan(figures.delivered)
    expect(figures.threadDelayMs?.p99).toBeGreaterThanOrEqual(figures.threadDelayMs?.p50 ?? Number.NaN)
  })

  test('with threads is void when messages are refused, and ends soon', async () => {
    const properties = { 'bootstrap.servers': cluster.bootstrapServers, 'message.max.bytes': 1000 }
    const grid = { messageSize: [2000], threads: [2] }
    const { faults, figures } = await resultOf(
      specOf('threads-refused', grid, { properties, length: { seconds: 60 } }),
    )
    expect(figures).toMatchObject({ delivered: 0, failed: figures.offered })
    expect(faults[0]).toMatch(/^\d+ of \d+ messages were not delivered \(.*MSG_SIZE_TOO_LARGE/)
  })

  test.each<[Api, Partial<Grid>, Partial<TrialSpec>]>([
    ['batch', { processes: [2] }, {}],
    ['framed', { processes: [2], threads: [2], batch: [300] }, {}],
    ['send', { processes: [3] }, { length: { messages: 1001 } }],
  ])('of %s in processes %j has one account, and one window', async (api, grid, more) => {
    const topic = `processes-${api}`
    const { figures, faults, part } = await resultOf(specOf(topic, { ...grid, api: [api] }, more))

    expect(faults).toEqual([])
    expect(part).toBeUndefined()
    expect(figures).toMatchObject({ processes: grid.processes?.[0], threads: grid.threads?.[0] ?? 1 })
    expect(figures.delivered).toBe(await endOffsets(topic))
    expect(figures.offered).toBe(figures.delivered)
    const inWindow = figures.messagesPerSecond * figures.seconds
    if ('length' in more) expect(inWindow).toBeCloseTo(1001, 6)
    else {
      expect(inWindow).toBeLessThan(figures.delivered)
      expect(figures.seconds).toBeGreaterThan(0.29)
    }
    // each has a Node.js of its own
    expect(figures.peakRssBytes).toBeGreaterThan((grid.processes?.[0] ?? 0) * 40e6)
  })

  test('in processes and threads has each number once, and statistics of all producers', async () => {
    const several = { processes: [2], producers: [2], threads: [2] }
    const grid = { api: ['framed' as const], ...several, batch: [7], outstanding: [50] }
    const asked = { payloadMonotonic: true, metrics: true, warmupMessages: 300, warmupSeconds: 0 }
    const more = { ...asked, length: { messages: 400 } }
    const { figures, faults, took } = await resultOf(specOf('processes-numbers', grid, more))
    expect(faults).toEqual([])
    expect(took).toEqual(['payload-monotonic', 'warmup-messages', 'print-metrics'])
    expect(figures.metrics).toHaveLength(4)
    expect(figures).toMatchObject({
      endOffsetsMoved: figures.delivered,
      beyondDelivered: 0,
      transactions: null,
    })
    expect(figures.delivered).toBeGreaterThanOrEqual(700)
    const numbers = (await cluster.readAll('processes-numbers')).map(({ value }) => Number(value))
    expect(numbers).toHaveLength(figures.delivered)
    expect(new Set(numbers).size).toBe(numbers.length)
  })

  test('of a ceiling in processes', async () => {
    const spec = specOf('processes-ceiling', { processes: [2] })
    const { figures, faults } = await resultOf({ ...spec, cell: ceilingOf(spec.cell) })
    expect(faults).toEqual([])
    expect(figures.delivered).toBe(await endOffsets('processes-ceiling'))
  })

  test('in processes is void when messages are refused, and all of them end soon', async () => {
    const properties = { 'bootstrap.servers': cluster.bootstrapServers, 'message.max.bytes': 1000 }
    const grid = { messageSize: [2000], processes: [2] }
    const { faults, figures } = await resultOf(
      specOf('processes-refused', grid, { properties, length: { seconds: 60 } }),
    )
    expect(figures).toMatchObject({ delivered: 0, failed: figures.offered })
    expect(faults[0]).toMatch(/^\d+ of \d+ messages were not delivered \(.*MSG_SIZE_TOO_LARGE/)
  })

  test('tells how near to its end each thing was', async () => {
    const { figures } = await resultOf(specOf('busy', {}, { length: { seconds: 0.5 } }))
    const { machine, loop, connection, inFlight } = figures.busy
    for (const share of [machine, loop, connection, inFlight]) {
      expect(share).toBeGreaterThanOrEqual(0)
      expect(share).toBeLessThanOrEqual(1)
    }
    expect(loop).toBeGreaterThan(0)
  })

  test('tells how many messages librdkafka put into each request', async () => {
    const { figures } = await resultOf(
      specOf('requests', { outstanding: [100], batch: [1] }, { length: { seconds: 1 } }),
    )
    expect(figures.requestsPerSecond).toBeGreaterThan(0)
    expect(figures.batchMessages).toBeGreaterThanOrEqual(1)
    // no more than were on their way
    expect(figures.batchMessages).toBeLessThanOrEqual(100)
  })

  test('of a ceiling is void when messages are refused, and ends soon', async () => {
    const properties = { 'bootstrap.servers': cluster.bootstrapServers, 'message.max.bytes': 1000 }
    const spec = specOf('ceiling-refused', { messageSize: [2000] }, { properties, length: { seconds: 60 } })
    const { faults, figures } = await resultOf({ ...spec, cell: ceilingOf(spec.cell) })

    expect(figures.delivered).toBe(0)
    expect(figures.failed).toBe(figures.offered)
    expect(faults[0]).toMatch(/^\d+ of \d+ messages were not delivered \(MSG_SIZE_TOO_LARGE/)
  })

  test('is void when somebody else writes to its topic', async () => {
    const running = resultOf(specOf('shared', {}))
    // its messages come after it looked at the end offsets
    while (!((await endOffsets('shared')) > 0)) await new Promise(resolve => setImmediate(resolve))
    await witness.sendBatch(Array.from({ length: 5 }, () => ({ topic: 'shared', value: 'a stranger' })))
    const { faults, figures } = await running

    expect(faults).toEqual([
      `${figures.delivered} were delivered, but the end offsets moved by ${figures.delivered + 5}: 5 too many, duplicates or somebody else's`,
    ])
  })

  test('is void when messages are refused, and ends soon', async () => {
    const properties = { 'bootstrap.servers': cluster.bootstrapServers, 'message.max.bytes': 1000 }
    const spec = specOf('refused', { messageSize: [2000] }, { properties, length: { seconds: 60 } })
    const { faults, figures } = await resultOf(spec)

    expect(figures.delivered).toBe(0)
    expect(figures.failed).toBe(figures.offered)
    expect(faults[0]).toMatch(/^\d+ of \d+ messages were not delivered \(.*MSG_SIZE_TOO_LARGE/)
  })

  test('with failures allowed goes on to its end', async () => {
    const properties = { 'bootstrap.servers': cluster.bootstrapServers, 'message.max.bytes': 1000 }
    const grid = { messageSize: [2000], api: ['send' as const] }
    const spec = specOf('allowed', grid, { properties, allowFailures: true })
    // nothing is ever acknowledged: only the end of the patience with it would end the trial
    const impatient = AbortSignal.timeout(3000)
    await expect(forkTrial(spec, impatient)).rejects.toMatchObject({ name: 'MillraceError', code: 'ABORTED' })
  })
})

/** Whatever the machine was busy with, the trial is one of these. */
const carried = [undefined, 'disturbed']

describe('a trial with a rate', () => {
  test.each<[Api, Partial<Grid>, Partial<TrialSpec>, number]>([
    ['send', {}, {}, 600],
    ['batch', { producers: [2], loops: [2] }, {}, 600],
    ['framed', { threads: [2], batch: [3] }, { length: { messages: 501 } }, 501],
    ['send', { threads: [2], engine: ['batch'] }, { length: { messages: 7 } }, 7],
    ['batch', { processes: [2] }, {}, 600],
    ['send', { processes: [2], threads: [2] }, { length: { messages: 501 } }, 501],
  ])('of %s %j %j sends what is due, and times exactly that', async (api, grid, more, due) => {
    const topic = `rate-${api}-${Object.keys(grid).join('-')}`
    const spec = specOf(topic, { ...grid, api: [api], rate: [1000] }, { length: { seconds: 0.6 }, ...more })
    const { figures, faults, remark } = await resultOf(spec)

    expect(faults).toEqual([])
    expect(carried).toContain(remark?.state)
    expect(figures.delivered).toBe(await endOffsets(topic))
    const latencies = decode(figures.histogram as string)
    expect(latencies.count).toBe(due)
    expect(figures.latencyMs?.max).toBe((latencies.max as number) / 1e6)
    const points = figures.latencyOverTime ?? []
    expect(points.reduce((sum, { count }) => sum + count, 0)).toBe(due)
    expect(Math.max(...points.map(({ max }) => max ?? 0))).toBe(figures.latencyMs?.max)
    expect(figures.lingerMs).toBe(5)
    // nothing is due faster than that, and what was late is made up for
    expect(figures.achievedRate).toBeGreaterThan(0)
    expect(decode(figures.floorHistogram as string).count).toBeLessThanOrEqual(due)
    expect(figures.floorMs?.max).toBeGreaterThanOrEqual(figures.floorMs?.p99 ?? Number.NaN)
  })

  test('of the callback engine, and with the linger that was given', async () => {
    const properties = { 'bootstrap.servers': cluster.bootstrapServers, 'queue.buffering.max.ms': 30 }
    const grid = { engine: ['callback' as const], api: ['send' as const], rate: [500] }
    const { figures, faults } = await resultOf(specOf('rate-callback', grid, { properties }))
    expect(faults).toEqual([])
    expect(figures.lingerMs).toBe(30)
    expect(decode(figures.histogram as string).count).toBe(150)
    expect(figures.latencyMs?.max).toBeGreaterThan(20)
  })

  test('tells a stall to all that was due meanwhile', async () => {
    const topic = 'stalled'
    // so few that most of what is due waits for room, and is called late
    const grid = { api: ['send' as const], rate: [500], outstanding: [50] }
    const running = resultOf(specOf(topic, grid, { length: { seconds: 5 } }))
    // the warm-up has 50 messages, more where the machine is slow
    while (!((await endOffsets(topic)) > 300)) await new Promise(resolve => setTimeout(resolve, 20))
    await cluster.setBrokerRtt('all', 2000)
    await new Promise(resolve => setTimeout(resolve, 2000))
    await cluster.setBrokerRtt('all', 0)
    const { figures, faults, remark } = await running

    expect(faults).toEqual([])
    expect(carried).toContain(remark?.state)
    const latencies = decode(figures.histogram as string)
    expect(latencies.count).toBe(2500)
    const slow = [...latencies.buckets()].filter(({ nanoseconds }) => nanoseconds > 5e8)
    // due evenly over a stall of 2 s, three quarters of which waited longer than 0.5 s
    expect(slow.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(500)
    expect(figures.latencyMs?.max).toBeGreaterThan(1500)
  }, 30_000)

  test('that nothing could carry is saturated, and has no latency', async () => {
    const { figures, faults, remark } = await resultOf(
      specOf('saturated', { rate: [1e9], outstanding: [1000] }),
    )
    expect(faults).toEqual([])
    expect(remark?.state).toBe('saturated')
    expect(remark?.why).toMatch(/^the backlog grew by \d+ messages, \d+ % of those due/)
    expect(figures).toMatchObject({ latencyMs: null, histogram: null })
    expect(figures.backlogGrowth).toBeGreaterThan(1e8)
    expect(figures.delivered).toBe(await endOffsets('saturated'))
  })
})

describe('a trial that cannot begin', () => {
  test('without a broker', async () => {
    const properties = { 'bootstrap.servers': '127.0.0.1:1' }
    await expect(forkTrial(specOf('any', {}, { properties }), never)).rejects.toMatchObject({
      name: 'MillraceError',
      code: 'BROKER_UNREACHABLE',
    })
  })

  test('without its payloads', async () => {
    await expect(forkTrial(specOf('any', {}, { payloadFile: '/missing' }), never)).rejects.toMatchObject({
      name: 'MillraceError',
      code: 'INPUT_UNREADABLE',
    })
  })

  test('after it was aborted', async () => {
    await expect(forkTrial(specOf('any', {}), AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' })
  })
})

describe("another installation's trial", () => {
  test.each<[string, Partial<Grid>, string]>([
    ['threads', { threads: [2] }, '{}'],
    ['rate', { rate: [100] }, '{ achievedRate: null }'],
    ['rate', { rate: ['max'] }, '{ achievedRate: 100 }'],
    ['threads', { threads: [1] }, '{ threads: 2 }'],
    ['processes', { processes: [2] }, '{}'],
  ])('that took no notice of --%s (%j, %s) is no result', async (option, grid, figures) => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-other-'))
    const entry = join(folder, 'trial-process.mjs')
    const result = `{ figures: { messagesPerSecond: 1, ...${figures} }, faults: [], warnings: [], partitions: 4 }`
    writeFileSync(
      entry,
      `process.once('message', () => process.send({ result: ${result} }, () => process.exit(0)))`,
    )
    const outcome = await forkTrial(specOf('any', grid), never, entry)
    rmSync(folder, { recursive: true })
    expect(outcome).toEqual({ died: `the other installation does not know --${option}` })
  })
})

describe('processes', () => {
  test('one that is killed says how it ended', async () => {
    const child = startChild('trial-process')
    child.process.kill('SIGKILL')
    expect(await child.ended).toBe('was ended by SIGKILL')
  })

  test.each(['trial-process', 'cluster-process'] as const)('a %s ends with its parent', async entry => {
    const child = startChild(entry)
    child.process.disconnect()
    expect(await child.ended).toMatch(/^ended with exit code/)
  })

  test('a cluster has the topics asked for', async () => {
    const own = await forkCluster({ wide: 7 })
    const producer = await Producer.connect({ 'bootstrap.servers': own.bootstrapServers })
    expect((await producer.describeTopic('wide'))?.partitions).toHaveLength(7)
    await producer.close()
    await own.stop()
  })

  test('a cluster serves until it is stopped', async () => {
    const own = await forkCluster()
    const producer = await Producer.connect({ 'bootstrap.servers': own.bootstrapServers })
    expect(await producer.send({ topic: 'here', value: 'x' })).toMatchObject({ topic: 'here', offset: 0 })
    await producer.close()
    await own.stop()
    await expect(
      Producer.connect({ 'bootstrap.servers': own.bootstrapServers }, { timeoutMs: 500 }),
    ).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' })
  })
})
