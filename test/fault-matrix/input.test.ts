import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { fromEnvelope } from '../../src/envelope.ts'
import { millrace, useFiles, withoutUnchecked } from '../cli/harness.ts'
import { freshTopic, useEmbeddedCluster } from '../support/cluster.ts'

const cluster = useEmbeddedCluster()
const file = useFiles()
let number = 0

interface Account {
  readonly read: number
  readonly sent: number
  readonly skipped: number
  readonly rejected: number
  readonly unsent: number
  readonly delivered: number
  readonly failed: number
  readonly exitCode: number
}

async function load(paths: readonly string[], argv: readonly string[]) {
  const topic = freshTopic()
  const brokers = ['-b', cluster().bootstrapServers, '-X', 'allow.auto.create.topics=true']
  if (!argv.includes('--partition-field')) brokers.push('-p', '0')
  const { exit, stdout, stderr } = await millrace([
    'produce',
    '--json',
    ...brokers,
    '-t',
    topic,
    ...argv,
    ...paths,
  ])
  const account = JSON.parse(stdout) as Account
  const { read, sent, skipped, rejected, unsent, delivered, failed } = account
  expect(read).toBe(sent + skipped + rejected + unsent)
  expect(sent).toBe(delivered + failed)
  const messages = await cluster().readAll(topic)
  const values = messages
    .sort((a, b) => a.offset - b.offset)
    .map(({ value }) => value?.toString('latin1') ?? null)
  expect(values).toHaveLength(delivered)
  return { exit, stderr: withoutUnchecked(stderr), account, values }
}

interface Row {
  readonly name: string
  /** Its ending says the format. */
  readonly file: string
  readonly content: string | Buffer
  readonly argv?: readonly string[]
  readonly delivered: readonly string[]
  /** Byte, line and bytes of those that are put aside. */
  readonly bad?: readonly (readonly [byte: number, line: number, bytes: string])[]
  /** What is said of the first. */
  readonly says?: RegExp
  readonly skipped?: number
  /** An error of the input, behind which nothing is read. */
  readonly ends?: RegExp
}

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const u32 = (...records: string[]) =>
  Buffer.concat(
    records.flatMap(record => {
      const head = Buffer.alloc(4)
      head.writeUInt32BE(record.length)
      return [head, latin1(record)]
    }),
  )
const envelope = (value: string) => `{"value":"${value}"}`
const cutGzip = (text: string) => {
  const whole = gzipSync(text)
  return whole.subarray(0, whole.length - 12)
}
const noise = Array.from({ length: 4000 }, (_, n) => `${n}:${(n * 7919) % 1009}`).join('\n')

