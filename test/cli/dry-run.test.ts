import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { EmbeddedCluster } from '../../src/testing/index.ts'
import { freshTopic, useEmbeddedCluster } from '../support/cluster.ts'
import { millrace, start, useFiles } from './harness.ts'

const cluster = useEmbeddedCluster()
const file = useFiles()

async function dryRun(argv: readonly string[], options: { stdin?: string | Buffer } = {}) {
  const ended = await millrace(['produce', '--dry-run', ...argv, '--json'], options)
  return { ...ended, json: () => JSON.parse(ended.stdout) }
}

const rows = (count: number) =>
  Array.from({ length: count }, (_, n) => `{"id":"k${n}","t":${1_700_000_000_000 + n}}\n`).join('')

describe('without brokers', () => {
  test('what would be sent', async () => {
    const { exit, stderr, json } = await dryRun([
      '-t',
      'events',
      '--key-field',
      'id',
      '--timestamp-field',
      't',
      file('a.ndjson', rows(100)),
      file('b.ndjson.gz', gzipSync(rows(20))),
    ])
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    expect(json()).toMatchObject({
      schema: 'millrace.dry-run/1',
      read: 120,
      sent: 120,
      skipped: 0,
      bad: 0,
      beyondLimit: 0,
      keyed: 120,
      unkeyed: 0,
      tombstones: 0,
      timestamps: { records: 120, earliest: '2023-11-14T22:13:20.000Z', latest: '2023-11-14T22:13:20.099Z' },
      topics: [{ topic: 'events', records: 120, partitions: null, spread: null }],
      exitCode: 0,
    })
    const { bytes, sizes } = json()
    expect(sizes.histogram.reduce((sum: number, { records }: { records: number }) => sum + records, 0)).toBe(
      120,
    )
    expect(bytes).toBe(Math.round(120 * sizes.mean))
  })

  test('the spread over the partitions of a topic that would be made: where records then are', async () => {
    await using other = await EmbeddedCluster.start({ topics: { spread: 5 } })
    const path = file('keys.txt', Array.from({ length: 500 }, (_, n) => `key ${n}:v\n`).join(''))
    const { json } = await dryRun(['-t', 'spread', '--create-topic=5', '-K', ':', path])
    await millrace(['produce', '-b', other.bootstrapServers, '-t', 'spread', '-K', ':', path, '--quiet'])
    const counts = [0, 0, 0, 0, 0]
    for (const { partition } of await other.readAll('spread')) (counts[partition] as number)++
    expect(json().topics).toEqual([
      { topic: 'spread', records: 500, partitions: 5, spread: counts, chosenLater: 0, noSuchPartition: 0 },
    ])
  })

  test('keys that are null, tombstones, blank lines, a partition for all', async () => {
    const path = file('mixed.txt', 'k:v\n\nk:NULL\n')
    const argv = ['-t', 'x', '-K', ':', '--null-value', 'NULL', '--skip-blank', path]
    expect((await dryRun(argv)).json()).toMatchObject({
      read: 3,
      sent: 2,
      skipped: 1,
      tombstones: 1,
      keyed: 2,
    })
    const partitioned = await dryRun([...argv, '-p', '1', '--create-topic=2'])
    expect(partitioned.json().topics[0]).toMatchObject({ spread: [0, 2], chosenLater: 0 })
    const beside = await dryRun([...argv, '-p', '2', '--create-topic=2'])
    expect(beside.json().topics[0]).toMatchObject({ spread: [0, 0], noSuchPartition: 2 })
    const unkeyed = await dryRun(['-t', 'x', '--create-topic=2', path])
    expect(unkeyed.json()).toMatchObject({ unkeyed: 3, topics: [{ spread: [0, 0], chosenLater: 3 }] })
    const other = await dryRun([...argv, '--create-topic=2', '-X', 'partitioner=consistent'])
    expect(other.json()).toMatchObject({ partitioner: 'consistent', topics: [{ chosenLater: 2 }] })
  })

  test('topics that records name', async () => {
    const path = file('named.ndjson', '{"to":"a"}\n{"to":"b"}\n{"to":"a"}\n')
    const { json } = await dryRun(['--topic-field', 'to', path])
    expect(json().topics).toMatchObject([
      { topic: 'a', records: 2 },
      { topic: 'b', records: 1 },
    ])
  })

  test.each([
    ['within', 4, { read: 4, sent: 3, bad: 1, exitCode: 3 }],
    ['before the bad one', 2, { read: 2, sent: 2, bad: 0, exitCode: 0 }],
    ['at the bad one', 3, { read: 3, sent: 2, bad: 1, exitCode: 3 }],
    ['nothing', 0, { read: 0, sent: 0, bad: 0, exitCode: 0 }],
    ['beyond', 100, { read: 5, sent: 4, bad: 1, exitCode: 3 }],
  ])('a limit %s', async (_name, limit, expected) => {
    const path = file('limited.ndjson', '{"n":1}\n{"n":2}\nbad\n{"n":4}\n{"n":5}\n')
    const { json } = await dryRun(['-t', 'x', '--limit', `${limit}`, path])
    expect(json()).toMatchObject(expected)
  })
})

