import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { readTopic } from '../../src/client/read-topic.ts'
import { MillraceError, type Producer, type Transaction } from '../../src/index.ts'
import { freshTopic, useProducers } from '../support/cluster.ts'

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    error => error,
  )
  expect(error).toBeInstanceOf(MillraceError)
  return (error as MillraceError).code
}

class Oops extends Error {}

/** What transactions do, with either engine, on any cluster. `visible`: whether the cluster hides what was aborted. */
export function transactionBehaviour(
  bootstrapServers: () => string,
  engine: 'batch' | 'callback',
  { hidesAborted }: { hidesAborted: boolean },
): void {
  const connect = useProducers(bootstrapServers, engine)
  let next = 0
  const transactional = (properties = {}) =>
    connect({
      'transactional.id': `id-${process.pid}-${engine}-${next++}`,
      'allow.auto.create.topics': true,
      ...properties,
    })

  const committed = async (topic: string): Promise<string[]> => {
    const values: string[] = []
    const properties = { 'bootstrap.servers': bootstrapServers() }
    for await (const { value } of readTopic(properties, { topic })) values.push(String(value))
    return values.sort()
  }
  const closed = (producer: Producer) => producer.close({ timeoutMs: 10_000 })

  test('what was sent in a transaction is delivered by its commit', async () => {
    const producer = await transactional()
    const topic = freshTopic()
    const { value, delivered } = await producer.transaction(async tx => {
      const { partition, offset } = await tx.send({ topic, value: 'a' })
      expect([typeof partition, typeof offset]).toEqual(['number', 'number'])
      const result = await tx.sendBatch([
        { topic, value: 'b' },
        { topic, value: 'c' },
      ])
      expect(result).toMatchObject({ accepted: 2, delivered: 0, acknowledged: 2, failed: 0 })
      expect(producer.counts).toMatchObject({ accepted: 3, delivered: 0, inFlight: 3 })
      const all = await tx.produceFrom(['d', 'e'].map(value => ({ topic, value })))
      expect(all).toMatchObject({ accepted: 2, delivered: 0, acknowledged: 2 })
      return 'done'
    })
    expect({ value, delivered }).toEqual({ value: 'done', delivered: 5 })
    expect(producer.counts).toMatchObject({ accepted: 5, delivered: 5, aborted: 0, inFlight: 0 })
    expect(await committed(topic)).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(await closed(producer)).toMatchObject({ accepted: 5, delivered: 5, aborted: 0, unsent: [] })
  })

  test('sends that nobody waited for are committed too', async () => {
    const producer = await transactional({ 'queue.buffering.max.messages': 50 })
    const topic = freshTopic()
    await producer.transaction(tx => {
      for (let i = 0; i < 500; i++) void tx.send({ topic, value: `${i}` })
    })
    expect(producer.counts).toMatchObject({ accepted: 500, delivered: 500 })
    expect(await committed(topic)).toHaveLength(500)
  })

  test('a throw aborts, is thrown on, and the next transaction works', async () => {
    const producer = await transactional()
    const topic = freshTopic()
    const failing = producer.transaction(async tx => {
      await tx.sendBatch([
        { topic, value: 'lost' },
        { topic, value: 'lost' },
      ])
      throw new Oops()
    })
    await expect(failing).rejects.toBeInstanceOf(Oops)
    expect(producer.counts).toMatchObject({ accepted: 2, delivered: 0, aborted: 2, inFlight: 0 })
    const { delivered } = await producer.transaction(tx => tx.send({ topic, value: 'kept' }))
    expect(delivered).toBe(1)
    if (hidesAborted) expect(await committed(topic)).toEqual(['kept'])
    expect(await closed(producer)).toMatchObject({
      accepted: 3,
      delivered: 1,
      aborted: 2,
      failed: 0,
      unsent: [],
    })
  })

  test('a throw right after sending aborts without loss of the producer', async () => {
    const producer = await transactional({ 'linger.ms': 100 })
    const topic = freshTopic()
    for (let round = 0; round < 3; round++) {
      const sent: Promise<unknown>[] = []
      const failing = producer.transaction(tx => {
        for (let i = 0; i < 20; i++) sent.push(tx.send({ topic, value: 'lost' }))
        throw new Oops()
      })
      await expect(failing).rejects.toBeInstanceOf(Oops)
      await Promise.allSettled(sent)
    }
    await producer.transaction(tx => tx.send({ topic, value: 'kept' }))
    const { accepted, delivered, aborted, failed, unsent } = await closed(producer)
    expect({ delivered, failed, unsent }).toEqual({ delivered: 1, failed: 0, unsent: [] })
    expect(accepted).toBe(delivered + aborted)
    if (hidesAborted) expect(await committed(topic)).toEqual(['kept'])
  })

  test('an empty transaction is committed, and one that throws before it sends is aborted', async () => {
    const producer = await transactional()
    expect(await producer.transaction(() => 7)).toEqual({ value: 7, delivered: 0 })
    await expect(
      producer.transaction(() => {
        throw new Oops()
      }),
    ).rejects.toBeInstanceOf(Oops)
    expect(await producer.transaction(() => 8)).toEqual({ value: 8, delivered: 0 })
  })

  test('transactions called at once run one after the other', async () => {
    const producer = await transactional()
    const topic = freshTopic()
    let running = 0
    const results = await Promise.all(
      [1, 2, 3].map(n =>
        producer.transaction(async tx => {
          expect(++running).toBe(1)
          await tx.send({ topic, value: `${n}` })
          running--
          return n
        }),
      ),
    )
    expect(results.map(({ value }) => value)).toEqual([1, 2, 3])
    expect(await committed(topic)).toEqual(['1', '2', '3'])
  })

  const outside: readonly [name: string, send: (producer: Producer, topic: string) => Promise<unknown>][] = [
    ['send', (producer, topic) => producer.send({ topic, value: 'v' })],
    ['trySend', async (producer, topic) => producer.trySend({ topic, value: 'v' })],
    ['sendBatch', (producer, topic) => producer.sendBatch([{ topic, value: 'v' }])],
    ['produceFrom', (producer, topic) => producer.produceFrom([{ topic, value: 'v' }])],
  ]
  test.each(outside)('%s outside of a transaction is refused, and accepts nothing', async (_, send) => {
    const producer = await transactional()
    expect(await codeOf(send(producer, freshTopic()))).toBe('TRANSACTION_REQUIRED')
    expect(await closed(producer)).toMatchObject({ accepted: 0 })
  })

  test('what is sent through a transaction that has ended is refused', async () => {
    const producer = await transactional()
    const topic = freshTopic()
    let kept: Transaction | undefined
    await producer.transaction(async tx => {
      kept = tx
      await tx.send({ topic, value: 'a' })
    })
    expect(await codeOf((kept as Transaction).send({ topic, value: 'b' }))).toBe('TRANSACTION_REQUIRED')
    expect(await codeOf((kept as Transaction).sendBatch([{ topic, value: 'b' }]))).toBe(
      'TRANSACTION_REQUIRED',
    )
    expect(producer.counts).toMatchObject({ accepted: 1 })
  })

  test('transaction() without a transactional.id is refused', async () => {
    const producer = await connect()
    expect(await codeOf(producer.transaction(() => {}))).toBe('USAGE')
  })

  test('a producer with a transactional.id is not shared', async () => {
    const producer = await transactional()
    expect(() => producer.share()).toThrowError(expect.objectContaining({ code: 'USAGE' }))
  })

  test('close in the middle aborts the transaction and accounts for it', async () => {
    const producer = await transactional()
    const topic = freshTopic()
    let sent!: () => void
    const inside = new Promise<void>(resolve => {
      sent = resolve
    })
    const running = codeOf(
      producer.transaction(async tx => {
        await tx.sendBatch([{ topic, value: 'lost' }])
        sent()
        // the function never ends by itself
        await new Promise(() => {})
      }),
    )
    await inside
    const closing = await closed(producer)
    expect(await running).toBe('PRODUCER_CLOSED')
    expect(closing).toMatchObject({ accepted: 1, delivered: 0, failed: 0, aborted: 1, unsent: [] })
    expect(await codeOf(producer.transaction(() => {}))).toBe('PRODUCER_CLOSED')
    if (hidesAborted) expect(await committed(topic)).toEqual([])
  })

  test('a message that is refused leaves the transaction to its function', async () => {
    const producer = await transactional()
    const topic = freshTopic()
    const { delivered } = await producer.transaction(async tx => {
      expect(await codeOf(tx.send({ topic, value: 5 as never }))).toBe('INVALID_MESSAGE')
      await tx.send({ topic, value: 'good' })
    })
    expect(delivered).toBe(1)
    expect(await committed(topic)).toEqual(['good'])
  })

  // the embedded cluster neither fences nor ends transactions by itself
  if (!hidesAborted) return
  describe('on a cluster that fences', () => {
    test('the older of two producers of one transactional.id is fenced, and says so', async () => {
      const id = `fence-${process.pid}-${engine}`
      const older = await transactional({ 'transactional.id': id })
      const topic = freshTopic()
      await older.transaction(tx => tx.send({ topic, value: 'first' }))
      const newer = await transactional({ 'transactional.id': id })
      const lost = await codeOf(
        older.transaction(async tx => {
          await tx.send({ topic, value: 'zombie' })
        }),
      )
      expect(lost).toBe('PRODUCER_FENCED')
      expect(await codeOf(older.transaction(() => {}))).toBe('PRODUCER_FENCED')
      await newer.transaction(tx => tx.send({ topic, value: 'second' }))
      expect(await committed(topic)).toEqual(['first', 'second'])
      const { accepted, delivered, failed, aborted, unsent } = await closed(older)
      expect(accepted).toBe(delivered + failed + aborted + unsent.length)
      expect(delivered).toBe(1)
    })

    test('a transaction held beyond its timeout is not called fencing', async () => {
      const producer = await transactional({
        'transaction.timeout.ms': 2000,
        'delivery.timeout.ms': 2000,
        'socket.timeout.ms': 2000,
      })
      const topic = freshTopic()
      const lost = await codeOf(
        producer.transaction(async tx => {
          await tx.send({ topic, value: 'late' })
          // the coordinator looks for transactions that are too old every 10 s by default
          await sleep(14_000)
          await tx.send({ topic, value: 'later' })
        }),
      )
      expect(lost).toBe('TRANSACTION_TIMED_OUT')
      expect(await committed(topic)).toEqual([])
      const { accepted, delivered, failed, aborted, unsent } = await closed(producer)
      expect(delivered).toBe(0)
      expect(accepted).toBe(failed + aborted + unsent.length)
    }, 60_000)
  })
}