const rows: readonly Row[] = [
  { name: 'lines: no final newline', file: 'a.txt', content: 'a\nb', delivered: ['a', 'b'] },
  {
    name: 'lines: CRLF and BOM',
    file: 'a.txt',
    content: latin1('\xef\xbb\xbfa\r\nb\r\n'),
    delivered: ['a', 'b'],
  },
  { name: 'lines: blank ones', file: 'a.txt', content: 'a\n\nb\n', delivered: ['a', '', 'b'] },
  {
    name: 'lines: blank ones left out',
    file: 'a.txt',
    content: '\na\n\nb\n\n',
    argv: ['--skip-blank'],
    delivered: ['a', 'b'],
    skipped: 3,
  },
  {
    name: 'lines: NUL and invalid UTF-8',
    file: 'a.txt',
    content: latin1('a\0b\n\xff\xfe\n'),
    delivered: ['a\0b', '\xff\xfe'],
  },
  {
    name: 'lines: no key delimiter',
    file: 'a.txt',
    content: 'k:a\nb\nk:c\n\xff\n'.replace('\xff', 'd'),
    argv: ['-K', ':'],
    delivered: ['a', 'c'],
    bad: [
      [4, 2, 'b'],
      [10, 4, 'd'],
    ],
    says: /line 2 of .* has no key delimiter/,
  },
  {
    name: 'lines: bad at the limit’s other side',
    file: 'a.txt',
    content: 'k:a\nb\nk:c\nk:d\n',
    argv: ['-K', ':', '--limit', '3'],
    delivered: ['a', 'c'],
    bad: [[4, 2, 'b']],
    says: /line 2/,
  },
  {
    name: 'ndjson: no final newline, CRLF, BOM',
    file: 'a.ndjson',
    content: '\ufeff{"a":1}\r\n2',
    delivered: ['{"a":1}', '2'],
  },
  {
    name: 'ndjson: bad at line n, the first and the last',
    file: 'a.ndjson',
    content: '{"a":\n1\n{]\n2\nx',
    delivered: ['1', '2'],
    bad: [
      [0, 1, '{"a":'],
      [8, 3, '{]'],
      [13, 5, 'x'],
    ],
    says: /line 1 of .* is not JSON/,
  },
  {
    name: 'ndjson: a blank line, and NUL',
    file: 'a.ndjson',
    content: '1\n\n\0\n2\n',
    delivered: ['1', '2'],
    bad: [
      [2, 2, ''],
      [3, 3, '\0'],
    ],
    says: /line 2 of .* is blank/,
  },
  {
    name: 'ndjson: a field missing',
    file: 'a.ndjson',
    content: '{"id":1}\n{}\n{"id":3}\n',
    argv: ['--key-field', 'id'],
    delivered: ['{"id":1}', '{"id":3}'],
    bad: [[9, 2, '{}']],
    says: /has no field id/,
  },
  {
    name: 'ndjson: invalid UTF-8 where a timestamp should be',
    file: 'a.ndjson',
    content: latin1('{"t":5}\n{"t":"\xff"}\n'),
    argv: ['--timestamp-field', 't'],
    delivered: ['{"t":5}'],
    bad: [[8, 2, '{"t":"\xff"}']],
    says: /not valid UTF-8/,
  },
  {
    name: 'ndjson: partitions that are not there',
    file: 'a.ndjson',
    content: '{"p":0}\n{"p":99}\n{"p":0}\n{"p":77}\n',
    argv: ['--partition-field', 'p'],
    delivered: ['{"p":0}', '{"p":0}'],
    bad: [
      [8, 2, '{"p":99}'],
      [25, 4, '{"p":77}'],
    ],
    says: /partition 99/,
  },
  {
    name: 'csv: no final newline, CRLF, BOM, a quoted newline',
    file: 'a.csv',
    content: '\ufeffid,x\r\n1,"a\r\nb"\r\n2,c',
    delivered: ['1,"a\r\nb"', '2,c'],
  },
  {
    name: 'csv: too few columns, too many, a blank row',
    file: 'a.csv',
    content: 'id,x\n1\n1,2\n1,2,3\n\n4,"a\n""b"\n5\n',
    delivered: ['1,2', '4,"a\n""b"'],
    bad: [
      [5, 2, '1'],
      [11, 4, '1,2,3'],
      [17, 5, ''],
      [28, 8, '5'],
    ],
    says: /line 2 of .* has 1 field for 2 columns/,
  },
  {
    name: 'csv: quotes that do not end',
    file: 'a.csv',
    content: 'id,x\n1,2\n3,"a\n4,b\n5,c\n',
    delivered: ['1,2'],
    ends: /line 3 of .*a quote opens a field and is never closed/,
  },
  {
    name: 'csv: quotes that do not end, behind another fault',
    file: 'a.csv',
    content: 'id,x\n1,2\n"3"x,"a\n4,b\n5,c\n',
    delivered: ['1,2'],
    ends: /line 3 of .*something follows the quote/,
  },
  {
    name: 'tsv: quotes and a bad row',
    file: 'a.tsv',
    content: 'id\tx\n1\t"a\n2\n3\tb',
    delivered: ['1\t"a', '3\tb'],
    bad: [[10, 3, '2']],
    says: /has 1 field/,
  },
  {
    name: 'envelope: no envelope, no value',
    file: 'a.envelope',
    content: [envelope('a'), 'x', '{"key":"k"}', envelope('b')].join('\n'),
    delivered: ['a', 'b'],
    bad: [
      [14, 2, 'x'],
      [16, 3, '{"key":"k"}'],
    ],
    says: /is no envelope/,
  },
  {
    name: 'raw: NUL and no final newline',
    file: 'a.bin',
    content: 'a\0\nb',
    argv: ['--format', 'raw'],
    delivered: ['a\0\nb'],
  },
  {
    name: 'length-prefixed',
    file: 'a.bin',
    content: u32('a', '', '\0'),
    argv: ['--format', 'length-prefixed'],
    delivered: ['a', '', '\0'],
  },
  {
    name: 'length-prefixed: torn in the record',
    file: 'a.bin',
    content: u32('a', 'bcd').subarray(0, -1),
    argv: ['--format', 'length-prefixed'],
    delivered: ['a'],
    ends: /record 2 of .* is cut off/,
  },
  {
    name: 'length-prefixed: torn in the length',
    file: 'a.bin',
    content: u32('a', 'bcd').subarray(0, 7),
    argv: ['--format', 'length-prefixed'],
    delivered: ['a'],
    ends: /record 2 of .* is cut off/,
  },
  {
    name: 'gzip: bad records inside',
    file: 'a.ndjson.gz',
    content: gzipSync('1\nx\n2\n'),
    delivered: ['1', '2'],
    bad: [[2, 2, 'x']],
    says: /line 2/,
  },
]

