import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { Producer } from '../../src/index.ts'
import { EmbeddedCluster } from '../../src/testing/index.ts'
import { freshTopic, useEmbeddedCluster } from '../support/cluster.ts'
import { type Ended, millrace, start, useFiles } from './harness.ts'

const cluster = useEmbeddedCluster()
const file = useFiles()

const making = ['-X', 'allow.auto.create.topics=true']

/** produce into a topic of its own on the cluster of this file. */
async function produce(
  argv: readonly string[],
  options = {},
): Promise<Ended & { topic: string; json: () => Account }> {
  const topic = freshTopic()
  const ended = await millrace(
    ['produce', '-b', cluster().bootstrapServers, ...making, '-t', topic, ...argv],
    options,
  )
  return { ...ended, topic, json: () => JSON.parse(ended.stdout) }
}

interface Account {
  read: number
  sent: number
  skipped: number
  rejected: number
  delivered: number
  failed: number
  unsent: number
  alreadyDone: number
  possiblyPersisted: number
  exitCode: number
}

/** The sums that hold however a load ended. */
function expectSums(account: Account): void {
  const { read, sent, skipped, rejected, unsent, alreadyDone, delivered, failed } = account
  expect(read).toBe(sent + skipped + rejected + unsent + alreadyDone)
  expect(sent).toBe(delivered + failed)
}

async function contents(topic: string) {
  const messages = await cluster().readAll(topic)
  const text = (bytes: Buffer | null) => (bytes === null ? null : bytes.toString())
  return messages
    .sort((a, b) => a.partition - b.partition || a.offset - b.offset)
    .map(({ key, value, headers }) => ({ key: text(key), value: text(value), headers }))
}

const sorted = (values: readonly (string | null)[]) => [...values].sort()

