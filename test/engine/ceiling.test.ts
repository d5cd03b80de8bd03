import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import type { LogLine } from '../../src/client/witness.ts'
import { limitsFrom } from '../../src/engine/admission.ts'
import { Ceiling, type CeilingOptions } from '../../src/engine/ceiling.ts'
import { Producer } from '../../src/index.ts'
import { effectiveProperties } from '../../src/producer/effective-properties.ts'
import { freshTopic, useEmbeddedCluster } from '../support/cluster.ts'

const cluster = useEmbeddedCluster()
const open: Ceiling[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(ceiling => ceiling.close()))
})

const silent = { error() {}, log() {}, statistics() {} }
const words = ['', 'a', 'longer', 'x'.repeat(500)]

/** Payloads as `Ceiling` takes them. */
function payloadsOf(texts: readonly string[]): CeilingOptions['payloads'] {
  const ends: number[] = []
  let at = 0
  for (const text of texts) {
    ends.push(at, at + text.length)
    at += text.length
  }
  return { bytes: Buffer.from(texts.join('')), ranges: Uint32Array.from(ends) }
}

async function connect(
  given: Record<string, string | number> = {},
  {
    texts = words,
    messages = 1000,
    bytes = 1e6,
  }: { texts?: string[]; messages?: number; bytes?: number } = {},
): Promise<Ceiling> {
  const properties = effectiveProperties(
    { 'bootstrap.servers': cluster().bootstrapServers, ...given },
    () => {},
  )
  const ceiling = await Ceiling.connect(properties, silent, {
    payloads: payloadsOf(texts),
    limits: { messages, bytes },
    timeoutMs: 10_000,
  })
  open.push(ceiling)
  return ceiling
}

describe('a ceiling', () => {
  test('sends its payloads round and round, each byte for byte', async () => {
    const topic = freshTopic()
    const ceiling = await connect()
    ceiling.start(topic, 4 * 250 + 2, true)
    await ceiling.ended()

    expect(ceiling.counts).toEqual({
      offered: 1002,
      delivered: 1002,
      failed: 0,
      possiblyPersisted: 0,
      firstError: 0,
    })
    const values = (await cluster().readAll(topic)).map(({ value }) => value?.toString())
    const countOf = (word: string) => values.filter(value => value === word).length
    expect(words.map(countOf)).toEqual([251, 251, 250, 250])
  })

  test.each([
    ['one message at a time', { messages: 1 }],
    ['as many at a time as the bytes allow', { bytes: 300 + 500 }],
    ['one payload alone', { texts: ['only'] }],
  ])('sends %s', async (_, more) => {
    const topic = freshTopic()
    const ceiling = await connect({ 'linger.ms': 0 }, more)
    ceiling.start(topic, 60, true)
    await ceiling.ended()
    expect(ceiling.counts).toMatchObject({ offered: 60, delivered: 60 })
    expect(await cluster().readAll(topic)).toHaveLength(60)
  })

  test('goes on until it is stopped, and can be started again', async () => {
    const topic = freshTopic()
    const ceiling = await connect()
    ceiling.start(topic, Number.POSITIVE_INFINITY, true)
    await expect.poll(() => ceiling.counts.delivered).toBeGreaterThan(1000)
    await ceiling.stop()
    const { offered } = ceiling.counts
    await ceiling.ended()
    expect(ceiling.counts).toMatchObject({ offered, delivered: offered })

    ceiling.start(topic, 500, true)
    await ceiling.ended()
    expect(ceiling.counts).toMatchObject({ offered: offered + 500, delivered: offered + 500 })
  })

  test('flush does not wait for linger', async () => {
    const ceiling = await connect({ 'linger.ms': 60_000 })
    ceiling.start(freshTopic(), 10, true)
    await ceiling.offered()
    expect(ceiling.counts.delivered).toBe(0)
    ceiling.flush()
    await ceiling.ended()
    expect(ceiling.counts.delivered).toBe(10)
  })

  test('refused messages have failed, and end it', async () => {
    const ceiling = await connect(
      { 'message.max.bytes': 1000 },
      { texts: ['y'.repeat(2000)], messages: 10_000 },
    )
    ceiling.start(freshTopic(), Number.POSITIVE_INFINITY, true)
    await ceiling.ended()
    const { offered, failed, delivered, possiblyPersisted, firstError } = ceiling.counts
    expect(failed).toBeGreaterThan(0)
    expect([offered, delivered, possiblyPersisted, firstError]).toEqual([failed, 0, 0, 10])
  })

  test('a payload beyond what may be in flight is too large, as for an engine', async () => {
    const ceiling = await connect({}, { texts: ['small', 'z'.repeat(2000)], bytes: 1000 })
    ceiling.start(freshTopic(), 20, false)
    await ceiling.ended()
    expect(ceiling.counts).toMatchObject({ offered: 20, delivered: 10, failed: 10, firstError: 10 })
  })

  test('close accounts for what is in flight', async () => {
    const ceiling = await connect({ 'linger.ms': 60_000 })
    ceiling.start(freshTopic(), 100, false)
    await ceiling.offered()
    await ceiling.close()
    expect(ceiling.counts).toMatchObject({ offered: 100, delivered: 0, failed: 100, possiblyPersisted: 0 })
    expect(() => ceiling.start('any', 1, true)).toThrow('closed')
  })

  test('close while it runs', async () => {
    const ceiling = await connect()
    ceiling.start(freshTopic(), Number.POSITIVE_INFINITY, true)
    await expect.poll(() => ceiling.counts.delivered).toBeGreaterThan(0)
    await Promise.all([ceiling.close(), ceiling.close()])
    const { offered, delivered, failed } = ceiling.counts
    expect(delivered + failed).toBe(offered)
  })

  test('without a broker nothing stays behind', async () => {
    const properties = { 'bootstrap.servers': '127.0.0.1:1' }
    const options = { payloads: payloadsOf(words), limits: limitsFrom({}), timeoutMs: 300 }
    await expect(Ceiling.connect(properties, silent, options)).rejects.toMatchObject({
      name: 'MillraceError',
      code: 'BROKER_UNREACHABLE',
    })
  })
})

