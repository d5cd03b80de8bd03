import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { PassThrough, Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { load as begin, type LoadProgress, type LoadStart, MillraceError } from '../../src/index.ts'
import { useFiles } from '../cli/harness.ts'
import { freshTopic, useEmbeddedCluster } from '../support/cluster.ts'
import { loadsInto, sumsOf } from './support.ts'

const cluster = useEmbeddedCluster()
const file = useFiles()
const load = loadsInto(cluster)
let number = 0

const lines = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => `k${(from + n) % 7}:${from + n}\n`).join('')

/** A file with a name of its own: beside it stands its receipt. */
const fresh = (content: string | Buffer, ending = 'txt') => file(`${++number}.${ending}`, content)

async function topicOf(partitions = 2): Promise<string> {
  const topic = freshTopic()
  await cluster().createTopic(topic, { partitions })
  return topic
}

async function contents(topic: string): Promise<string[]> {
  const found = await cluster().readAll(topic)
  return found.map(({ key, value }) => `${key}:${value}`).sort()
}

const expected = (content: string) => content.split('\n').filter(Boolean).sort()

describe.each(['batch', 'callback'] as const)('with the %s engine', engine => {
  test('files are loaded, and events tell how', async () => {
    const topic = await topicOf()
    const [one, two] = [fresh(lines(300)), fresh(gzipSync(lines(200, 300)), 'txt.gz')]
    const loading = load({ files: [one, two], topic, keyDelimiter: ':', engine })
    const starts: LoadStart[] = []
    const progress: LoadProgress[] = []
    loading.on('start', start => starts.push(start))
    loading.on('progress', told => progress.push(told))
    expect(loading.state).toBe('starting')
    const result = await loading.result
    expect(loading.state).toBe('ended')
    expect(result).toMatchObject({
      ...sumsOf(result),
      outcome: 'finished',
      error: undefined,
      read: 500,
      delivered: 500,
      engine,
      receipt: `${one}.receipt`,
      deadLetter: null,
    })
    expect(await contents(topic)).toEqual(expected(lines(500)))
    expect(starts).toEqual([
      {
        loadId: result.loadId,
        engine,
        inputs: [one, two],
        bytes: readFileSync(one).length + readFileSync(two).length,
        receipt: result.receipt,
      },
    ])
    expect(progress.at(-1)).toMatchObject({
      ended: true,
      share: 1,
      etaSeconds: 0,
      delivered: 500,
      inFlight: 0,
      waiting: undefined,
    })
    expect(progress.filter(({ ended }) => ended)).toHaveLength(1)
  })

  test('interrupted it resolves with its account, and is gone on with', async () => {
    const topic = await topicOf()
    const path = fresh(lines(2000))
    const options = { files: [path], topic, keyDelimiter: ':', engine } as const
    const first = load({ ...options, rate: 200, progressIntervalMs: 10 })
    first.on('progress', ({ delivered }) => {
      if (delivered > 0 && !first.interrupted) first.interrupt()
    })
    const cut = await first.result
    expect(cut).toMatchObject({ ...sumsOf(cut), outcome: 'interrupted', error: undefined, failed: 0 })
    expect(cut.delivered).toBeGreaterThan(0)
    expect(cut.read).toBeLessThan(2000)

    const notes: string[] = []
    const second = load({ ...options, resume: true })
    second.on('note', (text, of) => {
      if (of === 'resume') notes.push(text)
    })
    const rest = await second.result
    expect(rest).toMatchObject({
      ...sumsOf(rest),
      outcome: 'finished',
      loadId: cut.loadId,
      read: 2000,
      alreadyDone: cut.delivered,
      delivered: 2000 - cut.delivered,
      receipt: `${path}.receipt`,
    })
    expect(notes[0]).toMatch(new RegExp(`^Going on with a load of which ${cut.delivered} records are done`))
    expect(await contents(topic)).toEqual(expected(lines(2000)))
  })

  test('a stream is loaded, and has no receipt of its own', async () => {
    const topic = await topicOf()
    const stdin = Readable.from([Buffer.from('a:1\nb'), ':2\n', new Uint8Array(Buffer.from('c:3'))])
    const loading = load({ stdin, topic, keyDelimiter: Buffer.from(':'), engine })
    const [start] = (await once(loading, 'start')) as [LoadStart]
    expect(start).toMatchObject({ inputs: ['-'], bytes: null, receipt: null })
    expect(await loading.result).toMatchObject({ read: 3, delivered: 3, receipt: null })
    expect(await contents(topic)).toEqual(['a:1', 'b:2', 'c:3'])
  })

  test('bad records are put aside', async () => {
    const topic = await topicOf()
    const deadLetter = fresh('', 'envelope')
    const path = fresh('{"id":"a"}\nno json\n{"id":"b"}\n', 'ndjson')
    const bound = { maxRejected: { percent: 50 } }
    const { result } = load({ files: [path], topic, keyField: 'id', deadLetter, ...bound, engine })
    const account = await result
    expect(account).toMatchObject({
      ...sumsOf(account),
      outcome: 'finished',
      delivered: 2,
      rejected: 1,
      withinMaxRejected: true,
      firstRejection: { code: 'BAD_RECORD' },
      deadLetter,
    })
    const letters = readFileSync(deadLetter, 'utf8').trim().split('\n')
    expect(letters.map(letter => JSON.parse(letter))).toMatchObject([{ source: { file: path, line: 2 } }])
  })
})

