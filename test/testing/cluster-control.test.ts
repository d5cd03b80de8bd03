import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ProducerClient } from '../../src/client/producer-client.ts'
import { MillraceError, Producer } from '../../src/index.ts'
import { EmbeddedCluster, raiseFatalError } from '../../src/testing/index.ts'
import { freshTopic, useProducers } from '../support/cluster.ts'
import { skipBecause } from '../support/skip-reason.ts'
import { findCoordinator, isListening } from './wire.ts'

let cluster: EmbeddedCluster
beforeAll(async () => {
  cluster = await EmbeddedCluster.start({ brokers: 3, topics: { 'from-the-start': 2 } })
})
afterAll(() => cluster.stop())
const connect = useProducers(() => cluster.bootstrapServers)
const servers = () => cluster.bootstrapServers.split(',')

async function leaders(topic: string): Promise<number[]> {
  const producer = await connect({ 'allow.auto.create.topics': false })
  const described = await producer.describeTopic(topic)
  return described?.partitions.map(({ leader }) => leader) ?? []
}

describe('topics', () => {
  test('from the start', async () => expect(await leaders('from-the-start')).toHaveLength(2))

  test('with the partitions asked for, spread over the brokers', async () => {
    const topic = freshTopic()
    await cluster.createTopic(topic, { partitions: 8, replicationFactor: 1 })
    const found = await leaders(topic)
    expect(found).toHaveLength(8)
    expect(new Set(found)).toEqual(new Set([1, 2, 3]))
  })

  test('with the replicas asked for', async () => {
    const silent = { report() {}, error() {}, log() {}, statistics() {} }
    const { client } = await ProducerClient.connect(
      { 'bootstrap.servers': cluster.bootstrapServers },
      silent,
      { reports: false, timeoutMs: 5000 },
    )
    try {
      for (const [options, replicas] of [
        [{}, 3],
        [{ replicationFactor: 2 }, 2],
      ] as const) {
        const topic = freshTopic()
        await cluster.createTopic(topic, options)
        const { topics } = await client.metadata(topic, 5000)
        const found = topics.find(({ name }) => name === topic)
        const partitions = found?.partitions as unknown as { replicas: number[] }[]
        expect(partitions.map(partition => partition.replicas.length)).toEqual(Array(4).fill(replicas))
      }
    } finally {
      await client.disconnect()
    }
  })

  test('one that is there is not made again', async () => {
    const topic = freshTopic()
    await cluster.createTopic(topic)
    await expect(cluster.createTopic(topic)).rejects.toMatchObject({
      name: 'MillraceError',
      code: 'REQUEST_FAILED',
      context: { kafkaName: 'TOPIC_ALREADY_EXISTS' },
    })
  })

  test('an error of the topic is what its messages fail with, until it is taken back', async () => {
    const topic = freshTopic()
    await cluster.setTopicError(topic, 'TOPIC_AUTHORIZATION_FAILED')
    const producer = await connect({ 'allow.auto.create.topics': false })
    await expect(producer.send({ topic, value: 'v' })).rejects.toMatchObject({
      kafkaName: 'TOPIC_AUTHORIZATION_FAILED',
    })
    await cluster.setTopicError(topic, null)
    const other = await connect({ 'allow.auto.create.topics': false })
    expect(await other.send({ topic, value: 'v' })).toMatchObject({ topic, offset: 0 })
  })
})

