import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test } from 'vitest'
import { AttachedProducer, type DetachResult, MillraceError, type ProducerCounts } from '../../src/index.ts'
import { freshTopic, useEmbeddedCluster, useProducers } from '../support/cluster.ts'
import type { Job } from '../support/fixtures/attached-worker.ts'

const cluster = useEmbeddedCluster()
const connect = useProducers(() => cluster().bootstrapServers, 'batch')
const making = { 'allow.auto.create.topics': true } as const

interface Told {
  readonly attached?: true
  readonly running?: true
  readonly sent?: number
  readonly result?: ProducerCounts & DetachResult
  readonly code?: string
}

const workers: Worker[] = []
afterEach(async () => {
  await Promise.all(workers.splice(0).map(worker => worker.terminate()))
})

function start(job: Job): {
  worker: Worker
  told: (key: keyof Told) => Promise<Told>
  exit: Promise<unknown>
} {
  const entry = new URL('../support/fixtures/attached-worker.ts', import.meta.url).href
  const worker = new Worker(new URL('../support/fixtures/ts-worker.mjs', import.meta.url), {
    workerData: { ...job, entry },
    execArgv: [],
  })
  workers.push(worker)
  const all: Told[] = []
  const waiting: { key: keyof Told; resolve: (told: Told) => void }[] = []
  worker.on('message', (told: Told) => {
    all.push(told)
    for (const { key, resolve } of waiting) if (key in told) resolve(told)
  })
  const told = (key: keyof Told) =>
    new Promise<Told>((resolve, reject) => {
      const known = all.find(one => key in one)
      if (known !== undefined) resolve(known)
      waiting.push({ key, resolve })
      worker.once('error', reject)
    })
  const exit = once(worker, 'exit').catch(error => error)
  return { worker, told, exit }
}

async function values(topic: string): Promise<string[]> {
  return (await cluster().readAll(topic)).map(({ value }) => String(value))
}

test.each(['send', 'batch', 'framed', 'from'] as const)('workers share one producer: %s', async kind => {
  const producer = await connect(making)
  const topic = freshTopic()
  const count = 400
  const running = ['a', 'b', 'c'].map(name => start({ token: producer.share(), topic, name, kind, count }))
  await producer.send({ topic, value: 'main' })
  for (const { told } of running) {
    const { result } = await told('result')
    expect(result).toMatchObject({ accepted: count, delivered: count, failed: 0, inFlight: 0 })
  }
  expect(producer.counts).toMatchObject({ accepted: 3 * count + 1, delivered: 3 * count + 1, inFlight: 0 })
  const expected = ['a', 'b', 'c'].flatMap(name => Array.from({ length: count }, (_, n) => `${name}-${n}`))
  expect((await values(topic)).sort()).toEqual([...expected, 'main'].sort())
  const { accepted, delivered } = await producer.close()
  expect({ accepted, delivered }).toEqual({ accepted: 1201, delivered: 1201 })
})

test('each thread keeps its order within a partition', async () => {
  const producer = await connect(making)
  const topic = freshTopic()
  const count = 2000
  const running = ['a', 'b'].map(name =>
    start({ token: producer.share(), topic, name, kind: 'from', count: count, partition: 1 }),
  )
  for (const { told } of running) await told('result')
  const all = await values(topic)
  for (const name of ['a', 'b']) {
    // two loops take turns at one source, each message at a time: its order is the source's
    const own = all.filter(value => value.startsWith(`${name}-`))
    expect(own).toHaveLength(count)
  }
  const batches = ['c', 'd'].map(name =>
    start({ token: producer.share(), topic, name, kind: 'batch', count, partition: 2 }),
  )
  for (const { told } of batches) await told('result')
  const later = await values(topic)
  for (const name of ['c', 'd']) {
    const own = later.filter(value => value.startsWith(`${name}-`))
    expect(own).toEqual(Array.from({ length: count }, (_, n) => `${name}-${n}`))
  }
})