test('threads, several producers, and all that messages may have', async () => {
  const topic = await topicOf(4)
  const content = Array.from({ length: 3000 }, (_, n) => `${JSON.stringify({ id: `${n}`, at: 1000 + n })}\n`)
  const loading = load({
    files: [fresh(content.join(''), 'ndjson')],
    topic,
    keyField: 'id',
    timestampField: 'at',
    headerFields: { id: 'id' },
    headers: new Map([['from', new Uint8Array([0xff])]]),
    threads: 2,
    producers: 2,
    receipt: false,
    allowExpired: true,
  })
  expect(await loading.result).toMatchObject({ delivered: 3000, engine: 'batch', receipt: null })
  const found = await cluster().readAll(topic)
  expect(new Set(found.map(({ key }) => String(key))).size).toBe(3000)
  expect(found[0]?.headers).toEqual([
    ['id', found[0]?.key],
    ['from', Buffer.from([0xff])],
  ])
})

test('a topic is made, and told of', async () => {
  const topic = freshTopic()
  const notes: [string, string][] = []
  const options = { files: [fresh('a\n')], topic, createTopic: { partitions: 3 } }
  const loading = begin({}, { ...options, embedded: cluster() })
  loading.on('note', (text, of) => notes.push([text, of]))
  expect(await loading.result).toMatchObject({ delivered: 1, receipt: null })
  expect(notes).toContainEqual([`Made the topic ${topic}, with 3 partitions`, 'preflight'])
})

test('a receipt that is asked for says that its load went to an embedded cluster', async () => {
  const topic = await topicOf()
  const receipt = `${fresh('')}.receipt`
  const options = { files: [fresh('a\n')], topic, receipt, embedded: cluster() }
  expect(await begin({}, options).result).toMatchObject({ delivered: 1, receipt })
  await expect(begin({}, { ...options, resume: 'ordered' }).result).rejects.toMatchObject({
    code: 'RECEIPT_UNFIT',
    message: expect.stringMatching(/embedded cluster.*Load all anew, with receipt: false/),
  })
})

describe('a signal', () => {
  test('that was aborted before: nothing is read, and nothing is left behind', async () => {
    const path = fresh('a\n')
    const topic = await topicOf()
    const { result } = load({ files: [path], topic, signal: AbortSignal.abort() })
    expect(await result).toMatchObject({ outcome: 'interrupted', engine: 'none', read: 0, receipt: null })
    expect(existsSync(`${path}.receipt`)).toBe(false)
    expect(await contents(topic)).toEqual([])
  })

  test('of options that are changed after the call: those of the call hold', async () => {
    const options: { files: string[]; topic: string; signal?: AbortSignal } = {
      files: [fresh('a\n')],
      topic: await topicOf(),
    }
    const { result } = load(options)
    options.topic = 'no topic'
    options.signal = AbortSignal.abort()
    expect(await result).toMatchObject({ outcome: 'finished', delivered: 1 })
  })

  test('while it connects', async () => {
    const abort = new AbortController()
    const { result } = begin(
      { 'bootstrap.servers': '127.0.0.1:9' },
      { files: [fresh('a\n')], topic: 'x', signal: abort.signal, onWarning() {} },
    )
    setImmediate(() => abort.abort())
    expect(await result).toMatchObject({ outcome: 'interrupted', read: 0 })
  })

  test('drains what was read; wrong options are told all the same', async () => {
    const abort = new AbortController()
    const stdin = new PassThrough()
    stdin.write('a\nb\n')
    const loading = load({ stdin, topic: await topicOf(), signal: abort.signal, progressIntervalMs: 10 })
    loading.on('progress', ({ delivered }) => {
      if (delivered === 2) abort.abort()
    })
    expect(await loading.result).toMatchObject({ outcome: 'interrupted', read: 2, delivered: 2 })
    expect(stdin.destroyed).toBe(true)
    const wrong = load({ files: ['a'], topic: 'x', rate: -1, signal: abort.signal })
    await expect(wrong.result).rejects.toMatchObject({ code: 'USAGE', context: { option: 'rate' } })
  })
})