describe('errors', () => {
  test('of the whole cluster, in order, one a request', async () => {
    const topic = freshTopic()
    await cluster.createTopic(topic, { partitions: 1 })
    const producer = await connect({ 'enable.idempotence': false, retries: 0 })
    await cluster.pushErrors('Produce', ['MSG_SIZE_TOO_LARGE', 'INVALID_RECORD'])
    const send = () =>
      producer.send({ topic, value: 'v' }).then(
        () => null,
        error => error.kafkaName,
      )
    expect([await send(), await send(), await send()]).toEqual(['MSG_SIZE_TOO_LARGE', 'INVALID_RECORD', null])
  })

  test('are forgotten when told so', async () => {
    const topic = freshTopic()
    const producer = await connect()
    await cluster.pushErrors('Produce', Array(100).fill('INVALID_RECORD'))
    await cluster.clearErrors('Fetch')
    await expect(producer.send({ topic, value: 'v' })).rejects.toMatchObject({ kafkaName: 'INVALID_RECORD' })
    await cluster.clearErrors('Produce')
    await producer.send({ topic, value: 'v' })
    await cluster.pushErrors('Produce', Array(100).fill('INVALID_RECORD'))
    await cluster.clearErrors()
    await producer.send({ topic, value: 'v' })
  })

  test('of one broker: at its partitions only, counted, and late where told so', async () => {
    await using own = await EmbeddedCluster.start({ brokers: 2 })
    const topic = freshTopic()
    await own.createTopic(topic, { partitions: 2, replicationFactor: 1 })
    await own.setLeader(topic, 0, 1)
    await own.setLeader(topic, 1, 2)
    await using producer = await Producer.connect({ 'bootstrap.servers': own.bootstrapServers })
    expect(await own.pendingBrokerErrors(2, 'Produce')).toBe(0)
    // more than are pushed at once
    await own.pushBrokerErrors(2, 'Produce', [
      { error: 'INVALID_RECORD' },
      { rttMs: 400 },
      ...Array(18).fill({ error: 'INVALID_RECORD' }),
    ])
    expect(await own.pendingBrokerErrors(2, 'Produce')).toBe(20)
    await producer.send({ topic, partition: 0, value: 'v' })
    const late = () => producer.send({ topic, partition: 1, value: 'v' })
    await expect(late()).rejects.toMatchObject({ kafkaName: 'INVALID_RECORD' })
    const begun = performance.now()
    expect(await late()).toMatchObject({ partition: 1, offset: 0 })
    expect(performance.now() - begun).toBeGreaterThan(380)
    expect(await own.pendingBrokerErrors(2, 'Produce')).toBe(18)
    expect(await own.pendingBrokerErrors(1, 'Produce')).toBe(0)
    // librdkafka would let that broker overlook these without a word
    await expect(own.pushErrors('Produce', ['INVALID_RECORD'])).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/Broker 2 takes errors of its own only for Produce.*pushBrokerErrors/),
    })
    await own.pushErrors('Fetch', ['NOT_LEADER_FOR_PARTITION'])
  })
})

describe('brokers', () => {
  test('a round trip time holds back answers', async () => {
    const producer = await connect()
    const topic = freshTopic()
    await producer.send({ topic, value: 'v' })
    for (const broker of [1, 2, 3]) await cluster.setBrokerRtt(broker, 300)
    const begun = performance.now()
    await producer.send({ topic, value: 'v' })
    expect(performance.now() - begun).toBeGreaterThan(280)
    const sent = producer.send({ topic, value: 'v' })
    await cluster.setBrokerRtt('all', 60_000)
    await cluster.setBrokerRtt('all', 0)
    await sent
  })

  test('one down and up again, the same port', async () => {
    await cluster.setBrokerDown(2)
    const [first, second] = servers() as [string, string]
    expect([await isListening(first), await isListening(second)]).toEqual([true, false])
    // twice is no error
    await cluster.setBrokerDown(2)
    await cluster.setBrokerUp(2)
    expect(await isListening(second)).toBe(true)
  })

  test('all down and up again', async () => {
    await cluster.setBrokerDown('all')
    expect(await Promise.all(servers().map(isListening))).toEqual([false, false, false])
    await cluster.setBrokerUp('all')
    expect(await Promise.all(servers().map(isListening))).toEqual([true, true, true])
  })

  test.each(['transaction', 'group'] as const)('a coordinator of a %s moves', async type => {
    const [server] = servers() as [string]
    for (const broker of [3, 1]) {
      await cluster.setCoordinator(type, 'some-id', broker)
      expect(await findCoordinator(server, type, 'some-id')).toBe(broker)
    }
  })
})

