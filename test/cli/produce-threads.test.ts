import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { Producer } from '../../src/index.ts'
import { freshTopic, useEmbeddedCluster } from '../support/cluster.ts'
import { millrace, start, useFiles } from './harness.ts'

const cluster = useEmbeddedCluster()
const file = useFiles()

interface Account {
  readonly read: number
  readonly sent: number
  readonly skipped: number
  readonly rejected: number
  readonly delivered: number
  readonly failed: number
  readonly unsent: number
  readonly bytes: number
  readonly outcome: string
  readonly exitCode: number
  readonly error: { readonly code: string; readonly message: string } | null
  readonly partitions: readonly {
    readonly partition: number
    readonly delivered: number
    readonly firstOffset: number
    readonly lastOffset: number
  }[]
}

function argvFor(topic: string, argv: readonly string[]): readonly string[] {
  const making = ['-X', 'allow.auto.create.topics=true']
  return ['produce', '--json', '-b', cluster().bootstrapServers, ...making, '-t', topic, ...argv]
}

async function produce(argv: readonly string[], options = {}) {
  const topic = freshTopic()
  const { exit, stdout, stderr } = await millrace(argvFor(topic, argv), options)
  const account = JSON.parse(stdout) as Account
  expect(account.read).toBe(account.sent + account.skipped + account.rejected + account.unsent)
  expect(account.sent).toBe(account.delivered + account.failed)
  return { exit, stderr, topic, account }
}

/** By partition and offset. */
async function contents(topic: string): Promise<string[]> {
  const messages = await cluster().readAll(topic)
  return messages
    .sort((a, b) => a.partition - b.partition || a.offset - b.offset)
    .map(({ key, value, headers }) => `${key}=${value} ${headers.map(([name, text]) => `${name}:${text}`)}`)
}

/** 400 records of 150 bytes and more, which makes several parts of 16 KiB. */
const COUNT = 400
const padding = '.'.repeat(140)
const records = (make: (n: number) => string) => Array.from({ length: COUNT }, (_, n) => make(n))
const numbered = (name: string) => records(n => `${name}-${n}${padding}`)
const text = (lines: readonly string[]) => `${lines.join('\n')}\n`
const json = (n: number) => `{"id":${n},"pad":"${padding}"}`

describe('threads load just what one thread does', () => {
  const inputs: readonly [name: string, argv: () => readonly string[], stdin?: string][] = [
    ['one file of lines', () => [file('one.txt', text(numbered('a')))]],
    [
      'without a last line’s end, CR LF, blank lines left out',
      () => ['--skip-blank', file('crlf.txt', `\ufeff${numbered('a').join('\r\n\r\n')}`)],
    ],
    ['keys and headers', () => ['-K', '-', '-H', 'x=1', file('keys.txt', text(numbered('a')))]],
    ['another delimiter', () => ['--delimiter', '#!', file('delimiter.txt', numbered('a').join('#!'))]],
    ['ndjson', () => ['--key-field', 'id', file('a.ndjson', text(records(json)))]],
    [
      'csv with a header',
      () => [
        '--key-field',
        'id',
        '--csv-values',
        'json',
        file('a.csv', text(['id,pad', ...records(n => `${n},${padding}`)])),
      ],
    ],
    [
      'csv with line breaks in quotes',
      () => [
        '--key-field',
        'id',
        file('quoted.csv', text(['id,pad', ...records(n => `${n},"a\nb${padding}"`)])),
      ],
    ],
    [
      'tsv with given columns',
      () => [
        '--columns',
        'id,pad',
        '--key-field',
        'id',
        file('a.tsv', text(records(n => `${n}\t"${padding}`))),
      ],
    ],
    [
      'envelopes with headers',
      () => [
        file(
          'e.envelope',
          text(records(n => `{"value":"${n}${padding}","partition":${n % 4},"headers":[["n","${n}"]]}`)),
        ),
      ],
    ],
    [
      'many files, packed ones too, and standard input',
      () => [
        file('m1.txt', text(numbered('b'))),
        file('m2.txt.gz', gzipSync(text(numbered('c')))),
        file('m3.ndjson', text(records(json))),
        '-',
        file('m4.txt', ''),
        file('m5.txt', 'single'),
      ],
      text(numbered('in')),
    ],
    ['standard input alone', () => [], text(numbered('in'))],
    ['over more producers than threads', () => ['--producers', '5', file('p5.txt', text(numbered('p')))]],
    [
      'over several producers and loops',
      () => ['--producers', '2', '--loops', '2', file('p2.txt', text(numbered('p')))],
    ],
    ['nothing', () => [file('empty.txt', '')]],
  ]
  test.each(inputs)('%s', async (_name, argv, stdin = '') => {
    const one = await produce(argv(), { stdin })
    const many = await produce(['--threads', '3', ...argv()], { stdin })
    expect({ exit: many.exit, stderr: many.stderr }).toEqual({
      exit: 0,
      stderr: expect.not.stringContaining('millrace:'),
    })
    const { read, skipped, delivered, bytes } = one.account
    expect(many.account).toMatchObject({ read, skipped, delivered, bytes, rejected: 0, failed: 0, unsent: 0 })
    expect((await contents(many.topic)).sort()).toEqual((await contents(one.topic)).sort())
    for (const { delivered, firstOffset, lastOffset } of many.account.partitions) {
      expect([firstOffset, lastOffset]).toEqual([0, delivered - 1])
    }
  })

  test('the order within a part and a partition is that of the file', async () => {
    // below the least size of a part
    const lines = (name: string) => records(n => `${name}-${n}`)
    const files = ['a', 'b', 'c'].map(name => file(`${name}.order`, text(lines(name))))
    const { topic } = await produce(['--threads', '3', '-p', '0', ...files])
    const all = (await contents(topic)).map(line => line.slice('null='.length).trim())
    for (const name of ['a', 'b', 'c']) {
      expect(all.filter(value => value.startsWith(name))).toEqual(lines(name))
    }
  })

  test('on an embedded cluster of their own', async () => {
    const argv = ['produce', '--json', '--embedded', '-t', 'x', '--threads', '2']
    const { exit, stdout } = await millrace([...argv, file('embedded.txt', text(numbered('a')))])
    expect({ exit, account: JSON.parse(stdout) }).toMatchObject({
      exit: 0,
      account: { embedded: true, engine: 'batch', read: COUNT, delivered: COUNT },
    })
  })
})