describe('a load that ends before its time resolves', () => {
  test('at a bad record, which it names', async () => {
    const path = fresh('{"id":1}\nno json\n', 'ndjson')
    const account = await load({ files: [path], topic: await topicOf(), keyField: 'id' }).result
    expect(account).toMatchObject({
      ...sumsOf(account),
      outcome: 'input',
      error: { code: 'BAD_RECORD' },
      delivered: 1,
      rejected: 1,
    })
  })

  test('at what is no bytes in a stream', async () => {
    const stdin = Readable.from(['a\n', { no: 'bytes' }])
    const account = await load({ stdin, topic: await topicOf() }).result
    expect(account).toMatchObject({ outcome: 'input', error: { code: 'INPUT_UNREADABLE' }, read: 1 })
    expect(account.error?.message).toMatch(/standard input.*an object/)
  })
})

test('what a listener throws does not end the load', async () => {
  const thrown = new Error('of a listener')
  const heard = new Promise(resolve => {
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.once('uncaughtException', error => {
      for (const other of others) process.on('uncaughtException', other)
      resolve(error)
    })
  })
  const loading = load({ files: [fresh('a\n')], topic: await topicOf() })
  loading.on('start', () => {
    throw thrown
  })
  expect(await loading.result).toMatchObject({ outcome: 'finished', delivered: 1 })
  expect(await heard).toBe(thrown)
})

describe('a load that cannot begin rejects', () => {
  test('where there is a receipt, and tells the options', async () => {
    const path = fresh('a\n')
    const topic = await topicOf()
    await load({ files: [path], topic }).result
    const error = await load({ files: [path], topic }).result.catch((error: unknown) => error)
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({
      code: 'RECEIPT_UNFIT',
      hint: expect.stringMatching(/with resume: true.*receipt: false/),
    })
  })

  test('where the topic is not there', async () => {
    const path = fresh('a\n')
    await expect(load({ files: [path], topic: freshTopic() }).result).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC',
      hint: expect.stringMatching(/createTopic: true.*'allow.auto.create.topics': true/),
    })
    expect(existsSync(`${path}.receipt`)).toBe(false)
  })

  test('where an input is not', async () => {
    const { result } = load({ files: ['not-there.txt'], topic: 'x' })
    await expect(result).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' })
  })

  test.each<[properties: object, code: string]>([
    [{}, 'CONFIG_MISSING'],
    [{ 'bootstrap.servers': 'h:1', 'lingr.ms': 1 }, 'CONFIG_UNKNOWN_PROPERTY'],
    [{ 'bootstrap.servers': 'h:1', 'transactional.id': 't' }, 'CONFIG_INVALID_VALUE'],
  ])('with the properties %j', async (properties, code) => {
    const { result } = begin(properties, { files: [fresh('a\n')], topic: 'x' })
    await expect(result).rejects.toMatchObject({ name: 'MillraceError', code })
  })

  test('with no properties at all, or brokers beside an embedded cluster', async () => {
    await expect(begin(null as never, { files: [], topic: 'x' }).result).rejects.toMatchObject({
      code: 'USAGE',
    })
    const options = { files: [fresh('a\n')], topic: 'x', embedded: cluster() }
    await expect(begin({ 'bootstrap.servers': 'h:1' }, options).result).rejects.toMatchObject({
      code: 'USAGE',
      context: { option: 'embedded' },
    })
  })
})