describe('what goes in comes out', () => {
  const cases: readonly [
    name: string,
    argv: readonly string[],
    input: string,
    expected: readonly (readonly [key: string | null, value: string])[],
  ][] = [
    [
      'lines',
      [],
      'a\nb\n\nlast',
      [
        [null, 'a'],
        [null, 'b'],
        [null, ''],
        [null, 'last'],
      ],
    ],
    [
      'CRLF, BOM, blank lines left out',
      ['--skip-blank'],
      '\ufeffa\r\n\r\nb\r\n',
      [
        [null, 'a'],
        [null, 'b'],
      ],
    ],
    [
      'keys by delimiter',
      ['-K', ':'],
      'k1:v1\nk2:v:2\n:v3\n',
      [
        ['k1', 'v1'],
        ['k2', 'v:2'],
        ['', 'v3'],
      ],
    ],
    ['one key', ['-k', 'same'], 'a\n', [['same', 'a']]],
    [
      'another delimiter',
      ['--delimiter', '\\0'],
      'a\nb\0c\0',
      [
        [null, 'a\nb'],
        [null, 'c'],
      ],
    ],
    [
      'ndjson with a key field',
      ['--format', 'ndjson', '--key-field', 'user.id'],
      '{"user": {"id": "u1"}, "x": 1}\n{"user":{"id":7}}\n{"user":{"id":null}}\n',
      [
        ['u1', '{"user": {"id": "u1"}, "x": 1}'],
        ['7', '{"user":{"id":7}}'],
        [null, '{"user":{"id":null}}'],
      ],
    ],
  ]
  test.each(cases)('%s, from standard input', async (_name, argv, stdin, expected) => {
    const { exit, stderr, topic } = await produce([...argv, '-p', '0'], { stdin })
    expect({ exit, stderr }).toMatchObject({ exit: 0, stderr: expect.stringContaining('records delivered') })
    expect((await contents(topic)).map(({ key, value }) => [key, value])).toEqual(expected)
  })

  test('from files and standard input, in their order', async () => {
    const one = file('one.txt', '1\n2\n')
    const two = file('two.jsonl', '{"a":1}\n')
    const { exit, topic } = await produce(['-p', '0', one, '-', two], { stdin: 'in' })
    expect(exit).toBe(0)
    expect((await contents(topic)).map(({ value }) => value)).toEqual(['1', '2', 'in', '{"a":1}'])
  })

  test('files after --, whatever they are called, and - as a delimiter', async () => {
    const odd = file('007', 'k-v\n')
    const { exit, topic } = await produce(['-K', '-', '--', odd, '-'], { stdin: 'in-put\n' })
    expect(exit).toBe(0)
    expect(sorted((await contents(topic)).map(({ key, value }) => `${key} ${value}`))).toEqual([
      'in put',
      'k v',
    ])
  })

  test('headers, repeated names too', async () => {
    const { topic } = await produce(['-H', 'a=1', '-H', 'a=', '-H', 'b=x=y'], { stdin: 'v\n' })
    expect((await contents(topic))[0]?.headers).toEqual([
      ['a', Buffer.from('1')],
      ['a', Buffer.alloc(0)],
      ['b', Buffer.from('x=y')],
    ])
  })

  test('over several producers and loops', async () => {
    const expected = Array.from({ length: 30_000 }, (_, n) => `${n}`)
    const { exit, topic } = await produce(['--producers', '3', '--loops', '2'], {
      stdin: `${expected.join('\n')}\n`,
    })
    expect(exit).toBe(0)
    expect(sorted((await contents(topic)).map(({ value }) => value))).toEqual(sorted(expected))
  })

  test('with a limit and a rate', async () => {
    const { exit, topic, json } = await produce(['--limit', '5', '--rate', '1000', '--json'], {
      stdin: 'x\n'.repeat(50),
    })
    expect(exit).toBe(0)
    expect(json()).toMatchObject({ read: 5, delivered: 5 })
    expect(await contents(topic)).toHaveLength(5)
  })

  test.each([
    [['--limit', '100']],
    [['--rate', '100000']],
    [['--threads', '2']],
    [['--on-bad-record', 'skip', '--rate', '100000']],
    [['--on-bad-record', 'skip', '--threads', '2']],
    [['--on-bad-record', 'skip']],
  ])('counts blank lines of files that have nothing else, or only bad records: %j', async how => {
    const contents = ['\n\n\n', '{"a":1}\n\n', ...(how.includes('skip') ? ['\nx\n\ny\n\n'] : [])]
    const files = contents.map((content, n) => file(`nothing${n}.ndjson`, content))
    const { json } = await produce(['--skip-blank', '--no-receipt', '--json', ...how, ...files])
    const blank = contents.join('').split('\n').length - 1 - 1 - 2 * (contents.length - 2)
    expect(json()).toMatchObject({
      read: blank + 1 + 2 * (contents.length - 2),
      skipped: blank,
      rejected: 2 * (contents.length - 2),
      delivered: 1,
    })
  })

  test('a limit counts records, not the blank lines between them', async () => {
    const one = file('blank1.txt', `${'\n'.repeat(100)}first\n`)
    const two = file('blank2.txt', 'x\n'.repeat(10))
    const { exit, json } = await produce(['--skip-blank', '--limit', '5', '--json', one, two])
    expect(exit).toBe(0)
    expect(json()).toMatchObject({ read: 105, skipped: 100, delivered: 5, unsent: 0 })
    expectSums(json())
  })

  test('nothing from nothing', async () => {
    const { exit, json } = await produce(['--json', file('empty.txt', '')])
    expect(exit).toBe(0)
    expect(json()).toMatchObject({ read: 0, delivered: 0, partitions: [], exitCode: 0 })
  })

  test('on an embedded cluster of its own, which says so first', async () => {
    const { exit, stderr } = await millrace(['produce', '--embedded', '-t', 'x'], { stdin: 'v\n' })
    expect(exit).toBe(0)
    expect(stderr).toMatch(/^An embedded cluster, not Kafka/)
    expect(stderr).toMatch(/1 of 1 records delivered.*embedded cluster/)
  })
})

