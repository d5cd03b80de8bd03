import { describe, expect, test } from 'vitest'
import type { Message } from '../../src/index.ts'
import type { ChunkLine, ReceiptLine } from '../../src/load/receipt/format.ts'
import { freshTopic, useEmbeddedCluster, useProducers } from '../support/cluster.ts'
import { chunkLine, header, loadChunks, receiptBytes, writeReceipt } from '../support/receipts.ts'
import { millrace, start, useFiles } from './harness.ts'

const cluster = useEmbeddedCluster()
const connect = useProducers(() => cluster().bootstrapServers)
const file = useFiles()

interface Told {
  readonly schema: string
  readonly chunks: Record<string, number>
  readonly records: Record<string, number>
  readonly problems: readonly {
    chunk: number
    outcome: string
    reason: string
    records: number
    found: number
    ranges: readonly object[]
    offsets: readonly object[]
  }[]
  readonly receipts: readonly { receipt: string; damagedLine: number | null; unchecked: string[] }[]
  readonly sample: { percent: number; seed: number } | null
  readonly notProved: readonly string[]
  readonly recordsPerSecond: number
  readonly exitCode: number
}

function messages(topic: string, count: number): Message[] {
  return Array.from({ length: count }, (_, n) => ({
    topic,
    value: n % 13 === 0 ? null : n % 7 === 0 ? '' : `value ${n}`,
    key: n % 5 === 0 ? undefined : n % 3 === 0 ? '' : `key ${n % 100}`,
    headers:
      n % 2 === 0
        ? [
            ['h', null],
            ['h', ''],
            ['ü', Buffer.from([255, 0])],
          ]
        : undefined,
  }))
}

async function loaded(topic: string, count = 1000, chunkRecords = 100): Promise<ChunkLine[]> {
  const producer = await connect({ 'allow.auto.create.topics': true }, { engine: 'batch' })
  return loadChunks(producer, messages(topic, count), chunkRecords)
}

let receipts = 0

async function verified(
  lines: readonly ReceiptLine[] | Buffer,
  options: readonly string[] = [],
): Promise<{ exit: number; told: Told; stderr: string; path: string }> {
  const path = file(`${++receipts}.receipt`, Buffer.isBuffer(lines) ? lines : '')
  if (!Buffer.isBuffer(lines)) await writeReceipt(path, lines)
  const argv = ['verify', '-b', cluster().bootstrapServers, '--json', ...options, path]
  const { exit, stdout, stderr } = await millrace(argv)
  return { exit, told: JSON.parse(stdout) as Told, stderr, path }
}

