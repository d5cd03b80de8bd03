import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { type ReadMessage, readTopic } from '../../src/client/read-topic.ts'
import {
  DeliveryError,
  type Framed,
  type Message,
  MillraceError,
  NO_BYTES,
  type Producer,
} from '../../src/index.ts'
import { freshTopic, useProducers } from '../support/cluster.ts'

const bytes = (...values: number[]) => Buffer.from(values)
const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, value) => value))

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    value => {
      throw new Error(`resolved with ${JSON.stringify(value)}`)
    },
    error => error,
  )
}

/** Frames values, null ones included. */
function frame(topic: string, values: readonly (string | null)[], more: Partial<Framed> = {}): Framed {
  const ranges = new Uint32Array(values.length * 2)
  let end = 0
  values.forEach((value, index) => {
    const length = Buffer.byteLength(value ?? '')
    ranges.set(value === null ? [NO_BYTES, NO_BYTES] : [end, end + length], 2 * index)
    end += length
  })
  return { topic, bytes: Buffer.from(values.filter(value => value !== null).join('')), ranges, ...more }
}

/** What a producer does, with either engine, on any cluster: the embedded one, and Apache Kafka. */
export function producerBehaviour(bootstrapServers: () => string, engine: 'batch' | 'callback'): void {
  const connect = useProducers(bootstrapServers, engine)
  const making = { 'allow.auto.create.topics': true } as const

  const read = async (topic: string): Promise<ReadMessage[]> => {
    const messages: ReadMessage[] = []
    for await (const message of readTopic({ 'bootstrap.servers': bootstrapServers() }, { topic }))
      messages.push(message)
    return messages
  }
  const values = async (topic: string): Promise<string[]> =>
    (await read(topic)).map(({ value }) => String(value))

  describe('a message comes back as it went in', () => {
    const cases: readonly [name: string, message: Omit<Message, 'topic'>, expected: Partial<ReadMessage>][] =
      [
        ['strings', { key: 'k', value: 'v' }, { key: Buffer.from('k'), value: Buffer.from('v') }],
        [
          'UTF-8',
          { key: 'schlüssel', value: '値' },
          { key: Buffer.from('schlüssel'), value: Buffer.from('値') },
        ],
        [
          'a key with NUL',
          { key: 'a\0b', value: 'c\0d' },
          { key: Buffer.from('a\0b'), value: Buffer.from('c\0d') },
        ],
        ['binary', { key: ALL_BYTES, value: ALL_BYTES }, { key: ALL_BYTES, value: ALL_BYTES }],
        ['Uint8Array', { value: new Uint8Array([0, 255]) }, { value: bytes(0, 255) }],
        ['a view', { value: new Uint8Array(bytes(1, 2, 3, 4).buffer, 0).subarray(0, 0) }, { value: bytes() }],
        ['a part', { value: ALL_BYTES.subarray(250) }, { value: bytes(250, 251, 252, 253, 254, 255) }],
        ['a tombstone', { key: 'k', value: null }, { key: Buffer.from('k'), value: null }],
        ['empty strings', { key: '', value: '' }, { key: bytes(), value: bytes() }],
        ['empty Buffers', { key: Buffer.alloc(0), value: Buffer.alloc(0) }, { key: bytes(), value: bytes() }],
        ['no key', { value: 'v' }, { key: null }],
        ['a null key', { key: null, value: 'v' }, { key: null }],
        [
          'headers with repeated names, in order',
          {
            value: 'v',
            headers: [
              ['a', '1'],
              ['b', ''],
              ['a', 'ü'],
              ['', 'no name'],
              ['__proto__', 'p'],
            ],
          },
          {
            headers: [
              ['a', Buffer.from('1')],
              ['b', bytes()],
              ['a', Buffer.from('ü')],
              ['', Buffer.from('no name')],
              ['__proto__', Buffer.from('p')],
            ],
          },
        ],
        [
          'headers as an object',
          { value: 'v', headers: { a: ['1', Buffer.from('2')], b: '3' } },
          {
            headers: [
              ['a', Buffer.from('1')],
              ['a', Buffer.from('2')],
              ['b', Buffer.from('3')],
            ],
          },
        ],
        [
          'headers as a Map',
          { value: 'v', headers: new Map([['a', '1']]) },
          { headers: [['a', Buffer.from('1')]] },
        ],
        ['no headers', { value: 'v', headers: null }, { headers: [] }],
        ['a timestamp', { value: 'v', timestamp: 1_700_000_000_123 }, { timestamp: 1_700_000_000_123 }],
        ['a Date', { value: 'v', timestamp: new Date(1_700_000_000_000) }, { timestamp: 1_700_000_000_000 }],
        ['a partition', { value: 'v', partition: 0 }, { partition: 0 }],
      ]
    test.each(cases)('%s', async (_name, message, expected) => {
      const topic = freshTopic()
      const producer = await connect(making)
      const delivery = await producer.send({ topic, ...message })
      const [found, ...more] = await read(topic)
      expect(more).toEqual([])
      expect(found).toMatchObject({ ...expected, ...delivery })
    })

    test('through a batch and framed too', async () => {
      const topic = freshTopic()
      const producer = await connect(making)
      const messages = cases.map(([, message]) => ({ topic, ...message, partition: 0 }))
      const batch = await producer.sendBatch(messages, { detail: 'all' })
      expect(batch).toMatchObject({ delivered: cases.length, failures: [] })
      const framed = frame(topic, ['one', '', null, 'zwölf'], { partition: 0, key: 'k', headers: { h: 'x' } })
      expect(await producer.sendBatch(framed)).toMatchObject({ delivered: 4, failures: [] })
      const keys = {
        bytes: Buffer.from('ab'),
        ranges: new Uint32Array([0, 1, NO_BYTES, NO_BYTES, 2, 2, 0, 2]),
      }
      await producer.sendBatch(frame(topic, ['1', '2', '3', '4'], { partition: 0, keys }))
      const found = await read(topic)
      expect(found.slice(0, cases.length).map(({ value }) => value)).toEqual(
        cases.map(([, { value }, expected]) =>
          'value' in expected ? expected.value : Buffer.from(value as string),
        ),
      )
      expect(found.slice(cases.length).map(({ key, value }) => [key?.toString(), value?.toString()])).toEqual(
        [
          ['k', 'one'],
          ['k', ''],
          ['k', undefined],
          ['k', 'zwölf'],
          ['a', '1'],
          [undefined, '2'],
          ['', '3'],
          ['ab', '4'],
        ],
      )
    })

    test('on many topics of one producer', async () => {
      const topics = [freshTopic(), freshTopic(), freshTopic()]
      const producer = await connect(making)
      const batch = await producer.sendBatch(
        topics.flatMap(topic => [0, 1].map(n => ({ topic, value: `${topic} ${n}`, partition: 0 }))),
        { detail: 'all' },
      )
      for (const [n, topic] of topics.entries()) {
        expect(await values(topic)).toEqual([`${topic} 0`, `${topic} 1`])
        expect(batch.delivery(2 * n + 1)).toEqual({ topic, partition: 0, offset: 1 })
      }
    })
  })

  describe('what cannot be sent is refused, and nothing else is lost', () => {
    const sad: readonly [name: string, message: unknown, code: string, text: RegExp][] = [
      ['no message', null, 'INVALID_MESSAGE', /object with topic and value/],
      ['no topic', { value: 'v' }, 'INVALID_MESSAGE', /topic is undefined/],
      ['an empty topic', { topic: '', value: 'v' }, 'INVALID_MESSAGE', /topic is empty/],
      ['a bad name', { topic: 'a b', value: 'v' }, 'INVALID_MESSAGE', /no topic named "a b"/],
      ['a long name', { topic: 'x'.repeat(250), value: 'v' }, 'INVALID_MESSAGE', /1 to 249/],
      ['no value', { topic: 't' }, 'INVALID_MESSAGE', /no value/],
      ['half a surrogate pair', { topic: 't', value: '\ud800' }, 'INVALID_MESSAGE', /surrogate/],
      [
        'half a surrogate pair as key',
        { topic: 't', value: '', key: '\udc00x' },
        'INVALID_MESSAGE',
        /surrogate/,
      ],
      ['headers of a class', { topic: 't', value: '', headers: new Date() }, 'INVALID_MESSAGE', /Date/],
      ['a number', { topic: 't', value: 5 }, 'INVALID_MESSAGE', /value is a number/],
      ['an object', { topic: 't', value: {} }, 'INVALID_MESSAGE', /value is an object/],
      ['an ArrayBuffer', { topic: 't', value: new ArrayBuffer(1) }, 'INVALID_MESSAGE', /ArrayBuffer/],
      ['a numeric key', { topic: 't', value: 'v', key: 1 }, 'INVALID_MESSAGE', /key is a number/],
      ['partition -1', { topic: 't', value: 'v', partition: -1 }, 'INVALID_MESSAGE', /partition is -1/],
      ['partition 0.5', { topic: 't', value: 'v', partition: 0.5 }, 'INVALID_MESSAGE', /partition is 0.5/],
      ['timestamp 0', { topic: 't', value: 'v', timestamp: 0 }, 'INVALID_MESSAGE', /timestamp is 0/],
      [
        'a bad Date',
        { topic: 't', value: 'v', timestamp: new Date('x') },
        'INVALID_MESSAGE',
        /timestamp is NaN/,
      ],
      [
        'headers as text',
        { topic: 't', value: 'v', headers: 'a=b' },
        'INVALID_MESSAGE',
        /headers hold a string/,
      ],
      [
        'a header alone',
        { topic: 't', value: 'v', headers: [['a']] },
        'INVALID_MESSAGE',
        /headers hold an array/,
      ],
      [
        'a header number',
        { topic: 't', value: 'v', headers: { a: 1 } },
        'INVALID_MESSAGE',
        /header a is a number/,
      ],
      [
        'too large',
        { topic: 't', value: Buffer.alloc(1_100_000) },
        'MESSAGE_TOO_LARGE',
        /max\.message\.bytes/,
      ],
    ]
    test.each(sad)('%s', async (_name, message, code, text) => {
      const producer = await connect(making)
      const error = await rejection(producer.send(message as Message))
      expect(error).toBeInstanceOf(MillraceError)
      expect(error).toMatchObject({ code, message: expect.stringMatching(text) })
      expect(producer.counts).toMatchObject({ accepted: 0, refused: 1, inFlight: 0 })
    })

    test('in a batch by index, the others are delivered', async () => {
      const topic = freshTopic()
      const producer = await connect(making)
      const good = (value: string) => ({ topic, value, partition: 0 })
      const messages = [
        good('0'),
        { topic, value: 1 } as unknown as Message,
        good('2'),
        { topic: '' } as Message,
      ]
      const result = await producer.sendBatch(messages)
      expect(result).toMatchObject({
        messages: 4,
        offered: 4,
        accepted: 2,
        refused: 2,
        delivered: 2,
        failed: 0,
      })
      expect(result.failures.map(({ index, error }) => [index, error.code])).toEqual([
        [1, 'INVALID_MESSAGE'],
        [3, 'INVALID_MESSAGE'],
      ])
      expect(await values(topic)).toEqual(['0', '2'])
    })

    test('a partition that the topic does not have', async () => {
      const topic = freshTopic()
      const producer = await connect(making)
      await producer.send({ topic, value: 'there', partition: 0 })
      const result = await producer.sendBatch([
        { topic, value: 'in', partition: 0 },
        { topic, value: 'beyond', partition: 999 },
        { topic, value: 'in', partition: 0 },
      ])
      expect(result).toMatchObject({ delivered: 2, possiblyPersisted: 0 })
      const [failure, ...more] = result.failures
      expect(more).toEqual([])
      expect(failure?.index).toBe(1)
      expect(failure?.error).toBeInstanceOf(DeliveryError)
      expect(failure?.error).toMatchObject({
        kafkaCode: -190,
        kafkaName: '_UNKNOWN_PARTITION',
        fault: 'record',
        retriable: false,
        possiblyPersisted: false,
        topic,
      })
      await producer.flush({ timeoutMs: 5000 })
    })

    test('a topic that the cluster does not make', async () => {
      const topic = freshTopic()
      const producer = await connect({
        'allow.auto.create.topics': false,
        'topic.metadata.propagation.max.ms': 200,
        'topic.metadata.refresh.fast.interval.ms': 50,
        'delivery.timeout.ms': 10_000,
      })
      const error = await rejection(producer.send({ topic, value: 'v' }))
      expect(error).toBeInstanceOf(DeliveryError)
      expect(error).toMatchObject({
        code: 'DELIVERY_FAILED',
        kafkaName: expect.stringMatching(/^(_UNKNOWN_TOPIC|UNKNOWN_TOPIC_OR_PART)$/),
        fault: 'cluster',
        possiblyPersisted: false,
        topic,
        message: expect.stringContaining('no such topic'),
      })
      expect(await producer.describeTopic(topic)).toBeNull()
    })

    const frames: readonly [name: string, change: object, text: RegExp][] = [
      ['odd ranges', { ranges: new Uint32Array(3) }, /3 numbers/],
      ['ranges as array', { ranges: [0, 1] }, /no Uint32Array/],
      ['beyond the bytes', { ranges: new Uint32Array([0, 99]) }, /message 0 are 0 to 99, of 2 bytes/],
      ['backwards', { ranges: new Uint32Array([0, 1, 2, 1]) }, /message 1 are 2 to 1/],
      ['no bytes', { bytes: 'ab' }, /`bytes` is no Uint8Array/],
      ['fewer keys', { keys: { bytes: bytes(1), ranges: new Uint32Array([0, 1]) } }, /2 values and 1 keys/],
      [
        'key and keys',
        { key: 'k', keys: { bytes: bytes(1), ranges: new Uint32Array([0, 1, 0, 1]) } },
        /both/,
      ],
    ]
    test.each(frames)('a frame with %s', async (_name, change, text) => {
      const producer = await connect(making)
      const framed = { topic: 't', bytes: bytes(1, 2), ranges: new Uint32Array([0, 1, 1, 2]), ...change }
      const error = await rejection(producer.sendBatch(framed as Framed))
      expect(error).toBeInstanceOf(MillraceError)
      expect(error).toMatchObject({ code: 'INVALID_MESSAGE', message: expect.stringMatching(text) })
      expect(producer.counts.accepted).toBe(0)
    })
  })

  test.each(['frame', 'array of several topics'])(
    'runs of deliveries tell what each alone does: %s',
    async kind => {
      const topic = freshTopic()
      const other = freshTopic()
      const producer = await connect(making)
      const texts = Array.from({ length: 40 }, (_, n) => `${n}`)
      const array = texts.map(
        (value, n): Message => ({ topic: n % 7 === 3 ? other : topic, value, key: value }),
      )
      const given =
        kind === 'frame' ? frame(topic, texts) : [...array, { topic, value: 1 } as unknown as Message]
      const result = await producer.sendBatch(given, { detail: 'all' })
      const told: unknown[] = []
      result.visitRuns((topic, partition, offset, index, count) => {
        for (let n = 0; n < count; n++) told[index + n] = { topic, partition, offset: (offset as number) + n }
      })
      expect(told).toEqual(texts.map((_, index) => result.delivery(index)))
      expect(told).not.toContain(null)
      const counted = await producer.sendBatch(frame(topic, ['x']), { detail: 'counts' })
      counted.visitRuns(() => expect.unreachable())
    },
  )

  describe('when room runs out', () => {
    const narrow = { ...making, 'queue.buffering.max.messages': 10, 'linger.ms': 0 } as const

    test('a batch larger than the room is accepted bit by bit, once each, in order', async () => {
      const topic = freshTopic()
      const producer = await connect(narrow)
      let most = 0
      const watch = setInterval(() => {
        most = Math.max(most, producer.counts.inFlight)
      }, 0)
      const expected = Array.from({ length: 2500 }, (_, n) => `m${n}`)
      const result = await producer.sendBatch(expected.map(value => ({ topic, value, partition: 0 })))
      clearInterval(watch)
      expect(result).toMatchObject({ offered: 2500, accepted: 2500, delivered: 2500, failures: [] })
      expect(most).toBeLessThanOrEqual(10)
      expect(await values(topic)).toEqual(expected)
    })

    test('calls wait in line and enter in their order', async () => {
      const topic = freshTopic()
      const producer = await connect(narrow)
      const calls: Promise<unknown>[] = []
      const expected: string[] = []
      for (let call = 0; call < 40; call++) {
        const one = `${call}`
        const several = Array.from({ length: 7 }, (_, n) => `${call}.${n}`)
        expected.push(one, ...several)
        calls.push(producer.send({ topic, value: one, partition: 0 }))
        calls.push(producer.sendBatch(several.map(value => ({ topic, value, partition: 0 }))))
      }
      expect(producer.counts.waiting).toBeGreaterThan(0)
      expect(producer.trySend({ topic, value: 'no room', partition: 0 })).toBeNull()
      await Promise.all(calls)
      expect(await values(topic)).toEqual(expected)
      expect(producer.counts).toMatchObject({ accepted: 320, delivered: 320, inFlight: 0, inFlightBytes: 0 })
    })

    test('however much is offered at once, others have their turn before all of it is, and it keeps its order', async () => {
      const topic = freshTopic()
      const producer = await connect({ ...making, 'queue.buffering.max.messages': 1_000_000 })
      const batch = (call: number) =>
        Array.from({ length: 1000 }, (_, n) => ({ topic, value: `${call}.${n}`, partition: 0 }))
      const batches = Array.from({ length: 60 }, (_, call) => batch(call))
      const calls = batches.map(messages => producer.sendBatch(messages))
      // there is room for all
      expect(producer.counts.accepted).toBeLessThan(60_000)
      await new Promise(resolve => setImmediate(resolve))
      expect(producer.counts.accepted).toBeLessThan(60_000)
      await Promise.all(calls)
      expect(await values(topic)).toEqual(batches.flat().map(({ value }) => value))
    })

    test('bytes count as well', async () => {
      const topic = freshTopic()
      const producer = await connect({ ...making, 'queue.buffering.max.kbytes': 16, 'linger.ms': 0 })
      const value = Buffer.alloc(5000, 'x')
      const result = await producer.sendBatch(Array.from({ length: 50 }, () => ({ topic, value })))
      expect(result.delivered).toBe(50)
      const error = await rejection(producer.send({ topic, value: Buffer.alloc(20_000) }))
      expect(error).toMatchObject({
        code: 'MESSAGE_TOO_LARGE',
        message: expect.stringMatching(/16384 bytes/),
      })
      const large = 'y'.repeat(20_000)
      const framed = await producer.sendBatch(frame(topic, ['a', large, 'b', large]))
      expect(framed).toMatchObject({ offered: 4, accepted: 2, refused: 2, delivered: 2 })
      expect(framed.failures.map(({ index, error }) => [index, error.code])).toEqual([
        [1, 'MESSAGE_TOO_LARGE'],
        [3, 'MESSAGE_TOO_LARGE'],
      ])
    })

    test('a frame that is changed while it waits loses the messages concerned, no others', async () => {
      const topic = freshTopic()
      const producer = await connect({ ...narrow, 'linger.ms': 20 })
      const framed = frame(
        topic,
        Array.from({ length: 100 }, (_, n) => `${n}`),
      )
      const batch = producer.sendBatch(framed)
      for (const index of [50, 70, 99]) framed.ranges[2 * index + 1] = 1_000_000
      const { delivered, refused, failures } = await batch
      expect({ delivered, refused }).toEqual({ delivered: 97, refused: 3 })
      expect(failures.map(({ index, error }) => [index, error.code])).toEqual([
        [50, 'INVALID_MESSAGE'],
        [70, 'INVALID_MESSAGE'],
        [99, 'INVALID_MESSAGE'],
      ])
      expect(await values(topic)).toHaveLength(97)
    })

    test('an abort withdraws only what was not accepted', async () => {
      const topic = freshTopic()
      const producer = await connect({ ...narrow, 'linger.ms': 50 })
      const abort = new AbortController()
      const batch = producer.sendBatch(
        Array.from({ length: 1000 }, (_, n) => ({ topic, value: `${n}`, partition: 0 })),
        { signal: abort.signal },
      )
      const single = rejection(
        producer.send({ topic, value: 'single', partition: 0 }, { signal: abort.signal }),
      )
      const after = producer.send({ topic, value: 'after', partition: 0 })
      abort.abort()
      const error = (await rejection(batch)) as MillraceError
      expect(error).toMatchObject({ code: 'ABORTED' })
      const { offered, delivered } = error.context.result as { offered: number; delivered: number }
      expect(delivered).toBe(offered)
      expect(offered).toBeLessThan(1000)
      expect(await single).toMatchObject({ code: 'ABORTED' })
      await after
      const expected = Array.from({ length: offered }, (_, n) => `${n}`)
      expect(await values(topic)).toEqual([...expected, 'after'])
    })

    test('one that was aborted before is not accepted', async () => {
      const producer = await connect(making)
      const signal = AbortSignal.abort()
      const topic = freshTopic()
      expect(await rejection(producer.send({ topic, value: 'v' }, { signal }))).toMatchObject({
        code: 'ABORTED',
      })
      expect(await rejection(producer.sendBatch([{ topic, value: 'v' }], { signal }))).toMatchObject({
        code: 'ABORTED',
      })
      expect(await rejection(producer.produceFrom([{ topic, value: 'v' }], { signal }))).toMatchObject({
        code: 'ABORTED',
      })
      expect(producer.counts).toMatchObject({ accepted: 0, refused: 0, waiting: 0 })
    })
  })

  describe('produceFrom', () => {
    const topicValues = (topic: string, n: number) =>
      Array.from({ length: n }, (_, index) => ({ topic, value: `${index}`, partition: 0 }))
    const numbers = (n: number) => Array.from({ length: n }, (_, index) => `${index}`)

    const sources: readonly [
      name: string,
      (messages: Message[]) => Iterable<unknown> | AsyncIterable<unknown>,
    ][] = [
      ['an array', messages => messages],
      [
        'a generator',
        function* (messages) {
          yield* messages
        },
      ],
      [
        'an async generator',
        async function* (messages) {
          yield* messages
        },
      ],
      ['a Readable', messages => Readable.from(messages)],
      ['arrays', messages => [messages.slice(0, 1200), [], messages.slice(1200)]],
      [
        'frames',
        messages => [
          frame(messages[0]?.topic ?? '', messages.map(({ value }) => value as string).slice(0, 5), {
            partition: 0,
          }),
          messages.slice(5),
        ],
      ],
    ]
    test.each(sources)('takes %s, and one loop keeps the order', async (_name, source) => {
      const topic = freshTopic()
      const producer = await connect({ ...making, 'queue.buffering.max.messages': 100 })
      const result = await producer.produceFrom(source(topicValues(topic, 2500)) as Iterable<Message>)
      expect(result).toMatchObject({
        offered: 2500,
        accepted: 2500,
        delivered: 2500,
        failures: [],
        unsent: [],
      })
      expect(await values(topic)).toEqual(numbers(2500))
    })

    test('loops run the map side by side', async () => {
      const topic = freshTopic()
      const producer = await connect(making)
      let running = 0
      let most = 0
      const result = await producer.produceFrom(numbers(50), {
        loops: 5,
        async map(value) {
          most = Math.max(most, ++running)
          await new Promise(resolve => setImmediate(resolve))
          running--
          return { topic, value }
        },
      })
      expect(result.delivered).toBe(50)
      expect(most).toBe(5)
      expect((await values(topic)).sort()).toEqual(numbers(50).sort())
    })

    test('takes from an endless source no more than there is room for', async () => {
      const topic = freshTopic()
      const producer = await connect({ ...making, 'queue.buffering.max.messages': 50, 'linger.ms': 100 })
      const abort = new AbortController()
      let taken = 0
      function* endless() {
        for (;;) yield { topic, value: `${taken++}`, partition: 0 }
      }
      let ahead = 0
      const watch = setInterval(() => {
        ahead = Math.max(ahead, taken - producer.counts.delivered)
        if (producer.counts.delivered > 300) abort.abort()
      }, 1)
      const error = (await rejection(
        producer.produceFrom(endless(), { signal: abort.signal }),
      )) as MillraceError
      clearInterval(watch)
      expect(error).toMatchObject({ code: 'ABORTED' })
      const result = error.context.result as { accepted: number; delivered: number; unsent: Message[] }
      expect(result.delivered).toBe(result.accepted)
      expect(result.accepted + result.unsent.length).toBe(taken)
      expect(ahead).toBeLessThanOrEqual(52)
    })

    test('a failing source ends it, after what was accepted', async () => {
      const topic = freshTopic()
      const producer = await connect(making)
      function* broken() {
        yield* topicValues(topic, 30)
        throw new Error('disk on fire')
      }
      for (const loops of [1, 3]) {
        const error = (await rejection(producer.produceFrom(broken(), { loops }))) as MillraceError
        expect(error).toMatchObject({
          code: 'SOURCE_FAILED',
          message: expect.stringContaining('disk on fire'),
        })
        expect(error.context.result).toMatchObject({ accepted: 30, delivered: 30 })
      }
    })

    test('failures are told with the message, and a throwing handler ends it without losing count', async () => {
      const topic = freshTopic()
      const producer = await connect(making)
      const bad = { topic, value: 5 } as unknown as Message
      const heard: unknown[] = []
      const result = await producer.produceFrom([{ topic, value: 'a' }, bad, [{ topic, value: 'b' }, bad]], {
        onFailure: ({ index, message }) => heard.push([index, message]),
      })
      expect(result).toMatchObject({ offered: 4, accepted: 2, refused: 2, delivered: 2 })
      expect(result.failures.map(({ index }) => index)).toEqual([1, 3])
      expect(heard).toEqual([
        [1, bad],
        [3, bad],
      ])
      const error = (await rejection(
        producer.produceFrom([bad, { topic, value: 'c' }], {
          onFailure: () => {
            throw new Error('handler broke')
          },
        }),
      )) as MillraceError
      expect(error).toMatchObject({
        code: 'SOURCE_FAILED',
        message: expect.stringContaining('handler broke'),
      })
      expect(error.context.result).toMatchObject({ refused: 1, accepted: 0 })
    })

    test('hears of each batch', async () => {
      const topic = freshTopic()
      const producer = await connect(making)
      const heard: unknown[] = []
      await producer.produceFrom([topicValues(topic, 3), frame(topic, ['x'], { partition: 0 })], {
        detail: 'all',
        onBatch: (result, messages) =>
          heard.push([result.delivered, result.delivery(0)?.offset, 'ranges' in messages]),
      })
      expect(heard).toEqual([
        [3, 0, false],
        [1, 3, true],
      ])
    })

    test('does not wait for a source that went quiet when it is aborted, or the producer closed', async () => {
      const quiet = () =>
        (async function* () {
          yield { topic: freshTopic(), value: 'v' }
          await new Promise(() => {})
        })()
      const producer = await connect(making)
      const abort = new AbortController()
      const aborted = rejection(producer.produceFrom(quiet(), { signal: abort.signal }))
      const closed = rejection(producer.produceFrom(quiet()))
      await expect.poll(() => producer.counts.delivered).toBe(2)
      abort.abort()
      expect(await aborted).toMatchObject({ code: 'ABORTED', context: { result: { delivered: 1 } } })
      await producer.close()
      expect(await closed).toMatchObject({ code: 'PRODUCER_CLOSED', context: { result: { delivered: 1 } } })
    })

    test('a large array that is cut short is handed back', async () => {
      const producer = await connect({ ...making, 'queue.buffering.max.messages': 10, 'linger.ms': 100 })
      const topic = freshTopic()
      const many = Array.from({ length: 200_000 }, (_, n) => ({ topic, value: `${n}` }))
      const abort = new AbortController()
      const run = rejection(producer.produceFrom([many, many], { signal: abort.signal }))
      await expect.poll(() => producer.counts.delivered).toBeGreaterThan(0)
      abort.abort()
      const { context } = (await run) as MillraceError
      const result = context.result as {
        offered: number
        accepted: number
        delivered: number
        unsent: Message[]
      }
      expect(result.delivered).toBe(result.accepted)
      expect(result.offered + result.unsent.length).toBe(200_000)
    })

    test('an abort from inside a handler does not disturb the account', async () => {
      const producer = await connect({ ...making, 'queue.buffering.max.messages': 1, 'linger.ms': 5 })
      const topic = freshTopic()
      const abort = new AbortController()
      const source = [
        { topic, value: '1' },
        { topic, value: '2' },
        { topic: 'bad topic', value: 'x' },
        { topic, value: '4' },
        { topic, value: '5' },
      ]
      const run = producer.produceFrom(source, {
        loops: 3,
        signal: abort.signal,
        onFailure: () => abort.abort(),
      })
      const { context } = (await rejection(run)) as MillraceError
      const result = context.result as Record<string, number> & { unsent: Message[]; failures: unknown[] }
      expect(result).toMatchObject({ refused: 1, failures: [{ index: 2 }] })
      expect(result.offered).toBe((result.accepted as number) + 1)
      expect(result.unsent.map(({ topic }) => topic)).not.toContain('bad topic')
      const closing = await producer.close()
      expect(closing).toMatchObject({ accepted: result.accepted, delivered: result.delivered, refused: 1 })
      expect(await values(topic)).toHaveLength(closing.delivered)
    })

    test('a getter that aborts does not withdraw what was accepted', async () => {
      const producer = await connect(making)
      const abort = new AbortController()
      const topic = freshTopic()
      const message = {
        topic,
        get value() {
          abort.abort()
          return 'v'
        },
      }
      expect(await producer.send(message, { signal: abort.signal })).toMatchObject({ topic, offset: 0 })
    })

    test('a map that never answers does not hold up an abort', async () => {
      const producer = await connect(making)
      const abort = new AbortController()
      const run = rejection(
        producer.produceFrom([1], { map: () => new Promise<Message>(() => {}), signal: abort.signal }),
      )
      abort.abort()
      expect(await run).toMatchObject({ code: 'ABORTED' })
    })

    test.each([0, -1, 1.5, Number.NaN, '3'])('refuses %s loops', async loops => {
      const producer = await connect(making)
      const error = await rejection(producer.produceFrom([], { loops: loops as number }))
      expect(error).toMatchObject({ code: 'USAGE' })
    })

    test.each([null, undefined, 5, {}])('refuses %s as a source', async source => {
      const producer = await connect(making)
      const error = await rejection(producer.produceFrom(source as unknown as Message[]))
      expect(error).toMatchObject({ code: 'USAGE' })
    })
  })

  describe('each operation in each state', () => {
    const topic = 'states'
    const message = { topic, value: 'v' }
    const operations: Readonly<Record<string, (producer: Producer) => Promise<unknown>>> = {
      send: producer => producer.send(message),
      trySend: async producer => producer.trySend(message),
      sendBatch: producer => producer.sendBatch([message]),
      produceFrom: producer => producer.produceFrom([message]),
      flush: producer => producer.flush(),
      close: producer => producer.close(),
      describeTopic: producer => producer.describeTopic(topic),
    }
    const expected: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
      open: {
        send: { topic },
        trySend: { topic },
        sendBatch: { delivered: 1 },
        produceFrom: { delivered: 1 },
        flush: undefined,
        close: { accepted: 0, delivered: 0, unsent: [] },
        describeTopic: { topic },
      },
      closing: {
        send: 'PRODUCER_CLOSED',
        trySend: 'PRODUCER_CLOSED',
        sendBatch: 'PRODUCER_CLOSED',
        produceFrom: 'PRODUCER_CLOSED',
        flush: undefined,
        close: { accepted: 1, delivered: 1 },
        describeTopic: 'PRODUCER_CLOSED',
      },
      closed: {
        send: 'PRODUCER_CLOSED',
        trySend: 'PRODUCER_CLOSED',
        sendBatch: 'PRODUCER_CLOSED',
        produceFrom: 'PRODUCER_CLOSED',
        flush: undefined,
        close: { accepted: 0, delivered: 0 },
        describeTopic: 'PRODUCER_CLOSED',
      },
    }
    const enter: Readonly<Record<string, (producer: Producer) => unknown>> = {
      open: () => {},
      closing: producer => {
        const sent = producer.send(message)
        void producer.close()
        return sent.catch(() => {})
      },
      closed: producer => producer.close(),
    }
    for (const [state, outcomes] of Object.entries(expected)) {
      test.each(Object.entries(outcomes))(`${state}: %s`, async (name, outcome) => {
        const producer = await connect({ ...making, 'linger.ms': 100 })
        const entering = enter[state]?.(producer)
        if (state === 'closed') await entering
        expect(producer.state).toBe(state)
        const call = operations[name] as (producer: Producer) => Promise<unknown>
        if (typeof outcome === 'string')
          expect(await rejection(call(producer))).toMatchObject({ code: outcome })
        else if (outcome === undefined) expect(await call(producer)).toBeUndefined()
        else expect(await call(producer)).toMatchObject(outcome as object)
        await entering
      })
    }

    test('close lets calls made before finish, those in line too', async () => {
      const producer = await connect({ ...making, 'queue.buffering.max.messages': 5 })
      const own = freshTopic()
      const sends = Array.from({ length: 100 }, (_, n) =>
        producer.send({ topic: own, value: `${n}`, partition: 0 }),
      )
      const closing = await producer.close()
      expect(closing).toMatchObject({ accepted: 100, delivered: 100, failed: 0, unsent: [] })
      await Promise.all(sends)
      expect(await producer.close()).toBe(closing)
    })

    test('await using closes', async () => {
      let kept: Producer
      {
        await using producer = await connect(making)
        kept = producer
        void producer.send({ topic: freshTopic(), value: 'v' })
      }
      expect(kept.state).toBe('closed')
      expect(kept.counts).toMatchObject({ accepted: 1, delivered: 1 })
    })

    test('flush sends what lingers', async () => {
      const producer = await connect({ ...making, 'linger.ms': 60_000, 'delivery.timeout.ms': 120_000 })
      const sent = producer.send({ topic: freshTopic(), value: 'v' })
      await producer.flush({ timeoutMs: 20_000 })
      await sent
      expect(producer.counts).toMatchObject({ delivered: 1, inFlight: 0 })
    })
  })

  test('the first message does not wait for the timer by which librdkafka asks for a producer id again', async () => {
    const TIMER_MS = 500
    const topic = freshTopic()
    await (await connect(making)).send({ topic, value: 'made' })
    const waits: number[] = []
    for (let n = 0; n < 9; n++) {
      const producer = await connect()
      const sentAt = performance.now()
      await producer.send({ topic, value: 'v' })
      waits.push(performance.now() - sentAt)
    }
    // with the timer most of them take that long; a busy machine delays some
    const [median] = waits.sort((a, b) => a - b).slice(4)
    expect(median).toBeLessThan(TIMER_MS * 0.8)
  })

  describe('latency', () => {
    test('counts each delivered message, from when it was due', async () => {
      const topic = freshTopic()
      const producer = await connect({ ...making, 'linger.ms': 0 }, { latency: true })
      await producer.send({ topic, value: 'the first waits for its producer id' })
      producer.latency({ reset: true })
      await producer.send({ topic, value: 'v' })
      await producer.sendBatch(frame(topic, ['a', 'b']), { detail: 'counts' })
      await producer.sendBatch([{ topic, value: 'c' }])
      await producer.produceFrom([{ topic, value: 'd' }])
      await producer.trySend({ topic, value: 'e' })
      const calls = producer.latency()
      expect(calls.count).toBe(6)
      expect(calls.max).toBeLessThan(10_000e6)
      expect(producer.latency({ reset: true }).count).toBe(6)
      expect(producer.latency().count).toBe(0)

      const dueAt = performance.now() - 3_600_000
      await producer.send({ topic, value: 'late' }, { dueAt })
      await producer.sendBatch([{ topic, value: 'late' }], { dueAt })
      const late = producer.latency()
      expect(late.count).toBe(2)
      for (const latency of [late.atRank(1), late.max ?? 0]) {
        expect(latency).toBeGreaterThan(3_590_000e6)
        expect(latency).toBeLessThan(3_700_000e6)
      }
      await producer.close()
      expect(producer.latency().count).toBe(2)
    })

    test('waiting for room is part of it', async () => {
      const topic = freshTopic()
      const producer = await connect(
        { ...making, 'queue.buffering.max.messages': 1, 'linger.ms': 20 },
        { latency: true },
      )
      await producer.sendBatch([{ topic, value: 'the first waits for its producer id' }])
      producer.latency({ reset: true })
      await Promise.all(Array.from({ length: 10 }, () => producer.send({ topic, value: 'v' })))
      const latencies = producer.latency()
      expect(latencies.count).toBe(10)
      // each waits for all before it, one at a time, of 20 ms or more
      expect(latencies.max).toBeGreaterThan(150e6)
    })

    test('is not measured unless asked for', async () => {
      const producer = await connect(making)
      expect(() => producer.latency()).toThrowError(expect.objectContaining({ code: 'USAGE' }))
    })
  })
}