describe('leaders', () => {
  test('move, go and come', async () => {
    const topic = freshTopic()
    await cluster.createTopic(topic, { partitions: 2, replicationFactor: 1 })
    for (const broker of [3, 2]) {
      await cluster.setLeader(topic, 1, broker)
      expect((await leaders(topic))[1]).toBe(broker)
    }
    await cluster.setLeader(topic, 1, null)
    const producer = await connect({ 'allow.auto.create.topics': false, 'delivery.timeout.ms': 1000 })
    await expect(producer.send({ topic, partition: 1, value: 'v' })).rejects.toMatchObject({
      kafkaName: '_MSG_TIMED_OUT',
    })
    await cluster.setLeader(topic, 1, 1)
    expect((await leaders(topic))[1]).toBe(1)
  })

  test('of a partition that there is not', async () => {
    const topic = freshTopic()
    await cluster.createTopic(topic, { partitions: 2 })
    await expect(cluster.setLeader(topic, 2, 1)).rejects.toMatchObject({
      name: 'MillraceError',
      code: 'UNKNOWN_TOPIC',
      message: expect.stringContaining('no partition 2'),
    })
  })

  // librdkafka 2.12 answers such requests through a null pointer where their versions are not held back
  test('requests to a partition without leader do not bring the process down', async () => {
    const producer = await connect({ 'delivery.timeout.ms': 2500 })
    const topic = freshTopic()
    await cluster.createTopic(topic, { partitions: 1 })
    await producer.send({ topic, value: 'v' })
    await cluster.setLeader(topic, 0, null)
    await expect(producer.send({ topic, value: 'v' })).rejects.toMatchObject({ kafkaName: '_MSG_TIMED_OUT' })
    const reading = cluster.readAll(topic, { timeoutMs: 500 })
    await expect(reading).rejects.toMatchObject({ name: 'MillraceError', code: 'REQUEST_FAILED' })
  })
})

const sad: readonly [name: string, call: (cluster: EmbeddedCluster) => Promise<unknown>, text: RegExp][] = [
  ['no name', c => c.createTopic(''), /topic is empty/],
  ['a bad name', c => c.createTopic('a b'), /no topic named "a b"/],
  ['no partitions', c => c.createTopic('x', { partitions: 0 }), /1 to 10000 partitions, not 0/],
  ['half a partition', c => c.createTopic('x', { partitions: 1.5 }), /not 1\.5/],
  ['more replicas than brokers', c => c.createTopic('x', { replicationFactor: 4 }), /1 to 3 .*not 4/],
  ['errors of a request that there is not', c => c.pushErrors('Prduce' as never, []), /Did you mean Produce/],
  ['an error that there is not', c => c.pushErrors('Produce', ['NOPE' as never]), /no error "NOPE"/],
  ['an error by number', c => c.pushErrors('Produce', [29 as never]), /no error 29/],
  ['errors of broker 0', c => c.pushBrokerErrors(0, 'Produce', []), /1 to 3 by id, not 0/],
  ['errors of broker 4', c => c.pendingBrokerErrors(4, 'Produce'), /not 4/],
  ['a negative delay', c => c.pushBrokerErrors(1, 'Produce', [{ rttMs: -1 }]), /0 to 86400000 ms, not -1/],
  [
    'a late disconnection',
    c => c.pushBrokerErrors(1, 'Produce', [{ error: '_TRANSPORT', rttMs: 5 }]),
    /closed at once/,
  ],
  ['a topic error that is a connection', c => c.setTopicError('x', '_TRANSPORT' as never), /no error/],
  ['a round trip of NaN', c => c.setBrokerRtt('all', Number.NaN), /not NaN/],
  ['broker 4 down', c => c.setBrokerDown(4), /not 4/],
  ['broker -1 up', c => c.setBrokerUp(-1), /not -1/],
  ['a leader that there is not', c => c.setLeader('x', 0, 9), /not 9/],
  ['a leader of partition -1', c => c.setLeader('x', -1, 1), /not -1/],
  ['a coordinator of what has none', c => c.setCoordinator('topic' as never, 'x', 1), /type "topic"/],
  ['errors to forget, of nothing', c => c.clearErrors('X' as never), /no request "X"/],
]
test.each(sad)('refuses %s', async (_name, call, text) => {
  const error = await call(cluster).catch(error => error)
  expect(error).toBeInstanceOf(MillraceError)
  expect(error).toMatchObject({ code: 'USAGE', message: expect.stringMatching(text) })
})

test.each<Record<string, number>>([{ a: 0 }, { 'a b': 1 }, { a: Number.NaN }])(
  'does not start with the topics %j',
  async topics => {
    await expect(EmbeddedCluster.start({ topics })).rejects.toMatchObject({
      name: 'MillraceError',
      code: 'USAGE',
    })
  },
)