test('threads that wait for the same little room all get it', async () => {
  const producer = await connect({ ...making, 'queue.buffering.max.messages': 10, 'linger.ms': 0 })
  const topic = freshTopic()
  const kinds = ['send', 'batch', 'framed', 'from'] as const
  const running = kinds.map(kind => start({ token: producer.share(), topic, name: kind, kind, count: 1000 }))
  const own = producer.sendBatch(Array.from({ length: 1000 }, (_, n) => ({ topic, value: `main-${n}` })))
  for (const { told } of running) expect((await told('result')).result?.delivered).toBe(1000)
  expect((await own).delivered).toBe(1000)
  expect(producer.counts).toMatchObject({ accepted: 5000, delivered: 5000, inFlight: 0 })
})

test('a worker that throws in mid-batch loses nothing that was accepted, and the others go on', async () => {
  const producer = await connect({ ...making, 'linger.ms': 300 })
  const topic = freshTopic()
  const throwing = start({ token: producer.share(), topic, name: 'bad', kind: 'throw', count: 500 })
  const good = start({ token: producer.share(), topic, name: 'good', kind: 'send', count: 100 })
  expect(await throwing.exit).toMatchObject({ message: 'thrown on purpose' })
  expect((await good.told('result')).result?.delivered).toBe(100)
  await producer.flush()
  const { accepted, delivered, failed, unsent } = await producer.close()
  expect({ failed, unsent }).toEqual({ failed: 0, unsent: [] })
  expect(accepted).toBe(delivered)
  expect(await values(topic)).toHaveLength(delivered)
  expect(delivered).toBeGreaterThan(100)
})

test('a worker terminated with messages lingering loses nothing that was accepted', async () => {
  const producer = await connect({ ...making, 'linger.ms': 500 })
  const topic = freshTopic()
  let sent = 0
  for (let round = 0; round < 4; round++) {
    const lingering = start({ token: producer.share(), topic, name: `w${round}`, kind: 'linger', count: 300 })
    sent += (await lingering.told('sent')).sent ?? 0
    await lingering.worker.terminate()
  }
  await producer.flush()
  const { accepted, delivered } = await producer.close()
  expect({ accepted, delivered }).toEqual({ accepted: sent, delivered: sent })
  expect(await values(topic)).toHaveLength(sent)
})

test('workers produce while main closes: they hear of it, and all is accounted for', async () => {
  for (let round = 0; round < 3; round++) {
    const producer = await connect({ ...making, 'linger.ms': 50 })
    const topic = freshTopic()
    const running = ['a', 'b'].map(name =>
      start({ token: producer.share(), topic, name, kind: 'endless', count: 0 }),
    )
    for (const { told } of running) await told('running')
    const { accepted, delivered, failed, unsent } = await producer.close({ timeoutMs: round * 1000 })
    expect(accepted).toBe(delivered + failed + unsent.length)
    for (const message of unsent) {
      const from = String((message.headers as [string, Buffer][])[0]?.[1])
      expect(`${message.topic} ${String(message.value).slice(0, 2)}`).toBe(`${topic} ${from}-`)
    }
    expect(await values(topic)).toHaveLength(delivered)
    for (const { told, exit } of running) {
      await Promise.race([
        told('code').then(({ code }) => expect(code).toBe('PRODUCER_CLOSED')),
        told('result'),
      ])
      await exit
    }
  }
})

test('what a worker had accepted and was never sent is handed back by the producer', async () => {
  const producer = await connect({ ...making, 'linger.ms': 60_000 })
  const topic = freshTopic()
  const lingering = start({ token: producer.share(), topic, name: 'w', kind: 'linger', count: 50 })
  const sent = (await lingering.told('sent')).sent ?? 0
  expect(sent).toBe(100)
  // a lingering message is sent by `close`'s drain; with no time for that it is handed back
  const { accepted, delivered, failed, unsent } = await producer.close({ timeoutMs: 0 })
  expect(accepted).toBe(delivered + failed + unsent.length)
  expect(unsent.length).toBeGreaterThan(0)
  for (const message of unsent) {
    expect(message).toMatchObject({ topic, headers: [['from', Buffer.from('w')]] })
    expect(String(message.key)).toBe(`k${String(message.value).slice(2)}`)
    expect(message.partition).toBeUndefined()
  }
})

