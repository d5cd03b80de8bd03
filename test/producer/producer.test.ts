import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { DeliveryError, type Message, MillraceError, Producer } from '../../src/index.ts'
import { EmbeddedCluster } from '../../src/testing/index.ts'
import golden from '../golden/partitions.json' with { type: 'json' }
import { freshTopic, useEmbeddedCluster, useProducers } from '../support/cluster.ts'
import { producerBehaviour } from './behaviour.ts'

const cluster = useEmbeddedCluster()
const bootstrapServers = () => cluster().bootstrapServers

describe.each(['batch', 'callback'] as const)('the %s engine on the embedded cluster', engine =>
  producerBehaviour(bootstrapServers, engine),
)

describe('what the callback engine cannot carry', () => {
  const connect = useProducers(bootstrapServers, 'callback')
  const cases: readonly [name: string, headers: Message['headers'], text: RegExp][] = [
    [
      'binary header values',
      { h: Buffer.from([0xff, 0xfe, 0x00, 0x80]) },
      /header "h" has bytes that are not UTF-8/,
    ],
    ['null header values', { h: null }, /header "h" has a null value/],
    ['NUL in a header value', { h: 'a\0b' }, /header "h" has a NUL/],
    ['NUL in a header name', [['a\0b', 'v']], /has a NUL/],
  ]
  test.each(cases)('%s', async (_name, headers, text) => {
    const producer = await connect()
    const topic = freshTopic()
    for (const send of [
      () => producer.send({ topic, value: 'v', headers }),
      async () => {
        const { failures } = await producer.sendBatch([{ topic, value: 'v', headers }])
        throw failures[0]?.error
      },
      async () => {
        const ranges = new Uint32Array([0, 1])
        const { failures } = await producer.sendBatch({ topic, bytes: Buffer.from('v'), ranges, headers })
        throw failures[0]?.error
      },
    ]) {
      const error = await send().catch(error => error)
      expect(error).toBeInstanceOf(MillraceError)
      expect(error).toMatchObject({ code: 'UNSUPPORTED_MESSAGE', message: expect.stringMatching(text) })
    }
    expect(producer.counts).toMatchObject({ accepted: 0, refused: 3 })
  })
})

describe('what the batch engine carries beyond that', () => {
  const connect = useProducers(bootstrapServers, 'batch')

  test('header values of any bytes', async () => {
    const producer = await connect()
    const topic = freshTopic()
    const headers = [
      ['binary', Buffer.from([0xff, 0xfe, 0x00, 0x80])],
      ['nul', 'a\0b'],
      ['empty', ''],
    ] as const
    await producer.send({ topic, value: 'v', headers })
    await producer.sendBatch({ topic, bytes: Buffer.from('v'), ranges: new Uint32Array([0, 1]), headers })
    const found = await cluster().readAll(topic)
    for (const message of found) {
      expect(message.headers).toEqual(headers.map(([name, value]) => [name, Buffer.from(value)]))
    }
    expect(found).toHaveLength(2)
  })
})

describe('partitioning', () => {
  const connect = useProducers(bootstrapServers)

  test('is the Java client’s', async () => {
    const producer = await connect()
    const column = golden.partitionCounts.indexOf(4)
    const topic = freshTopic()
    const messages = golden.rows.map(({ key }) => ({ topic, value: '', key: Buffer.from(key, 'base64') }))
    const result = await producer.sendBatch(messages, { detail: 'all' })
    expect(golden.rows.length).toBeGreaterThan(64)
    expect(golden.rows.map((_, index) => result.delivery(index)?.partition)).toEqual(
      golden.rows.map(({ partitions }) => partitions[column]),
    )
  })
})