describe('its client', () => {
  /** What librdkafka says of a client's configuration, but for addresses. */
  function configurationIn(lines: readonly LogLine[]): string[] {
    return lines
      .filter(({ facility }) => facility === 'CONF')
      .map(({ message }) => message.replace(/^\[thrd:[^\]]*\]:\s*/, '').trim())
      .filter(text => !text.includes('= 0x'))
      .sort()
  }

  test('has the configuration of a producer of the batch engine', async () => {
    const given = {
      'bootstrap.servers': cluster().bootstrapServers,
      // alone, its lines stay in node-rdkafka until something else is logged
      debug: 'conf,broker',
      'linger.ms': 7,
      acks: 1,
      'enable.idempotence': false,
      'compression.type': 'lz4',
      'batch.num.messages': 123,
    } as const
    const ofProducer: LogLine[] = []
    const ofCeiling: LogLine[] = []
    const producer = await Producer.connect(given, { engine: 'batch', onLog: line => ofProducer.push(line) })
    const ceiling = await Ceiling.connect(
      effectiveProperties(given, () => {}),
      { ...silent, log: line => ofCeiling.push(line) },
      { payloads: payloadsOf(words), limits: limitsFrom({}), timeoutMs: 10_000 },
    )
    open.push(ceiling)
    const complete = (lines: LogLine[]) => configurationIn(lines).some(text => text.startsWith('partitioner'))
    await expect.poll(() => complete(ofProducer) && complete(ofCeiling)).toBe(true)
    await producer.close()

    expect(configurationIn(ofCeiling)).toEqual(configurationIn(ofProducer))
    expect(configurationIn(ofCeiling)).toEqual(
      expect.arrayContaining(['batch.num.messages = 123', 'partitioner = murmur2_random']),
    )
  })
})

describe('a process that ends while it runs', () => {
  const script = (last: string) => `
    import { Ceiling } from './src/engine/ceiling.ts'
    const { payloads, brokers } = JSON.parse(process.argv.at(-1))
    const ceiling = await Ceiling.connect(
      { 'bootstrap.servers': brokers },
      { error() {}, log() {}, statistics() {} },
      {
        payloads: { bytes: Buffer.from(payloads), ranges: Uint32Array.of(0, payloads.length) },
        limits: { messages: 10_000, bytes: 1e7 },
        timeoutMs: 10_000,
      },
    )
    ceiling.start('exit', Infinity, true)
    while (ceiling.counts.delivered === 0) await new Promise(resolve => setTimeout(resolve, 5))
    ${last}`

  test.each([
    ['by process.exit', 'process.exit(7)', 7],
    ['by an error', 'throw new Error("on purpose")', 1],
  ])('%s', async (_, last, code) => {
    const order = JSON.stringify({ brokers: cluster().bootstrapServers, payloads: 'abc' })
    const args = ['--import', 'tsx', '--input-type=module', '--eval', script(last), order]
    const child = spawn(process.execPath, args, { stdio: 'ignore' })
    onTestFinished(() => void child.kill('SIGKILL'))
    expect(await once(child, 'exit')).toEqual([code, null])
  })
})