describe('--json', () => {
  test('has the whole account, and nothing else is on standard output', async () => {
    const { exit, stdout, topic } = await produce(
      ['--json', '--engine', 'callback', '--skip-blank', '-K', ':'],
      {
        stdin: 'k:v\n\nk:w\n',
      },
    )
    expect(exit).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      schema: 'millrace.load/1',
      loadId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      read: 3,
      sent: 2,
      skipped: 1,
      rejected: 0,
      delivered: 2,
      failed: 0,
      unsent: 0,
      resent: 0,
      alreadyDone: 0,
      possiblyPersisted: 0,
      bytes: 4,
      seconds: expect.any(Number),
      messagesPerSecond: expect.any(Number),
      partitions: [{ topic, partition: expect.any(Number), delivered: 2, firstOffset: 0, lastOffset: 1 }],
      engine: 'callback',
      embedded: false,
      receipt: null,
      deadLetter: null,
      outcome: 'finished',
      error: null,
      exitCode: 0,
    })
  })

  test('is an object for an error, too', async () => {
    const { exit, stdout } = await millrace([
      'produce',
      '--json',
      '-t',
      'x',
      '-b',
      'localhost:1',
      'not-there.txt',
    ])
    expect(exit).toBe(4)
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'millrace.error/1',
      error: { code: 'INPUT_UNREADABLE' },
      exitCode: 4,
    })
  })
})

