import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Message, MillraceError, Producer } from '../../src/index.ts'
import { raiseFatalError } from '../../src/testing/index.ts'
import { freshTopic, useEmbeddedCluster, useProducers } from '../support/cluster.ts'

const cluster = useEmbeddedCluster()
const making = { 'allow.auto.create.topics': true } as const

const PATIENCE_MS = 10_000

/** What a call came to, in a time in which it must have come to something. */
async function outcome(call: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise(resolve => {
    timer = setTimeout(() => resolve('HANGS'), PATIENCE_MS)
  })
  const told = await Promise.race([
    call.then(
      value => value,
      error => error,
    ),
    late,
  ])
  clearTimeout(timer)
  return told
}

async function expectCode(call: Promise<unknown>, code: string): Promise<void> {
  const error = await outcome(call)
  expect(error).toBeInstanceOf(MillraceError)
  expect(error).toMatchObject({ code })
}

describe.each(['batch', 'callback'] as const)('the %s engine and those who use it oddly', engine => {
  const connect = useProducers(() => cluster().bootstrapServers, engine)

  test('undefined from a source or a map is refused, and what follows is sent', async () => {
    const producer = await connect(making)
    const topic = freshTopic()
    const message = (n: number) => ({ topic, value: `${n}` })
    const items = [message(0), undefined as never, message(1), message(2)]
    expect(await outcome(producer.produceFrom(items))).toMatchObject({ offered: 4, accepted: 3, refused: 1 })
    const mapped = producer.produceFrom([0, 1, 2, 3], {
      map: n => (n === 1 ? (undefined as never) : message(n)),
    })
    expect(await outcome(mapped)).toMatchObject({ offered: 4, accepted: 3, refused: 1 })
    expect(await cluster().readAll(topic)).toHaveLength(6)
  })

  test('headers that can be read once only are refused, not lost', async () => {
    const producer = await connect(making)
    const topic = freshTopic()
    function* headers(): Generator<readonly [string, string]> {
      yield ['a', 'b']
    }
    await expectCode(producer.send({ topic, value: 'v', headers: headers() }), 'INVALID_MESSAGE')
    await producer.send({ topic, value: 'v', headers: new Map([['a', 'b']]) })
    expect((await cluster().readAll(topic)).map(({ headers }) => headers)).toEqual([
      [['a', Buffer.from('b')]],
    ])
  })

  test('a close with a wrong option is refused, and the next one closes', async () => {
    const producer = await connect(making)
    for (const options of [{ timeoutMs: Number.NaN }, null, { signal: {} }, { timeoutMs: 'x' }]) {
      await expectCode(producer.close(options as never), 'USAGE')
    }
    expect(producer.state).toBe('open')
    expect(await outcome(producer.close())).toMatchObject({ accepted: 0 })
  })

  test.each([null, 7, 'all'])('options that are %j are refused by every call', async none => {
    const options = none as never
    const producer = await connect(making)
    const message = { topic: freshTopic(), value: 'v' }
    await expectCode(Producer.connect({ 'bootstrap.servers': 'localhost:1' }, options), 'USAGE')
    await expectCode(producer.send(message, options), 'USAGE')
    await expectCode(producer.sendBatch([message], options), 'USAGE')
    await expectCode(producer.produceFrom([message], options), 'USAGE')
    await expectCode(
      producer.transaction(() => {}, options),
      'USAGE',
    )
    await expectCode(producer.describeTopic(message.topic, options), 'USAGE')
    await expectCode(producer.flush(options), 'USAGE')
    expect(() => producer.latency(options)).toThrow(/^latency takes options as an object/)
    expect(producer.counts.accepted).toBe(0)
  })

  test('one signal behind many calls in line is listened to once, and withdraws them all', async () => {
    const producer = await connect({ ...making, 'queue.buffering.max.messages': 1, 'linger.ms': 60_000 })
    const topic = freshTopic()
    const first = producer.send({ topic, value: 'in flight', partition: 0 })
    const abort = new AbortController()
    const added = vi.spyOn(abort.signal, 'addEventListener')
    const { signal } = abort
    const behind = Array.from({ length: 5000 }, (_, n) => producer.send({ topic, value: `${n}` }, { signal }))
    const other = producer.send({ topic, value: 'no signal', partition: 0 })
    expect(added).toHaveBeenCalledTimes(1)
    abort.abort(new Error('enough'))
    const ended = await Promise.allSettled(behind)
    const reasons = ended.map(end => (end.status === 'rejected' ? end.reason?.code : end.status))
    expect(new Set(reasons)).toEqual(new Set(['ABORTED']))
    await producer.flush()
    expect([(await first).offset, (await other).offset].sort()).toEqual([0, 1])
    expect(producer.counts).toMatchObject({ accepted: 2, delivered: 2, waiting: 0 })
  })

  test.each(['frame', 'array'])(
    'what a cut call had taken of a %s and not offered is handed back',
    async kind => {
      const producer = await connect({ ...making, 'queue.buffering.max.messages': 9, 'linger.ms': 60_000 })
      const topic = freshTopic()
      const bytes = Buffer.from('0123456789abc')
      const ranges = Uint32Array.from({ length: 26 }, (_, n) => Math.ceil(n / 2))
      const values = [...bytes].map(byte => Buffer.of(byte))
      const array = values.map(value => ({ topic, value, partition: 0 }))
      const abort = new AbortController()
      const source = kind === 'frame' ? { topic, bytes, ranges, partition: 0 } : array
      const run = producer.produceFrom([source], { signal: abort.signal }).catch(error => error)
      await expect.poll(() => producer.counts.inFlight).toBe(9)
      abort.abort()
      await producer.flush()
      const { message, hint, context } = await run
      expect(context.result).toMatchObject({ offered: 9, delivered: 9 })
      expect(context.result.unsent.map((one: Message) => String(one.value))).toEqual(['9', 'a', 'b', 'c'])
      if (hint !== undefined) expect(message.split(hint)).toHaveLength(2)
    },
  )

  test('a call that a close cuts short tells what to do once', async () => {
    const producer = await connect({ ...making, 'queue.buffering.max.messages': 2, 'linger.ms': 60_000 })
    const messages = Array.from({ length: 5 }, (_, n) => ({ topic: freshTopic(), value: `${n}` }))
    const call = producer.sendBatch(messages).catch(error => error)
    await producer.close({ timeoutMs: 0 })
    const { code, message, hint } = await call
    expect(code).toBe('PRODUCER_CLOSED')
    expect(message.split(hint)).toHaveLength(2)
  })

  test('a signal that is none is refused', async () => {
    const producer = await connect({ ...making, 'queue.buffering.max.messages': 2 })
    const signal = { aborted: false, addEventListener() {}, removeEventListener() {} } as never
    const topic = freshTopic()
    const messages = Array.from({ length: 5 }, (_, n) => ({ topic, value: `${n}` }))
    await expectCode(producer.produceFrom(messages, { signal }), 'USAGE')
    await expectCode(producer.produceFrom([messages], { signal: null as never }), 'USAGE')
    await expectCode(producer.sendBatch(messages, { signal }), 'USAGE')
    await expectCode(producer.send(messages[0] as never, { signal }), 'USAGE')
    expect(producer.counts.accepted).toBe(0)
  })

  test('an abort from inside the source or the map ends the call', async () => {
    const producer = await connect(making)
    const topic = freshTopic()
    const inSource = new AbortController()
    async function* source() {
      yield { topic, value: '1' }
      inSource.abort()
      await new Promise(() => {})
    }
    await expectCode(producer.produceFrom(source(), { signal: inSource.signal }), 'ABORTED')
    const inMap = new AbortController()
    const map = () => {
      inMap.abort()
      return new Promise<never>(() => {})
    }
    await expectCode(producer.produceFrom([1], { map, signal: inMap.signal }), 'ABORTED')
  })

  test('an array that is emptied while it waits hangs nobody', async () => {
    const producer = await connect({ ...making, 'linger.ms': 50 })
    const topic = freshTopic()
    const batch = [
      { topic, value: 'a' },
      { topic, value: 'b', partition: 99 },
    ]
    const emptied = producer.sendBatch(batch)
    const others = producer.sendBatch([{ topic, value: 'other' }])
    batch.length = 0
    expect(await outcome(emptied)).not.toBe('HANGS')
    expect(await outcome(others)).toMatchObject({ delivered: 1 })
  })

  test('a message object that is used again: each delivery names its own topic', async () => {
    const producer = await connect(making)
    const [one, other] = [freshTopic(), freshTopic()]
    const message = { topic: one, value: '1' }
    const first = producer.send(message)
    message.topic = other
    const second = producer.send(message)
    expect([(await first).topic, (await second).topic]).toEqual([one, other])
  })

  test('a moment that is none is refused', async () => {
    const producer = await connect(making, { latency: true })
    const topic = freshTopic()
    for (const dueAt of [Number.NaN, Number.POSITIVE_INFINITY, -1e15, 'x', 5n]) {
      await expectCode(producer.send({ topic, value: 'v' }, { dueAt: dueAt as never }), 'USAGE')
      await expectCode(producer.sendBatch([{ topic, value: 'v' }], { dueAt: dueAt as never }), 'USAGE')
    }
    expect(producer.latency().count).toBe(0)
  })

  test('a transaction inside of another is refused, and no option ends it in the wrong way', async () => {
    const producer = await connect({ ...making, 'transactional.id': `nested-${process.pid}-${engine}` })
    const nested = producer.transaction(() => producer.transaction(() => {}))
    await expectCode(nested, 'USAGE')
    await expectCode(producer.transaction(5 as never), 'USAGE')
    await expectCode(
      producer.transaction(() => {}, { timeoutMs: Number.NaN }),
      'USAGE',
    )
    expect(await outcome(producer.transaction(() => 7))).toMatchObject({ value: 7 })
  })
})