test('a worker that leaves has its messages go on, in the account of the producer', async () => {
  const producer = await connect({ ...making, 'linger.ms': 200 })
  const topic = freshTopic()
  const leaving = start({ token: producer.share(), topic, name: 'w', kind: 'leave', count: 50 })
  const { result } = await leaving.told('result')
  expect(result?.accepted).toBe((result?.delivered ?? 0) + (result?.left ?? 0))
  await leaving.exit
  await producer.flush()
  expect(await producer.close()).toMatchObject({ accepted: result?.accepted, delivered: result?.accepted })
})

test('a producer outlives many workers, one after the other', async () => {
  const producer = await connect(making)
  const topic = freshTopic()
  for (let round = 0; round < 12; round++) {
    const { told } = start({ token: producer.share(), topic, name: `w${round}`, kind: 'send', count: 20 })
    expect((await told('result')).result).toMatchObject({ accepted: 20, delivered: 20 })
  }
  expect(producer.counts).toMatchObject({ accepted: 240, delivered: 240 })
})

describe('a token', () => {
  test('of a closed producer finds nothing', async () => {
    const producer = await connect(making)
    const token = producer.share()
    await producer.close()
    expect(() => AttachedProducer.attach(token)).toThrowError(
      expect.objectContaining({ code: 'PRODUCER_CLOSED' }),
    )
    const { told } = start({ token, topic: 't', name: 'w', kind: 'send', count: 1 })
    expect((await told('code')).code).toBe('PRODUCER_CLOSED')
  })

  const forged: readonly [name: string, token: unknown, code: string][] = [
    ['undefined', undefined, 'USAGE'],
    ['null', null, 'USAGE'],
    ['a number', 1, 'USAGE'],
    ['a string', 'token', 'USAGE'],
    ['an empty object', {}, 'USAGE'],
    ['another kind', { kind: 'x', token: 'a', limits: { messages: 1, bytes: 1 } }, 'USAGE'],
    ['no limits', { kind: 'millrace.producer/1', token: 'a' }, 'USAGE'],
    [
      'one that was guessed',
      { kind: 'millrace.producer/1', token: '1', limits: { messages: 1, bytes: 1 }, timed: false },
      'PRODUCER_CLOSED',
    ],
    [
      'an empty one',
      { kind: 'millrace.producer/1', token: '', limits: { messages: 1, bytes: 1 }, timed: false },
      'PRODUCER_CLOSED',
    ],
  ]
  test.each(forged)('%s is refused', (_, token, code) => {
    let error: unknown
    try {
      AttachedProducer.attach(token as never)
    } catch (caught) {
      error = caught
    }
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({ code })
  })
})

test('attaching works in the same thread, too', async () => {
  const producer = await connect(making)
  const topic = freshTopic()
  const attached = AttachedProducer.attach(producer.share())
  const [own, others] = await Promise.all([
    producer.send({ topic, value: 'own' }),
    attached.sendBatch([
      { topic, value: 'a' },
      { topic, value: 'b' },
    ]),
  ])
  expect(own.topic).toBe(topic)
  expect(others).toMatchObject({ accepted: 2, delivered: 2 })
  expect(attached.counts).toMatchObject({ accepted: 2, delivered: 2 })
  expect(await attached.close()).toMatchObject({ accepted: 2, delivered: 2, left: 0 })
  await expect(attached.send({ topic, value: 'late' })).rejects.toMatchObject({ code: 'PRODUCER_CLOSED' })
  expect(await producer.close()).toMatchObject({ accepted: 3, delivered: 3 })
})

test('share() of the callback engine is refused with the reason', async () => {
  const callback = await useCallback()
  expect(() => callback.share()).toThrowError(expect.objectContaining({ code: 'ENGINE_UNAVAILABLE' }))
})
const useCallback = useProducers(() => cluster().bootstrapServers, 'callback')

test('a producer is not connected in a worker: node-rdkafka cannot be loaded there', async () => {
  const { told } = start({ token: null, topic: 't', name: 'w', kind: 'connect', count: 0 })
  expect((await told('code')).code).toBe('ENGINE_UNAVAILABLE')
})