describe.each([
  ['one thread', []],
  ['threads', ['--threads', '2']],
])('row 25, an input with faults, read by %s', (_name, threads) => {
  test.each(rows)(
    '$name',
    async ({ name, file: ending, content, argv = [], delivered, bad = [], ...row }) => {
      const path = file(`${++number}-${ending}`, content)
      const letters = file(`${number}.letters`, '')
      const { exit, stderr, account, values } = await load(
        [path],
        [...argv, ...threads, '--dead-letter', letters],
      )
      const { says = /^$/, skipped = 0, ends } = row
      expect({ name, exit, values }).toEqual({
        name,
        exit: ends ? 4 : bad.length > 0 ? 3 : 0,
        values: delivered,
      })
      expect(stderr).toMatch(ends ?? says)
      expect(account).toMatchObject({
        skipped,
        rejected: bad.length,
        failed: 0,
        unsent: ends?.source.startsWith('line') || ends?.source.startsWith('record') ? 1 : 0,
      })
      const lines = readFileSync(letters, 'utf8').split('\n').slice(0, -1)
      const found = lines.map(line => {
        const { source } = JSON.parse(line)
        expect(source.file).toBe(path)
        return [source.byte, source.line, fromEnvelope(Buffer.from(line)).value?.toString('latin1')]
      })
      expect(found).toEqual(bad)
    },
  )

  test('a bad record stops the load by default, and what stands before it is delivered', async () => {
    const path = file(`${++number}.ndjson`, '1\n2\nx\n4\n')
    const { exit, stderr, account, values } = await load([path], threads)
    expect({ exit, values }).toEqual({ exit: 4, values: ['1', '2'] })
    expect(stderr).toMatch(/line 3 of/)
    expect(account).toMatchObject({ read: 3, rejected: 1 })
  })

  test('a stream that is cut off ends the load, skip or not', async () => {
    const path = file(`${++number}.txt.gz`, cutGzip(noise))
    const { exit, stderr, account, values } = await load([path], [...threads, '--on-bad-record', 'skip'])
    expect(exit).toBe(4)
    expect(stderr).toMatch(/cannot be read beyond byte \d+: its gzip stream is cut off/)
    expect(account).toMatchObject({ rejected: 0, unsent: 0 })
    expect(noise.split('\n').slice(0, values.length)).toEqual(values)
  })

  test('an over-long line is put aside in part, which is not taken for the whole', async () => {
    const long = 'x'.repeat(64 * 1024 * 1024 + 1)
    const path = file(`${++number}.txt`, `a\n${long}\nb\n`)
    const letters = file(`${number}.letters`, '')
    const { exit, account, values } = await load([path], [...threads, '--dead-letter', letters])
    // threads have the file in parts
    expect({ exit, values: [...values].sort() }).toEqual({ exit: 3, values: ['a', 'b'] })
    expect(account).toMatchObject({ read: 3, rejected: 1 })
    const letter = JSON.parse(readFileSync(letters, 'utf8'))
    expect(letter).toMatchObject({ source: { byte: 2, line: 2 }, cut: { length: long.length } })
    expect(long.startsWith(letter.cut.beginning)).toBe(true)
    const again = await load([letters], ['--format', 'envelope'])
    expect(again).toMatchObject({ exit: 4, account: { read: 1, rejected: 1 } })
    rmSync(path)
  })

  test('lines of a part are told by those of the file', async () => {
    const lines = Array.from({ length: 9000 }, (_, n) => (n % 1000 === 999 ? 'x' : `{"n":${n}}`))
    const path = file(`${++number}.ndjson`, lines.join('\n'))
    const letters = file(`${number}.letters`, '')
    const { exit, account } = await load([path], [...threads, '--dead-letter', letters])
    expect({ exit, account }).toMatchObject({
      exit: 3,
      account: { read: 9000, rejected: 9, delivered: 8991 },
    })
    const found = readFileSync(letters, 'utf8').trimEnd().split('\n')
    expect(found.map(line => JSON.parse(line).source.line).sort((a, b) => a - b)).toEqual([
      1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000,
    ])
  })
})

test('row 25: one unreadable file among many is found before anything is sent', async () => {
  const good = file(`${++number}.txt`, 'a\n')
  const { exit, stdout } = await millrace([
    'produce',
    '--json',
    '-b',
    cluster().bootstrapServers,
    '-t',
    'x',
    good,
    join(good, '..', 'missing.txt'),
    good,
  ])
  expect({ exit, error: JSON.parse(stdout).error.code }).toEqual({ exit: 4, error: 'INPUT_UNREADABLE' })
})

test('row 25: a csv without the column among many files ends the load, and the others are delivered', async () => {
  const one = file(`${++number}.csv`, 'id,x\n1,a\n')
  const two = file(`${++number}.csv`, 'key,x\n2,b\n')
  const { exit, stderr, values } = await load([one, two], ['--key-field', 'id', '--on-bad-record', 'skip'])
  expect({ exit, values }).toEqual({ exit: 4, values: ['1,a'] })
  expect(stderr).toMatch(/no column "id"/)
})