describe('the batch engine', () => {
  const connect = useProducers(() => cluster().bootstrapServers, 'batch')

  test('a fatal listener that throws cuts nothing short', async () => {
    const producer = await connect(making)
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const mine = new Promise(resolve => process.once('uncaughtException', resolve))
    producer.on('fatal', () => {
      throw new Error('from the listener')
    })
    raiseFatalError(producer, { reason: 'told by this test' })
    const topic = freshTopic()
    const sends = [1, 2, 3].map(n => producer.send({ topic, value: `${n}` }))
    for (const send of sends) await expectCode(send, 'PRODUCER_FATAL')
    expect(await mine).toMatchObject({ message: 'from the listener' })
    for (const listener of others) process.on('uncaughtException', listener)
  })

  const workers: Worker[] = []
  afterEach(async () => {
    await Promise.all(workers.splice(0).map(worker => worker.terminate()))
  })

  function start(body: string, token: unknown): Worker {
    const code = `
      import { parentPort, workerData } from 'node:worker_threads'
      import { register } from 'tsx/esm/api'
      register()
      const { AttachedProducer } = await import(workerData.entry)
      const attached = AttachedProducer.attach(workerData.token)
      parentPort.postMessage('on')
      ${body}`
    const entry = new URL('../../src/index.ts', import.meta.url).href
    const worker = new Worker(
      new URL(
        `data:text/javascript,${encodeURIComponent(code.replaceAll("'tsx/esm/api'", `'${import.meta.resolve('tsx/esm/api')}'`))}`,
      ),
      {
        workerData: { token, entry },
        execArgv: [],
      },
    )
    workers.push(worker)
    return worker
  }

  test('a worker that is terminated inside the addon takes nobody with it', async () => {
    const producer = await connect(making)
    const topic = freshTopic()
    const bodies = [
      'for (;;) attached.counts',
      `for (let i = 0; i < 20; i++) void (async () => { for (;;) await attached.sendBatch([{ topic: '${topic}', value: 'x' }], { detail: 'all' }) })()`,
      `for (let i = 0; i < 20; i++) void (async () => { for (;;) await attached.send({ topic: '${topic}', value: 'x' }) })()`,
    ]
    for (let round = 0; round < 15; round++) {
      const worker = start(bodies[round % 3] as string, producer.share())
      await once(worker, 'message')
      await new Promise(resolve => setTimeout(resolve, Math.random() * 30))
      await worker.terminate()
    }
    await producer.flush()
    const { accepted, delivered, failed, unsent } = await producer.close()
    expect(accepted).toBe(delivered + failed + unsent.length)
  }, 120_000)

  test('a worker that sends and then computes holds nothing against the others', async () => {
    const producer = await connect({ ...making, 'queue.buffering.max.messages': 256 })
    const topic = freshTopic()
    await producer.sendBatch(Array.from({ length: 100 }, (_, n) => ({ topic, value: `${n}` })))
    const body = `attached.send({ topic: '${topic}', value: 'x' }).catch(() => {}); const end = Date.now() + 3000; while (Date.now() < end);`
    await once(start(body, producer.share()), 'message')
    expect(producer.counts).toMatchObject({ accepted: 100, delivered: 100, inFlight: 0 })
    const started = performance.now()
    expect((await producer.sendBatch([{ topic, value: 'v' }])).delivered).toBe(1)
    const { accepted, delivered } = await producer.close({ timeoutMs: 1000 })
    expect({ accepted, delivered }).toEqual({ accepted: 101, delivered: 101 })
    expect(performance.now() - started).toBeLessThan(2800)
  })

  test('what ended while the event loop stood still is told of soon, however much', async () => {
    const producer = await connect(making)
    const topic = freshTopic()
    await producer.send({ topic, value: 'first' })
    const bytes = Buffer.from('x'.repeat(10))
    const ranges = Uint32Array.from({ length: 2 * 30_000 }, (_, n) => (n % 2) * 10)
    const sent = producer.sendBatch({ topic, bytes, ranges })
    const alone = Array.from({ length: 20_000 }, (_, n) => producer.send({ topic, value: `${n}` }))
    await null
    const until = Date.now() + 1500
    while (Date.now() < until);
    const started = performance.now()
    expect((await sent).delivered).toBe(30_000)
    expect(await Promise.all(alone)).toHaveLength(20_000)
    expect(performance.now() - started).toBeLessThan(1000)
    const { accepted, delivered } = await producer.close({ timeoutMs: 1000 })
    expect({ accepted, delivered }).toEqual({ accepted: 50_001, delivered: 50_001 })
  })

  test('what has ended while the thread that was told of it computes makes room for the others', async () => {
    const producer = await connect({ ...making, 'queue.buffering.max.messages': 5 })
    const topic = freshTopic()
    await producer.send({ topic, value: 'first' })
    const body = `
      parentPort.once('message', () => setTimeout(async () => {
        const began = Date.now()
        for (let n = 0; n < 20; n++) await attached.send({ topic: '${topic}', value: String(n) })
        parentPort.postMessage(Date.now() - began)
      }, 500))`
    const worker = start(body, producer.share())
    await once(worker, 'message')
    const told = once(worker, 'message')
    // fills all the room, and looks at nothing for a while
    const sends = Array.from({ length: 5 }, () => producer.send({ topic, value: 'x' }))
    await null
    worker.postMessage('go')
    const until = Date.now() + 4000
    while (Date.now() < until);
    expect((await told)[0]).toBeLessThan(3000)
    expect(await Promise.all(sends)).toHaveLength(5)
    const { accepted, delivered } = await producer.close({ timeoutMs: 1000 })
    expect({ accepted, delivered }).toEqual({ accepted: 26, delivered: 26 })
  })
})