const calls: Readonly<Record<string, (cluster: EmbeddedCluster) => Promise<unknown>>> = {
  createTopic: c => c.createTopic('x'),
  setTopicError: c => c.setTopicError('x', null),
  pushErrors: c => c.pushErrors('Produce', ['INVALID_RECORD']),
  pushBrokerErrors: c => c.pushBrokerErrors(1, 'Produce', [{}]),
  pendingBrokerErrors: c => c.pendingBrokerErrors(1, 'Produce'),
  clearErrors: c => c.clearErrors(),
  setBrokerRtt: c => c.setBrokerRtt('all', 1),
  setBrokerDown: c => c.setBrokerDown('all'),
  setBrokerUp: c => c.setBrokerUp('all'),
  setLeader: c => c.setLeader('x', 0, 1),
  setCoordinator: c => c.setCoordinator('group', 'x', 1),
}
test('no call reaches a cluster that stops or has stopped', async () => {
  const own = await EmbeddedCluster.start()
  const stopping = own.stop()
  for (const state of ['stopping', 'stopped']) {
    for (const [name, call] of Object.entries(calls)) {
      const error = await call(own).catch(error => error)
      expect(error, `${name} while ${state}`).toBeInstanceOf(MillraceError)
      expect(error, `${name} while ${state}`).toMatchObject({ code: 'CLUSTER_STOPPED' })
    }
    await stopping
  }
})

describe('a fatal error', () => {
  test('is raised once, with its reason, and not at a closed producer', async () => {
    const producer = await connect({}, { engine: 'batch' })
    const fatal = once(producer, 'fatal')
    raiseFatalError(producer, { error: 'INVALID_PRODUCER_EPOCH', reason: 'told by this test' })
    expect((await fatal)[0]).toMatchObject({
      code: 'PRODUCER_FATAL',
      message: expect.stringMatching(/told by this test/),
    })
    await expect(producer.send({ topic: 't', value: 'v' })).rejects.toMatchObject({
      code: 'PRODUCER_FATAL',
      message: expect.stringMatching(/told by this test/),
    })
    expect(() => raiseFatalError(producer)).toThrow(expect.objectContaining({ code: 'PRODUCER_FATAL' }))
    await producer.close()
    expect(() => raiseFatalError(producer)).toThrow(expect.objectContaining({ code: 'PRODUCER_CLOSED' }))
  })

  test.each([
    ['the callback engine', () => connect({}, { engine: 'callback' }), {}, /callback engine.*'batch'/],
    ['what is no producer', async () => ({}) as Producer, {}, /takes a Producer/],
    ['an error that there is not', () => connect(), { error: 'NOPE' as never }, /no error "NOPE"/],
  ])('refuses %s', async (_name, make, options, text) => {
    const producer = await make()
    expect(() => raiseFatalError(producer, options)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(text) }),
    )
  })
})

describe(
  'where the addon was not built',
  existsSync('dist/testing/index.js') ? {} : skipBecause('dist/ is not built'),
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-bare-'))
    beforeAll(() => {
      cpSync('dist', join(folder, 'dist'), { recursive: true })
      cpSync('package.json', join(folder, 'package.json'))
      symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
    })
    afterAll(() => rmSync(folder, { recursive: true, force: true }))

    test('a cluster starts and serves; what wants the addon says what to type', async () => {
      const script = `
        const { EmbeddedCluster } = await import('./dist/testing/index.js')
        const told = error => [error.code, error.message]
        const cluster = await EmbeddedCluster.start({ brokers: 2 })
        const servers = cluster.bootstrapServers.split(',').length
        const call = await cluster.createTopic('x').catch(told)
        await cluster.stop()
        const start = await EmbeddedCluster.start({ topics: { x: 1 } }).catch(told)
        console.log(JSON.stringify({ servers, call, start }))`
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: folder })
      let output = ''
      child.stdout.on('data', data => {
        output += data
      })
      expect(await once(child, 'close')).toEqual([0, null])
      const text = expect.stringMatching(/through the addon only.*npm rebuild millrace/)
      const refusal = ['ENGINE_UNAVAILABLE', text]
      expect(JSON.parse(output)).toEqual({ servers: 2, call: refusal, start: refusal })
    })
  },
)