describe('what holds for the whole holds across threads', () => {
  test.each([
    ['a limit', ['--limit', '123'], 123],
    ['a limit beyond the input', ['--limit', '5000'], COUNT],
    ['a limit of nothing', ['--limit', '0'], 0],
    ['a limit and a rate', ['--limit', '77', '--rate', '2000'], 77],
    ['a limit and a rate of bytes', ['--limit', '77', '--rate-bytes', '50_000'], 77],
    ['a limit and both rates', ['--limit', '77', '--rate', '2000', '--rate-bytes', '50000'], 77],
  ])('%s', async (_name, argv, expected) => {
    const input = file('limit.txt', text(numbered('a')))
    const { exit, account, topic } = await produce(['--threads', '4', ...argv, input])
    expect({ exit, account }).toMatchObject({
      exit: 0,
      account: { read: expected, delivered: expected, unsent: 0 },
    })
    expect(await contents(topic)).toHaveLength(expected)
  })

  test('a limit ends the load though standard input goes on', async () => {
    const topic = freshTopic()
    const input = file('limited.txt', text(numbered('a')))
    const running = start(argvFor(topic, ['--threads', '2', '--limit', '100', input, '-']))
    running.stdin.write('from standard input\n')
    expect(await running.exit).toBe(0)
    expect(JSON.parse(running.stdout.text)).toMatchObject({ read: 100, delivered: 100 })
  })

  test('a rate', async () => {
    const input = file('rate.txt', text(numbered('a')))
    const startedAt = performance.now()
    const { account } = await produce(['--threads', '4', '--rate', '800', input])
    expect(account.delivered).toBe(COUNT)
    // the last burst of 10 ms is not waited for
    expect(performance.now() - startedAt).toBeGreaterThan((COUNT / 800) * 1000 - 20)
  })

  test('a bar shows all of it', async () => {
    const input = file('bar.txt', text(numbered('a')))
    const argv = argvFor(freshTopic(), ['--threads', '2', '--rate', '800', input])
    const { exit, stderr } = await millrace(argv, { terminal: true })
    expect({ exit, stderr }).toMatchObject({ exit: 0, stderr: expect.stringMatching(/\d\d% .*msg\/s/) })
  })
})