describe('bad input', () => {
  const sad: readonly [name: string, argv: () => readonly string[], exit: number, stderr: RegExp][] = [
    ['no brokers', () => ['-t', 'x'], 2, /bootstrap\.servers is not given/],
    ['no topic', () => ['-b', 'localhost:1'], 2, /topic/],
    ['an unknown flag', () => ['-t', 'x', '--embeded'], 2, /embeded.*--embedded/],
    ['an unknown property', () => ['-t', 'x', '-b', 'h:1', '-X', 'lingr.ms=5'], 2, /lingr\.ms.*linger\.ms/],
    ['a property without value', () => ['-t', 'x', '-b', 'h:1', '-X', 'linger.ms'], 2, /linger\.ms=/],
    ['a negative rate', () => ['-t', 'x', '-b', 'h:1', '--rate', '-3'], 2, /--rate is "-3"/],
    ['a negative limit', () => ['-t', 'x', '-b', 'h:1', '--limit=-1'], 2, /--limit is "-1"/],
    ['half a loop', () => ['-t', 'x', '-b', 'h:1', '--loops', '0.5'], 2, /--loops is "0.5"/],
    ['no producers', () => ['-t', 'x', '-b', 'h:1', '--producers', '0'], 2, /--producers is "0"/],
    ['a word for a number', () => ['-t', 'x', '-b', 'h:1', '-p', 'two'], 2, /--partition is "two"/],
    ['two keys', () => ['-t', 'x', '-b', 'h:1', '-k', 'a', '-K', ':'], 2, /--key and --key-delimiter/],
    ['an option of another format', () => ['-t', 'x', '-b', 'h:1', '--key-field', 'a'], 2, /ndjson/],
    ['a header without value', () => ['-t', 'x', '-b', 'h:1', '-H', 'a'], 2, /--header is "a"/],
    ['an option twice', () => ['-t', 'x', '-t', 'y', '-b', 'h:1'], 2, /--topic was given 2 times/],
    ['embedded and brokers', () => ['-t', 'x', '-b', 'h:1', '--embedded'], 2, /--embedded and --brokers/],
    ['a bad escape', () => ['-t', 'x', '-b', 'h:1', '-K', '\\q'], 2, /\\q/],
    [
      'a missing file among good ones',
      () => ['-t', 'x', '-b', 'h:1', file('ok.txt', 'x'), 'no.txt'],
      4,
      /no\.txt/,
    ],
    ['a directory', () => ['-t', 'x', '-b', 'h:1', directory()], 4, /directory/],
    ['a missing config file', () => ['-t', 'x', '-F', 'no.properties'], 2, /no\.properties/],
    ['an option without value', () => ['-b', 'h:1', '-t'], 2, /topic|t/],
    ['a flag that cannot be negated', () => ['-t', 'x', '-b', 'h:1', '--no-header'], 2, /no-header/],
    ['a dotted option', () => ['-t', 'x', '-b', 'h:1', '--header.x=1'], 2, /header\.x/],
    ['a topic that cannot be', () => ['-t', 'a b', '-b', 'h:1'], 2, /"a b"/],
    ['an empty topic', () => ['--topic=', '-b', 'h:1'], 2, /topic is empty/],
    [
      'a timeout of a month',
      () => ['-t', 'x', '-b', 'h:1', '--drain-timeout', '3000000'],
      2,
      /--drain-timeout/,
    ],
    [
      'a transactional.id',
      () => ['-t', 'x', '-b', 'h:1', '-X', 'transactional.id=t'],
      2,
      /transactional\.id/,
    ],
    ['an engine', () => ['-t', 'x', '-b', 'h:1', '--engine', 'warp'], 2, /engine/],
  ]
  test.each(sad)('%s', async (_name, argv, exit, stderr) => {
    const ended = await millrace(['produce', ...argv()])
    expect(ended.stderr).toMatch(stderr)
    expect(ended.stderr).toMatch(/^millrace: /)
    expect(ended.stderr).not.toMatch(/\n\s+at /)
    expect({ exit: ended.exit, stdout: ended.stdout }).toEqual({ exit, stdout: '' })
  })

  function directory(): string {
    const path = join(file('x', ''), '..', 'folder')
    mkdirSync(path, { recursive: true })
    return path
  }

  test('an unreachable broker', async () => {
    const { exit, stderr } = await millrace(['produce', '-t', 'x', '-b', '127.0.0.1:9'], { stdin: 'v\n' })
    expect(exit).toBe(5)
    expect(stderr).toMatch(/127\.0\.0\.1:9.*Connection refused.*--embedded/)
  }, 20_000)

  test('a topic on a cluster that makes none', async () => {
    const { exit, stderr } = await millrace(['produce', '-b', cluster().bootstrapServers, '-t', 'not-made'], {
      stdin: 'v\n',
    })
    expect(exit).toBe(2)
    expect(stderr).toMatch(/no topic not-made.*allow\.auto\.create\.topics/)
  })

  test('a partition that the topic does not have is found before anything is read', async () => {
    const { exit, stderr } = await produce(['-p', '99'], { stdin: 'v\n' })
    expect(exit).toBe(2)
    expect(stderr).toMatch(/no partition 99.*It has 4/)
  })

  test('JSON that does not parse at line n: what came before is delivered', async () => {
    const lines = Array.from({ length: 20_000 }, (_, n) => `{"n":${n}}`)
    lines[15_000] = '{"n":'
    const bad = file('bad.ndjson', lines.join('\n'))
    const { exit, stderr, topic, json } = await produce(['--json', bad])
    expect(exit).toBe(4)
    expect(stderr).toMatch(/line 15001 of .*bad\.ndjson/)
    expect(json()).toMatchObject({ read: 15_001, delivered: 15_000, rejected: 1, unsent: 0, exitCode: 4 })
    expectSums(json())
    expect(await contents(topic)).toHaveLength(15_000)
  })

  test('a 100 MB line', async () => {
    const long = file('long.txt', Buffer.concat([Buffer.from('first\n'), Buffer.alloc(100_000_000, 'x')]))
    const { exit, stderr, topic, json } = await produce(['--json', long])
    expect(exit).toBe(4)
    expect(stderr).toMatch(/line 2 of .*long\.txt/)
    expect(json()).toMatchObject({ read: 2, delivered: 1, rejected: 1 })
    expect(await contents(topic)).toHaveLength(1)
  })

  test('a record beyond the client’s limit is rejected, the others are delivered', async () => {
    const input = file('large.txt', `small\n${'x'.repeat(1_100_000)}\nlast\n`)
    const { exit, stderr, json } = await produce(['--json', '--on-bad-record', 'skip', input])
    expect(exit).toBe(3)
    expect(stderr).toMatch(/max\.message\.bytes/)
    expect(json()).toMatchObject({ read: 3, delivered: 2, rejected: 1, failed: 0, exitCode: 3 })
    expectSums(json())
  })

  test('secrets are not shown', async () => {
    const secret = 'hunter2-secret'
    const argv = ['-t', 'x', '-b', '127.0.0.1:9', '-X', `sasl.password=${secret}`, '-X', 'sasl.username=u']
    const login = [
      '-X',
      'sasl.mechanism=PLAIN',
      '-X',
      'security.protocol=sasl_plaintext',
      '--log-level',
      'debug',
    ]
    const { exit, stdout, stderr } = await millrace(['produce', '--json', ...argv, ...login], {
      stdin: 'v\n',
    })
    expect(exit).toBe(5)
    expect(stdout + stderr).not.toContain(secret)
  }, 20_000)
})