/** Something that accepts connections and never answers. */
async function silentServer(): Promise<{ port: number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    stop: () =>
      new Promise(resolve => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

describe('connect', () => {
  const sad: readonly [name: string, properties: object, code: string, text: RegExp][] = [
    ['no brokers', {}, 'CONFIG_MISSING', /bootstrap\.servers/],
    [
      'an unknown property',
      { 'bootstrap.servers': 'x:1', 'lingr.ms': 5 },
      'CONFIG_UNKNOWN_PROPERTY',
      /linger\.ms/,
    ],
    ['a bad value', { 'bootstrap.servers': 'x:1', 'linger.ms': -5 }, 'CONFIG_INVALID_VALUE', /linger\.ms/],
    [
      'nothing there',
      { 'bootstrap.servers': '127.0.0.1:9' },
      'BROKER_UNREACHABLE',
      /127\.0\.0\.1:9.*Connection refused/,
    ],
    [
      'a name that is none',
      { 'bootstrap.servers': 'no.such.host.invalid:9092' },
      'BROKER_UNREACHABLE',
      /no\.such\.host/,
    ],
  ]
  test.each(sad)('%s', async (_name, properties, code, text) => {
    const error = await Producer.connect(properties, { timeoutMs: 700 }).catch(error => error)
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({ code, message: expect.stringMatching(text) })
  })

  test.each([Number.NaN, -1, '5'])('a timeout of %s', async timeoutMs => {
    const options = { timeoutMs: timeoutMs as number }
    const error = await Producer.connect({ 'bootstrap.servers': bootstrapServers() }, options).catch(
      error => error,
    )
    expect(error).toMatchObject({ code: 'USAGE' })
  })

  test('as long as it takes', async () => {
    for (const timeoutMs of [Number.POSITIVE_INFINITY, 3e9]) {
      const producer = await Producer.connect({ 'bootstrap.servers': bootstrapServers() }, { timeoutMs })
      await producer.close()
    }
  })

  test('an engine that there is not', async () => {
    const options = { engine: 'warp' as 'auto' }
    const error = await Producer.connect({ 'bootstrap.servers': bootstrapServers() }, options).catch(
      error => error,
    )
    expect(error).toMatchObject({ code: 'ENGINE_UNAVAILABLE', message: expect.stringContaining('warp') })
  })

  test('is bounded when a broker accepts and says nothing', async () => {
    const silent = await silentServer()
    const started = performance.now()
    const error = await Producer.connect(
      { 'bootstrap.servers': `127.0.0.1:${silent.port}` },
      { timeoutMs: 500 },
    ).catch(error => error)
    expect(error).toMatchObject({ code: 'BROKER_UNREACHABLE' })
    expect(performance.now() - started).toBeLessThan(10_000)
    await silent.stop()
  })

  test('can be aborted at once', async () => {
    const silent = await silentServer()
    const properties = { 'bootstrap.servers': `127.0.0.1:${silent.port}` }
    const before = await Producer.connect(properties, { signal: AbortSignal.abort() }).catch(error => error)
    expect(before).toMatchObject({ code: 'ABORTED' })
    const abort = new AbortController()
    const connecting = Producer.connect(properties, { signal: abort.signal, timeoutMs: 2000 }).catch(
      error => error,
    )
    abort.abort()
    const started = performance.now()
    expect(await connecting).toMatchObject({ code: 'ABORTED' })
    expect(performance.now() - started).toBeLessThan(1000)
    await silent.stop()
  })

  test('says when the broker wants something else: TLS to a broker without', async () => {
    const error = await Producer.connect(
      { 'bootstrap.servers': bootstrapServers(), 'security.protocol': 'ssl' },
      { timeoutMs: 3000 },
    ).catch(error => error)
    expect(error).toMatchObject({
      code: 'AUTHENTICATION_FAILED',
      message: expect.stringMatching(/security\.protocol/),
    })
  })

  test('warns once of what only consumers have', async () => {
    const warnings: string[] = []
    const properties = {
      'bootstrap.servers': bootstrapServers(),
      'group.id': 'g',
      'auto.offset.reset': 'earliest',
    }
    const producer = await Producer.connect(properties as object, { onWarning: text => warnings.push(text) })
    await producer.close()
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/group\.id.*auto\.offset\.reset|auto\.offset\.reset.*group\.id/)
  })
})

describe.each(['batch', 'callback'] as const)('a cluster that goes away, %s engine', engine => {
  const stops: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    await Promise.all(stops.splice(0).map(stop => stop()))
  })

  async function lonely(properties: object = {}) {
    const own = await EmbeddedCluster.start()
    const producer = await Producer.connect(
      { 'bootstrap.servers': own.bootstrapServers, ...properties },
      { engine },
    )
    stops.push(
      () => producer.close({ timeoutMs: 0 }),
      () => own.stop(),
    )
    const topic = freshTopic()
    await producer.send({ topic, value: 'there', partition: 0 })
    await own.stop()
    return { producer, topic }
  }

  test('close accounts for everything within its time', async () => {
    const { producer, topic } = await lonely({ 'queue.buffering.max.messages': 100 })
    const batch = producer
      .sendBatch(Array.from({ length: 150 }, () => ({ topic, value: 'v', partition: 0 })))
      .catch(error => error)
    const single = producer.send({ topic, value: 'v', partition: 0 }).catch(error => error)
    const started = performance.now()
    const closing = await producer.close({ timeoutMs: 300 })
    expect(performance.now() - started).toBeLessThan(10_000)
    expect(closing.accepted).toBe(101)
    expect(closing).toMatchObject({ delivered: 1, aborted: 0 })
    expect(closing.failed + closing.unsent.length).toBe(100)
    // what was on the wire when the cluster went is not known; of the rest only the batch engine knows that it was not
    expect(closing.possiblyPersisted).toBe(closing.failed)
    if (engine === 'callback') expect(closing.failed).toBe(100)
    for (const message of closing.unsent) expect(message).toEqual({ topic, value: 'v', partition: 0 })
    const error = (await batch) as MillraceError
    expect(error).toMatchObject({ code: 'PRODUCER_CLOSED' })
    const result = error.context.result as { failures: { error: DeliveryError }[] }
    expect(result).toMatchObject({ messages: 150, offered: 100, accepted: 100 })
    expect(result).toMatchObject({ failed: closing.failed, handedBack: closing.unsent.length })
    expect(result.failures).toHaveLength(100)
    for (const { error } of result.failures) {
      expect(error).toBeInstanceOf(DeliveryError)
      expect(error.kafkaName).toMatch(engine === 'callback' ? /^_DESTROY$/ : /^_PURGE_(QUEUE|INFLIGHT)$/)
      expect(error.possiblyPersisted).toBe(error.kafkaName !== '_PURGE_QUEUE')
    }
    expect(await single).toMatchObject({ code: 'PRODUCER_CLOSED' })
  })

  test('messages fail when their time is up, with the reason', async () => {
    const { producer, topic } = await lonely({ 'delivery.timeout.ms': 400, 'linger.ms': 0 })
    const error = await producer.send({ topic, value: 'v', partition: 0 }).catch(error => error)
    expect(error).toBeInstanceOf(DeliveryError)
    expect(error).toMatchObject({
      code: 'DELIVERY_FAILED',
      kafkaCode: -192,
      kafkaName: '_MSG_TIMED_OUT',
      retriable: true,
      possiblyPersisted: expect.any(Boolean),
      fault: 'cluster',
      topic,
      partition: 0,
      message: expect.stringContaining('delivery.timeout.ms'),
    })
    expect(await producer.close()).toMatchObject({
      accepted: 2,
      delivered: 1,
      failed: 1,
      possiblyPersisted: error.possiblyPersisted ? 1 : 0,
    })
  })

  test('flush gives up when told to, and tells how many', async () => {
    const { producer, topic } = await lonely()
    void producer.send({ topic, value: 'v', partition: 0 }).catch(() => {})
    const error = await producer.flush({ timeoutMs: 150 }).catch(error => error)
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({ code: 'FLUSH_TIMEOUT', context: { inFlight: 1 } })
  })

  test('close can be cut short', async () => {
    const { producer, topic } = await lonely()
    const sent = producer.send({ topic, value: 'v', partition: 0 }).catch(error => error)
    const abort = new AbortController()
    const closing = producer.close({ timeoutMs: 60_000, signal: abort.signal })
    abort.abort()
    const { accepted, delivered, failed, possiblyPersisted, unsent } = await closing
    expect([accepted, delivered, failed + unsent.length]).toEqual([2, 1, 1])
    expect(possiblyPersisted).toBe(failed)
    expect(await sent).toBeInstanceOf(DeliveryError)
    expect(await sent).toMatchObject({ possiblyPersisted: failed === 1 })
  })

  test('memory stays bounded: a source is not taken from while there is no room', async () => {
    const { producer, topic } = await lonely({ 'queue.buffering.max.messages': 20 })
    let taken = 0
    function* endless() {
      for (;;) {
        taken++
        yield { topic, value: 'v', partition: 0 }
      }
    }
    const run = producer.produceFrom(endless(), { loops: 3 }).catch(error => error)
    await expect.poll(() => producer.counts.waiting).toBe(3)
    expect(taken).toBe(23)
    await producer.close({ timeoutMs: 0 })
    const error = await run
    expect(error).toMatchObject({ code: 'PRODUCER_CLOSED' })
    const { accepted, failed, possiblyPersisted, handedBack } = error.context.result
    expect([accepted, failed + handedBack]).toEqual([20, 20])
    expect(possiblyPersisted).toBe(failed)
    expect(error.context.result.unsent).toHaveLength(3)
  })
})