describe('verify', () => {
  test('all that was delivered is present', async () => {
    const topic = freshTopic()
    const { exit, told, stderr } = await verified([header(), ...(await loaded(topic))])
    expect(stderr).toBe('')
    expect(told).toMatchObject({
      schema: 'millrace.verify/1',
      chunks: { present: 10, missing: 0, altered: 0, unverifiable: 0, notSampled: 0, superseded: 0 },
      records: { present: 1000, missing: 0 },
      problems: [],
      sample: null,
      exitCode: 0,
    })
    expect(told.notProved.length).toBeGreaterThan(3)
    expect(exit).toBe(0)
  })

  test('a second load into the same topic does not disturb', async () => {
    const topic = freshTopic()
    const first = await loaded(topic, 300)
    const second = await loaded(topic, 300)
    const one = file('one.receipt', await receiptBytes([header(), ...first]))
    const two = file('two.receipt', await receiptBytes([header(), ...second]))
    const argv = ['verify', '-b', cluster().bootstrapServers, one, two]
    const { exit, stderr } = await millrace(argv)
    expect(stderr).toMatch(/^600 of 600 records are present/)
    expect(exit).toBe(0)
  })

  type Row = [
    name: string,
    lines: (chunks: ChunkLine[], topic: string) => readonly ReceiptLine[],
    chunks: Record<string, number>,
    problem: object,
  ]
  const change = (chunks: ChunkLine[], at: number, by: Partial<ChunkLine>) =>
    chunks.map((chunk, index) => (index === at ? { ...chunk, ...by } : chunk))
  const sad: readonly Row[] = [
    [
      'a record was altered',
      chunks => [header(), ...change(chunks, 4, { hash: '0123456789abcdef' })],
      { present: 9, altered: 1 },
      { chunk: 4, outcome: 'altered', reason: 'changed', records: 100, found: 100 },
    ],
    [
      'a run beyond the end of the log',
      (chunks, topic) => [
        header(),
        ...change(chunks, 9, { offsets: [[topic, 0, [[1_000_000, 1_000_099]]]] }),
      ],
      { present: 9, missing: 1 },
      {
        chunk: 9,
        outcome: 'missing',
        reason: 'absent',
        found: 0,
        ranges: [{ file: 'data.txt', from: 900, to: 1000 }],
        offsets: [{ first: 1_000_000, last: 1_000_099, records: 0 }],
      },
    ],
    [
      'a run longer than the log',
      (chunks, topic) => [
        header(),
        chunkLine({ chunk: 0, delivered: 2_000_000, offsets: [[topic, 1, [[0, 1_999_999]]]] }),
        chunkLine({ chunk: 1, delivered: 0, hash: '0'.repeat(16) }),
        ...chunks.slice(2),
      ],
      { present: 9, missing: 1 },
      { chunk: 0, outcome: 'missing', records: 2_000_000 },
    ],
    [
      'no such topic',
      chunks => [
        header(),
        ...chunks.slice(0, 2),
        chunkLine({ chunk: 2, delivered: 10, offsets: [['nowhere', 0, [[0, 9]]]] }),
      ],
      { present: 2, missing: 1 },
      { chunk: 2, outcome: 'missing', reason: 'no-topic' },
    ],
    [
      'no such partition',
      (_, topic) => [header(), chunkLine({ chunk: 0, delivered: 10, offsets: [[topic, 400, [[0, 9]]]] })],
      { present: 0, missing: 1 },
      { reason: 'no-topic' },
    ],
    [
      'a topic made anew',
      (chunks, topic) => [
        header({ topics: [{ topic, topicId: 'AnotherTopicIdAltogeth', partitions: 4 }] }),
        chunks[0] as ChunkLine,
      ],
      { present: 0, unverifiable: 1 },
      { outcome: 'unverifiable', reason: 'recreated' },
    ],
    [
      'offsets that the broker did not tell',
      chunks => [header(), ...change(chunks, 0, { delivered: 103, unknownOffsets: 3 })],
      { present: 9, unverifiable: 1 },
      { chunk: 0, reason: 'unknown-offsets', found: 100 },
    ],
  ]
  test.each(sad)('%s', async (_, lines, counts, problem) => {
    const topic = freshTopic()
    const { exit, told } = await verified(lines(await loaded(topic), topic), ['--timeout', '2'])
    expect(told.chunks).toMatchObject(counts)
    expect(told.problems).toMatchObject([problem])
    expect(exit).toBe(3)
  })

  test('what begins before the log has expired', async () => {
    const topic = freshTopic()
    const producer = await connect({ 'allow.auto.create.topics': true }, { engine: 'batch' })
    const chunks = await loadChunks(
      producer,
      // an embedded cluster keeps 5 MiB of each partition
      Array.from({ length: 120 }, (_, n) => ({ topic, partition: 0, value: Buffer.alloc(100_000, n) })),
      10,
    )
    const { exit, told } = await verified([header(), ...chunks])
    expect(told.chunks.unverifiable).toBeGreaterThan(0)
    expect(told.chunks.present).toBeGreaterThan(0)
    expect(told.chunks.missing).toBe(0)
    expect(told.problems.every(({ reason }) => reason === 'expired')).toBe(true)
    expect(exit).toBe(3)
  })

  test('a torn receipt: what stands before is verified, and the tear told', async () => {
    const whole = await receiptBytes([header(), ...(await loaded(freshTopic()))])
    const { exit, told, path } = await verified(whole.subarray(0, whole.length - 3))
    expect(told.chunks.present).toBe(9)
    expect(told.receipts).toMatchObject([{ receipt: path, damagedLine: 11 }])
    expect(exit).toBe(0)
  })

  test('a sample is chosen by its seed', async () => {
    const lines = [header(), ...(await loaded(freshTopic()))]
    const { exit, told } = await verified(lines, ['--sample', '25%', '--seed', '7'])
    expect(told.chunks).toMatchObject({ present: 3, notSampled: 7 })
    expect(told.records).toMatchObject({ present: 300, notSampled: 700 })
    expect(told.sample).toEqual({ percent: 25, seed: 7 })
    expect(told.notProved.at(-1)).toMatch(/25 %.*--seed 7/)
    expect(exit).toBe(0)
  })

  test('what it cannot ask an embedded cluster for is said', async () => {
    const { told } = await verified([header(), ...(await loaded(freshTopic(), 100))])
    expect(told.receipts[0]?.unchecked).toEqual(['cluster-id', 'topic-id', 'cleanup-policy'])
  })

  test('another cluster is refused', async () => {
    const { exit, told } = await verified([
      header({ clusterId: 'elsewhere' }),
      ...(await loaded(freshTopic(), 100)),
    ])
    expect(told).toMatchObject({ schema: 'millrace.error/1', error: { code: 'RECEIPT_UNFIT' } })
    expect(exit).toBe(2)
  })

  test('for people: the loss, where it stands in the files, and what is not proved', async () => {
    const topic = freshTopic()
    const chunks = change(await loaded(topic), 3, { offsets: [[topic, 2, [[70_000, 70_099]]]] })
    const path = await writeReceipt(file('people.receipt', ''), [header(), ...chunks])
    const { stdout, stderr } = await millrace(['verify', '-b', cluster().bootstrapServers, path])
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^900 of 1,000 records are present/)
    expect(stderr).toContain('1 chunks of 100 records have records missing')
    expect(stderr).toContain('chunk 3 missing, 0 of 100 records found: there are fewer')
    expect(stderr).toContain('data.txt bytes 300 to 400')
    expect(stderr).toContain(`${topic} [2] offsets 70000 to 70099: 0 of 100`)
    expect(stderr).toContain('Not proved:')
  })

  test('a cluster that is silent ends it', async () => {
    const path = await writeReceipt(file('silent.receipt', ''), [
      header(),
      chunkLine({ chunk: 0, delivered: 1, offsets: [['t', 0, [[0, 0]]]] }),
    ])
    const argv = ['verify', '-b', '127.0.0.1:1', '-X', 'sasl.password=hunter22', '--timeout', '1', path]
    const { exit, stderr } = await millrace(argv)
    expect(exit).toBe(5)
    expect(stderr).toMatch(/No broker of 127\.0\.0\.1:1 answered within 1000 ms/)
    expect(stderr).not.toContain('hunter22')
  })

  test('a signal ends it at once, and says what was not looked at', async () => {
    const path = await writeReceipt(file('signal.receipt', ''), [
      header(),
      chunkLine({ chunk: 0, delivered: 1, offsets: [['t', 0, [[0, 0]]]] }),
    ])
    const running = start(['verify', '-b', '127.0.0.1:1', '--json', path])
    // reading the receipt takes turns of the loop; the signal is heard from before that
    setImmediate(() => running.signal('SIGINT'))
    expect(await running.exit).toBe(130)
    expect(JSON.parse(running.stdout.text)).toMatchObject({ notLookedAt: [path], exitCode: 130 })
  })

  const usage: readonly [argv: readonly string[], exit: number, text: RegExp][] = [
    [[], 2, /No receipt was named/],
    [['x', '--sample', '0'], 2, /--sample is 0/],
    [['x', '--sample', '101'], 2, /--sample is "101"/],
    [['x', '--seed', '1'], 2, /--seed was given without --sample/],
    [['x', '--timeout', '0'], 2, /--timeout is "0"/],
    [['/nowhere/x.receipt'], 4, /cannot be read/],
    [[import.meta.filename], 4, /is no receipt/],
    [['x', '-X', 'sasl.mechanism=OAUTHBEARER', '-X', 'security.protocol=sasl_plaintext'], 4, /./],
  ]
  // the receipt comes first: without it there is nothing to connect for
  test.each(usage)('%j', async (argv, exit, text) => {
    const ended = await millrace(['verify', '-b', 'localhost:1', ...argv])
    expect(ended).toMatchObject({ exit, stdout: '' })
    expect(ended.stderr).toMatch(text)
  })

  test('tokens that a callback would fetch are named as unsupported', async () => {
    const path = await writeReceipt(file('oauth.receipt', ''), [
      header(),
      chunkLine({ chunk: 0, delivered: 1, offsets: [['t', 0, [[0, 0]]]] }),
    ])
    const oauth = ['-X', 'sasl.mechanism=OAUTHBEARER', '-X', 'security.protocol=sasl_plaintext']
    const { exit, stderr } = await millrace(['verify', '-b', 'localhost:1', ...oauth, path])
    expect(stderr).toMatch(/OAUTHBEARER with tokens from a callback/)
    expect(exit).toBe(2)
  })
})