describe('precedence', () => {
  test('flags win over variables, those over the file', async () => {
    const config = file('client.properties', 'bootstrap.servers=file.invalid:1\nlinger.ms=7\n')
    const fromFile = await millrace(['produce', '-t', 'x', '-F', config, '-X', 'socket.timeout.ms=1'])
    expect(fromFile.stderr).toMatch(/socket\.timeout\.ms/)
    const env = { MILLRACE_BROKERS: cluster().bootstrapServers, MILLRACE_ALLOW_AUTO_CREATE_TOPICS: 'true' }
    const topic = freshTopic()
    const byEnvironment = await millrace(['produce', '-t', topic, '-F', config], { env, stdin: 'v\n' })
    expect(byEnvironment).toMatchObject({ exit: 0 })
    const byFlag = await millrace(['produce', '-t', topic, '-b', cluster().bootstrapServers], {
      env: { ...env, MILLRACE_BROKERS: 'variable.invalid:1' },
      stdin: 'v\n',
    })
    expect(byFlag).toMatchObject({ exit: 0 })
    expect(await contents(topic)).toHaveLength(2)
  })
})

describe('signals', () => {
  /** Standard input that goes on for as long as the command reads it. */
  function feed(running: ReturnType<typeof start>): void {
    const more = () => {
      while (running.stdin.write('some record of some length\n'.repeat(100))) {}
    }
    running.stdin.on('drain', more)
    more()
  }

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s drains what was read and accounts for it', async (name, exit) => {
    const topic = freshTopic()
    const running = start(['produce', '--json', '-b', cluster().bootstrapServers, ...making, '-t', topic])
    feed(running)
    const watcher = await Producer.connect({ 'bootstrap.servers': cluster().bootstrapServers })
    await expect
      .poll(async () =>
        (await watcher.describeTopic(topic))?.partitions.reduce((sum, { high }) => sum + high, 0),
      )
      .toBeGreaterThan(0)
    running.signal(name)
    expect(await running.exit).toBe(exit)
    const account = JSON.parse(running.stdout.text) as Account
    expectSums(account)
    expect(account).toMatchObject({ exitCode: exit, failed: 0, outcome: 'interrupted' })
    expect(account.delivered).toBeGreaterThan(0)
    const described = await watcher.describeTopic(topic)
    expect(described?.partitions.reduce((sum, { high }) => sum + high, 0)).toBe(account.delivered)
    expect(running.stderr.text).toMatch(/Again to leave at once/)
    await watcher.close()
  })

  async function onDyingCluster(argv: readonly string[]) {
    const own = await EmbeddedCluster.start()
    const running = start(['produce', '--json', '-b', own.bootstrapServers, ...making, '-t', 'x', ...argv])
    running.stdin.write('first\n')
    const watcher = await Producer.connect({ 'bootstrap.servers': own.bootstrapServers })
    await expect
      .poll(async () =>
        (await watcher.describeTopic('x'))?.partitions.reduce((sum, { high }) => sum + high, 0),
      )
      .toBe(1)
    await watcher.close()
    await own.stop()
    running.stdin.write('second\nthird\n')
    return running
  }

  test('a second one leaves at once, and says what is not known', async () => {
    const running = await onDyingCluster([])
    await expect.poll(() => running.stdin.readableLength).toBe(0)
    running.signal('SIGINT')
    running.signal('SIGINT')
    expect(await running.exit).toBe(130)
    const account = JSON.parse(running.stdout.text) as Account
    expectSums(account)
    expect(account).toMatchObject({ read: 3, delivered: 1 })
    expect(account.failed + account.unsent).toBe(2)
    expect(account.failed).toBe(account.possiblyPersisted)
  })

  test('a cluster that acknowledges nothing ends the load', async () => {
    const running = await onDyingCluster(['--stall-timeout', '1'])
    expect(await running.exit).toBe(5)
    expect(running.stderr.text).toMatch(/No acknowledgement came for 1 s; 2 messages for x/)
    const account = JSON.parse(running.stdout.text) as Account
    expectSums(account)
    expect(account).toMatchObject({ read: 3, delivered: 1, exitCode: 5 })
    expect(account.failed + account.unsent).toBe(2)
    expect(account.failed).toBe(account.possiblyPersisted)
  })

  test('messages that fail for the cluster’s sake end the load', async () => {
    const running = await onDyingCluster([
      '--stall-timeout',
      '1',
      '-X',
      'delivery.timeout.ms=300',
      '-X',
      'linger.ms=0',
    ])
    expect(await running.exit).toBe(5)
    expect(running.stderr.text).toMatch(/_MSG_TIMED_OUT/)
    const account = JSON.parse(running.stdout.text) as Account
    expectSums(account)
    expect(account).toMatchObject({ delivered: 1, failed: 2, exitCode: 5 })
  })

  test('while it connects', async () => {
    const running = start(['produce', '--json', '-b', '127.0.0.1:9', '-t', 'x'])
    await running.listens
    running.signal('SIGINT')
    expect(await running.exit).toBe(130)
    const account = JSON.parse(running.stdout.text) as Account
    expectSums(account)
    expect(account).toMatchObject({ read: 0, delivered: 0, exitCode: 130, outcome: 'interrupted' })
  })
})

describe('progress', () => {
  test.each([
    ['plain', 'p.txt', Buffer.from('record\n'.repeat(2000))],
    // its bytes count as they are packed
    ['packed', 'p.txt.gz', gzipSync('record\n'.repeat(2000))],
  ])('is a bar on a terminal, of %s files', async (_name, name, content) => {
    const input = file(name, content)
    const argv = [
      'produce',
      '-b',
      cluster().bootstrapServers,
      ...making,
      '-t',
      freshTopic(),
      '--rate',
      '4000',
      '--no-receipt',
      input,
    ]
    const { exit, stderr } = await millrace(argv, { terminal: true })
    expect(exit).toBe(0)
    expect(stderr).toMatch(/█+░* +\d+% .*msg\/s.*ETA.*delivered/)
    const plain = await millrace([...argv, '--no-progress'], { terminal: true })
    expect(plain.stderr).not.toContain('█')
    const dumb = await millrace(argv, { terminal: true, env: { TERM: 'dumb' } })
    expect(dumb.stderr).not.toContain('█')
    const quiet = await millrace([...argv, '--quiet'], { terminal: true })
    expect(quiet).toEqual({ exit: 0, stdout: '', stderr: '' })
  })
})