describe('what is wrong with the input', () => {
  test('bad records, with file and line: the first ones', async () => {
    const path = file('bad.ndjson', `${'{"n":1}\n'.repeat(3)}${'no json\n'.repeat(25)}`)
    const { exit, json } = await dryRun(['-t', 'x', path])
    expect(exit).toBe(3)
    const { read, sent, bad, badRecords } = json()
    expect({ read, sent, bad }).toEqual({ read: 28, sent: 3, bad: 25 })
    expect(badRecords).toHaveLength(10)
    expect(badRecords[0]).toEqual({
      input: path,
      line: 4,
      byte: 24,
      message: expect.stringMatching(/line 4 of .*bad\.ndjson.*is not JSON/),
    })
  })

  test('records beyond message.max.bytes', async () => {
    const path = file('large.txt', `small\n${'x'.repeat(3000)}\nsmall\n`)
    const { exit, json } = await dryRun(['-t', 'x', '-X', 'message.max.bytes=2000', path])
    expect(exit).toBe(3)
    expect(json()).toMatchObject({
      read: 3,
      sent: 2,
      beyondLimit: 1,
      beyondRecords: [{ input: path, line: 2, byte: 6, bytes: 3036, limit: 2000 }],
    })
  })

  test('a packed file that is cut off: what is before it is told, exit 4', async () => {
    const whole = gzipSync(rows(50_000))
    const path = file('cut.ndjson.gz', whole.subarray(0, whole.length / 2))
    const { exit, stderr, json } = await dryRun(['-t', 'x', path])
    expect({ exit, stderr }).toEqual({
      exit: 4,
      stderr: expect.stringMatching(/cut\.ndjson\.gz cannot be read/),
    })
    expect(json()).toMatchObject({ error: { code: 'INPUT_UNREADABLE' }, exitCode: 4 })
    expect(json().sent).toBeGreaterThan(0)
  })

  test('an input that ends inside a record: exit 4, as for the load', async () => {
    const path = file('torn.csv', 'a,b\n1,2\n3,"4')
    const { exit, stderr, json } = await dryRun(['-t', 'x', path])
    expect({ exit, stderr }).toEqual({ exit: 4, stderr: expect.stringMatching(/ends inside of it/) })
    expect(json()).toMatchObject({ read: 2, sent: 1, bad: 1, error: { code: 'INPUT_UNREADABLE' } })
    expect((await millrace(['produce', '--embedded', '-t', 'x', '--on-bad-record', 'skip', path])).exit).toBe(
      4,
    )
  })

  test.each([
    ['a file that is not there', ['-t', 'x', '/no/such/file'], 4, /cannot be read/],
    ['no topic', ['x.txt'], 2, /--topic is missing/],
    ['with a cluster that it has no use for', ['-t', 'x', '--embedded'], 2, /--dry-run and --embedded/],
  ])('%s', async (_name, argv, exit, text) => {
    expect(await dryRun(argv)).toMatchObject({ exit, stderr: expect.stringMatching(text) })
  })
})

describe('with brokers', () => {
  test('a topic’s partitions are asked for, nothing is sent, and nothing is made', async () => {
    const topic = freshTopic()
    await cluster().createTopic(topic, { partitions: 3 })
    const brokers = ['-b', cluster().bootstrapServers]
    const path = file('k.txt', 'a:1\nb:2\nc:3\n')
    const { exit, stderr, json } = await dryRun([...brokers, '-t', topic, '-K', ':', path])
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: expect.stringMatching(/Not checked/) })
    expect(json().topics[0]).toMatchObject({ partitions: 3, records: 3 })
    expect(await cluster().readAll(topic)).toEqual([])

    const made = freshTopic()
    const making = await dryRun([...brokers, '-t', made, '--create-topic=6', '-K', ':', path])
    expect(making).toMatchObject({ exit: 0, stderr: `The topic ${made} would be made with 6 partitions.\n` })
    expect(making.json().topics[0]).toMatchObject({ partitions: 6 })
    expect(await dryRun([...brokers, '-t', made, path])).toMatchObject({
      exit: 2,
      stderr: expect.stringMatching(/no topic/),
    })
  })
})

test('interrupted while it waits for input: the account is told all the same', async () => {
  const running = start(['produce', '--dry-run', '-t', 'x', '--json', '-'])
  running.stdin.write('a\nb\n')
  await running.listens
  running.signal('SIGTERM')
  expect(await running.exit).toBe(143)
  expect(JSON.parse(running.stdout.text)).toMatchObject({ interrupted: true, error: null, exitCode: 143 })
})

test('for people: an account on standard error', async () => {
  const path = file('people.ndjson', `${rows(50)}bad\n`)
  const { exit, stdout, stderr } = await millrace([
    'produce',
    '--dry-run',
    '-t',
    'x',
    '--key-field',
    'id',
    '--timestamp-field',
    't',
    '--create-topic=3',
    path,
  ])
  expect({ exit, stdout }).toEqual({ exit: 3, stdout: '' })
  expect(stderr).toMatch(/^Dry run, nothing was sent: 50 of 51 records would be, [\d.]+ kB$/m)
  expect(stderr).toMatch(/line 51 of .*people\.ndjson/)
  expect(stderr).toMatch(/timestamps from 2023-11-14/)
  expect(stderr).toMatch(/x: 50 records over 3 partitions/)
  const quiet = await millrace(['produce', '--dry-run', '-t', 'x', '--quiet', path])
  expect(quiet).toMatchObject({ exit: 3, stdout: '', stderr: '' })
})