describe('bad input', () => {
  const lines = records(json)
  lines[250] = '{"id":'
  const bad = () => file('bad.ndjson', text(lines))

  test('a bad record in the third part is told by the line of the file', async () => {
    const one = await produce([bad()])
    const many = await produce(['--threads', '2', bad()])
    expect(one.account.error?.message).toMatch(/^line 251 of .*bad\.ndjson \(byte \d+\)/)
    expect(many.exit).toBe(4)
    expect(many.account.error).toEqual(one.account.error)
    expect(many.account).toMatchObject({ rejected: 1, failed: 0, unsent: 0, outcome: 'input' })
    expect(await contents(many.topic)).toHaveLength(many.account.delivered)
  })

  test('a bad record beyond the limit is not read', async () => {
    const good = file('before.ndjson', text(records(json)))
    const { exit, account } = await produce(['--threads', '2', '--limit', '10', good, bad()])
    expect({ exit, account }).toMatchObject({ exit: 0, account: { read: 10, delivered: 10, rejected: 0 } })
  })

  test('records that name a topic which is not there', async () => {
    const envelopes = records(n => `{"topic":"no.such","value":"${n}${padding}"}`)
    const path = file('lost.envelope', text(envelopes))
    const { exit, stdout } = await millrace([
      'produce',
      '--json',
      '-b',
      cluster().bootstrapServers,
      '--threads',
      '2',
      path,
    ])
    const account = JSON.parse(stdout) as Account
    expect({ exit, account }).toMatchObject({
      exit: 4,
      account: { delivered: 0, error: { code: 'BAD_RECORD' } },
    })
    expect(account.error?.message).toMatch(/names the topic no\.such/)
    expect(account.read).toBe(account.rejected)
  })

  test('a second file that is damaged, among good ones', async () => {
    const packed = gzipSync(text(numbered('b')))
    const damaged = file('damaged.txt.gz', packed.subarray(0, packed.length / 2))
    const { exit, account, topic } = await produce([
      '--threads',
      '3',
      file('good1.txt', text(numbered('a'))),
      damaged,
      file('good2.txt', text(numbered('c'))),
    ])
    expect(exit).toBe(4)
    expect(account).toMatchObject({ failed: 0, unsent: 0, outcome: 'input' })
    expect(account.error).toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringMatching(/damaged\.txt\.gz.*cut off/),
    })
    expect(await contents(topic)).toHaveLength(account.delivered)
  })

  test('a csv header without the column', async () => {
    const path = file('header.csv', text(['id,pad', ...records(n => `${n},${padding}`)]))
    const { exit, account } = await produce(['--threads', '2', '--key-field', 'nope', path])
    expect({ exit, account }).toMatchObject({ exit: 4, account: { read: 0, outcome: 'input' } })
    expect(account.error?.message).toMatch(/no column "nope"/)
  })

  test('a record beyond the client’s limit is rejected, the others are delivered', async () => {
    const path = file('large.txt', text([...numbered('a'), 'x'.repeat(1_100_000), 'last']))
    const { exit, account } = await produce(['--threads', '2', '--on-bad-record', 'skip', path])
    expect({ exit, account }).toMatchObject({
      exit: 3,
      account: { read: COUNT + 2, delivered: COUNT + 1, rejected: 1, unsent: 0 },
    })
  })
})

describe('usage', () => {
  const brokers = ['-t', 'x', '-b', 'h:1']
  test.each([
    ['no threads', [...brokers, '--threads', '0'], {}, /--threads is "0"/],
    ['half a thread', [...brokers, '--threads', '1.5'], {}, /--threads is "1.5"/],
    [
      'the callback engine',
      [...brokers, '--threads', '2', '--engine', 'callback'],
      {},
      /--threads is 2, but the callback engine works in one thread only/,
    ],
    [
      'the callback engine by variable',
      [...brokers, '--threads', '2'],
      { MILLRACE_ENGINE: 'callback' },
      /callback engine/,
    ],
  ])('%s', async (_name, argv, env, stderr) => {
    const ended = await millrace(['produce', ...argv], { env })
    expect(ended).toMatchObject({ exit: 2, stdout: '', stderr: expect.stringMatching(stderr) })
  })

  test('one thread is what there is without the option', async () => {
    const { exit, account } = await produce(['--threads', '1', '--engine', 'callback'], { stdin: 'a\n' })
    expect({ exit, account }).toMatchObject({ exit: 0, account: { delivered: 1, engine: 'callback' } })
  })
})

describe('signals', () => {
  async function delivered(topic: string, watcher: Producer): Promise<number> {
    const found = await watcher.describeTopic(topic)
    return found?.partitions.reduce((sum, { high }) => sum + high, 0) ?? 0
  }

  test.each([
    ['SIGINT', 130, 1],
    ['SIGTERM', 143, 2],
  ] as const)('%s, given as often as that, is accounted for', async (name, exit, times) => {
    const topic = freshTopic()
    const input = file('signal.txt', text(numbered('a')))
    const running = start(argvFor(topic, ['--threads', '3', '--rate', '50', input]))
    const watcher = await Producer.connect({ 'bootstrap.servers': cluster().bootstrapServers })
    await expect.poll(() => delivered(topic, watcher), { timeout: 20_000 }).toBeGreaterThan(0)
    for (let time = 0; time < times; time++) running.signal(name)
    expect(await running.exit).toBe(exit)
    const account = JSON.parse(running.stdout.text) as Account
    expect(account).toMatchObject({ outcome: 'interrupted', rejected: 0, exitCode: exit })
    expect(account.read).toBe(account.sent + account.unsent)
    expect(account.sent).toBe(account.delivered + account.failed)
    expect(account.read).toBeLessThan(COUNT)
    const found = await delivered(topic, watcher)
    expect(found).toBeGreaterThanOrEqual(account.delivered)
    expect(found).toBeLessThanOrEqual(account.delivered + account.failed)
    await watcher.close()
  })
})
