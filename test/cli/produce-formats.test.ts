import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { Producer } from '../../src/index.ts'
import { freshTopic, useEmbeddedCluster } from '../support/cluster.ts'
import { type Ended, millrace, useFiles } from './harness.ts'

const cluster = useEmbeddedCluster()
const file = useFiles()

const making = ['-X', 'allow.auto.create.topics=true']

async function run(argv: readonly string[], options = {}): Promise<Ended> {
  return millrace(['produce', '-b', cluster().bootstrapServers, ...making, ...argv], options)
}

async function produce(argv: readonly string[], options = {}): Promise<Ended & { topic: string }> {
  const topic = freshTopic()
  return { ...(await run(['-t', topic, ...argv], options)), topic }
}

async function contents(topic: string) {
  const messages = await cluster().readAll(topic)
  const text = (bytes: Buffer | null) => (bytes === null ? null : bytes.toString('latin1'))
  return messages
    .sort((a, b) => a.partition - b.partition || a.offset - b.offset)
    .map(({ key, value }) => [text(key), text(value)])
}

const u32 = (...records: string[]) =>
  Buffer.concat(records.flatMap(record => [Buffer.from([0, 0, 0, record.length]), Buffer.from(record)]))

// zstd of "hello\nworld\n"
const ZSTD = Buffer.from('KLUv/SQMYQAAaGVsbG8Kd29ybGQKtQ6HFw==', 'base64')

type Row = readonly [key: string | null, value: string | null]

describe('each format', () => {
  const cases: readonly [
    name: string,
    argv: readonly string[],
    input: { readonly name: string; readonly content: string | Buffer },
    expected: readonly Row[],
  ][] = [
    [
      'csv, the row as it stands, with a key by column',
      ['--key-field', 'id'],
      { name: 'a.csv', content: '\ufeffid,name\r\n1,"a\r\nb"\r\n"2",""""\r\n' },
      [
        ['1', '1,"a\r\nb"'],
        ['2', '"2",""""'],
      ],
    ],
    [
      'csv as JSON',
      ['--csv-values', 'json', '--key-field', 'id'],
      { name: 'b.csv', content: 'id,"na""me"\n1,x\n2,"a ""b"", c\n"' },
      [
        ['1', '{"id":"1","na\\"me":"x"}'],
        ['2', '{"id":"2","na\\"me":"a \\"b\\", c\\n"}'],
      ],
    ],
    [
      'csv without a header, another delimiter, a value and a tombstone',
      [
        '--columns',
        'k,v',
        '--field-delimiter',
        ';',
        '--key-field',
        'k',
        '--value-field',
        'v',
        '--null-value',
        'NULL',
      ],
      { name: 'c.csv', content: 'a;1\nb;NULL\n' },
      [
        ['a', '1'],
        ['b', null],
      ],
    ],
    [
      'tsv',
      ['--value-field', 'b', '--skip-blank'],
      { name: 'd.tsv', content: 'a\tb\n1\t"x\n\n2\ty' },
      [
        [null, '"x'],
        [null, 'y'],
      ],
    ],
    ['raw', ['--format', 'raw', '-k', 'k'], { name: 'e', content: 'a\n\0b\n' }, [['k', 'a\n\0b\n']]],
    [
      'length-prefixed',
      ['--format', 'length-prefixed'],
      { name: 'f', content: u32('a\nb', '', 'c') },
      [
        [null, 'a\nb'],
        [null, ''],
        [null, 'c'],
      ],
    ],
    [
      'length-prefixed by varints',
      ['--format', 'length-prefixed', '--prefix', 'varint'],
      {
        name: 'g',
        content: Buffer.concat([Buffer.from([0xac, 0x02]), Buffer.alloc(300, 'x'), Buffer.from([1, 0x79])]),
      },
      [
        [null, 'x'.repeat(300)],
        [null, 'y'],
      ],
    ],
    [
      'ndjson with a value and a tombstone',
      ['--value-field', 'v', '--key-field', 'k'],
      { name: 'h.ndjson', content: '{"k":1,"v":{"a" : 1}}\n{"k":"x","v":null}\n' },
      [
        ['1', '{"a" : 1}'],
        ['x', null],
      ],
    ],
    [
      'gzip of several members',
      [],
      { name: 'i.txt.gz', content: Buffer.concat([gzipSync('a\nb'), gzipSync('c\nd\n')]) },
      [
        [null, 'a'],
        [null, 'bc'],
        [null, 'd'],
      ],
    ],
    [
      'zstd',
      [],
      { name: 'j.zst', content: ZSTD },
      [
        [null, 'hello'],
        [null, 'world'],
      ],
    ],
  ]
  test.each(cases)('%s', async (_name, argv, { name, content }, expected) => {
    const { exit, stderr, topic } = await produce([...argv, '-p', '0', file(name, content)])
    expect({ exit, stderr }).toMatchObject({ exit: 0, stderr: expect.stringContaining('records delivered') })
    expect(await contents(topic)).toEqual(expected)
  })

  test('mixed in one run, in the order of the files', async () => {
    const names = [
      file('m.csv.gz', gzipSync('1\n')),
      file('m.jsonl', '{"a":1}\n'),
      file('m.txt.zst', ZSTD),
      file('m.tsv', '3\n'),
    ]
    const { exit, topic } = await produce(['-p', '0', '--columns', 'x', ...names, '-'], {
      stdin: gzipSync('last'),
    })
    expect(exit).toBe(0)
    expect((await contents(topic)).map(([, value]) => value)).toEqual([
      '1',
      '{"a":1}',
      'hello',
      'world',
      '3',
      'last',
    ])
  })
})

describe('fields', () => {
  test('say topic, partition, timestamp and headers of each message', async () => {
    const topics = [freshTopic(), freshTopic()]
    const lines = topics.map((topic, n) =>
      JSON.stringify({ t: topic, p: n, at: '2026-11-01T00:00:00Z', h: n === 0 ? 'x' : null, n }),
    )
    const { exit, stderr } = await run(
      [
        '--topic-field',
        't',
        '--partition-field',
        'p',
        '--timestamp-field',
        'at',
        '--header-field',
        'h=h',
        '-H',
        'c=1',
        '--format',
        'ndjson',
      ],
      { stdin: lines.join('\n') },
    )
    expect({ exit, stderr }).toMatchObject({ exit: 0 })
    for (const [n, topic] of topics.entries()) {
      const messages = await cluster().readAll(topic)
      expect(messages).toMatchObject([{ partition: n, value: Buffer.from(lines[n] ?? '') }])
      // node-rdkafka's consumer does not tell null from empty
      expect(messages[0]?.headers).toEqual([
        ['h', Buffer.from(n === 0 ? 'x' : '')],
        ['c', Buffer.from('1')],
      ])
    }
  })

  test('a partition that the topic does not have stops the load at its record', async () => {
    const { exit, stdout, stderr, topic } = await produce(
      ['--json', '--format', 'csv', '--partition-field', 'p'],
      { stdin: 'p,v\n0,a\n99,b\n1,c\n' },
    )
    expect(exit).toBe(4)
    expect(stderr).toMatch(/line 3 of standard input \(byte 8\) names partition 99 of .*, which has 4/)
    expect(JSON.parse(stdout)).toMatchObject({ read: 2, rejected: 1, delivered: 1, unsent: 0 })
    expect(await contents(topic)).toEqual([[null, '0,a']])
  })

  test('a topic that the cluster does not have stops the load at its record', async () => {
    const { exit, stderr } = await millrace(
      ['produce', '-b', cluster().bootstrapServers, '--topic-field', 't', '--format', 'ndjson'],
      { stdin: '{"t":"not-there"}\n' },
    )
    expect(exit).toBe(4)
    expect(stderr).toMatch(/line 1 of standard input \(byte 0\) names the topic not-there/)
  })
})

describe('envelopes', () => {
  test('what was read is produced again, byte for byte', async () => {
    const from = freshTopic()
    const producer = await Producer.connect({ 'bootstrap.servers': cluster().bootstrapServers })
    await producer.sendBatch([
      {
        topic: from,
        partition: 0,
        key: 'k',
        value: 'ü\n',
        headers: [
          ['h', 'x'],
          ['h', Buffer.of(0xff)],
        ],
      },
      { topic: from, partition: 1, key: null, value: null },
      { topic: from, partition: 2, key: '', value: Buffer.of(0xff, 0) },
    ])
    await producer.close()
    const read = (topic: string) => millrace(['read', '-b', cluster().bootstrapServers, '-t', topic])
    const { stdout } = await read(from)
    const { exit, topic } = await produce(['--format', 'envelope'], { stdin: stdout })
    expect(exit).toBe(0)
    const again = (await read(topic)).stdout
    const lines = (text: string, name: string) =>
      text.replaceAll(`"${name}"`, '"T"').trim().split('\n').sort()
    expect(lines(again, topic)).toEqual(lines(stdout, from))
  })

  test('go to the topics that they name, dead letters too', async () => {
    const topic = freshTopic()
    const letter = {
      topic,
      key: 'k',
      value: 'v',
      error: { code: 'MESSAGE_TOO_LARGE' },
      source: { file: 'a', byte: 0, line: 1 },
    }
    const { exit } = await run([file('dead.envelope.jsonl', `${JSON.stringify(letter)}\n`)])
    expect(exit).toBe(0)
    expect(await contents(topic)).toEqual([['k', 'v']])
  })

  test('to another topic, by key there', async () => {
    const { exit, topic } = await produce(['-p', 'any', '--format', 'envelope'], {
      stdin: '{"topic":"elsewhere","partition":99,"key":"k","value":"v"}\n',
    })
    expect(exit).toBe(0)
    expect(await contents(topic)).toEqual([['k', 'v']])
  })

  test('without any topic are bad', async () => {
    const { exit, stderr } = await run(['--format', 'envelope'], { stdin: '{"value":"v"}\n' })
    expect({ exit, stderr }).toMatchObject({ exit: 4, stderr: expect.stringMatching(/"topic" is missing/) })
  })
})

describe('bad input', () => {
  test('a gzip stream that is cut off: what is before it is delivered and accounted for', async () => {
    const whole = gzipSync('1\n2\n3')
    const cut = Buffer.concat([whole, gzipSync('4\n5\n6').subarray(0, 12)])
    const name = file('cut.gz', cut)
    const { exit, stdout, stderr, topic } = await produce(['--json', '-p', '0', name])
    expect(exit).toBe(4)
    expect(stderr).toMatch(/cut\.gz cannot be read beyond byte \d+: its gzip stream is cut off/)
    expect(JSON.parse(stdout)).toMatchObject({ read: 2, sent: 2, delivered: 2, rejected: 0, unsent: 0 })
    expect((await contents(topic)).map(([, value]) => value)).toEqual(['1', '2'])
  })

  test('a row with too few fields', async () => {
    const { exit, stdout, stderr } = await produce(['--json', '--format', 'csv'], { stdin: 'a,b\n1,2\n3\n' })
    expect(exit).toBe(4)
    expect(stderr).toMatch(/line 3 of standard input \(byte 8\) has 1 field for 2 columns: 3/)
    expect(JSON.parse(stdout)).toMatchObject({ read: 2, delivered: 1, rejected: 1 })
  })

  test.each<[string, readonly string[], RegExp]>([
    ['no topic', [], /--topic is missing/],
    ['two topics', ['-t', 'x', '--topic-field', 't', '--format', 'ndjson'], /--topic and --topic-field/],
    ['two partitions', ['-t', 'x', '-p', '1', '--partition-field', 'p'], /--partition and --partition-field/],
    [
      'two values',
      ['-t', 'x', '--csv-values', 'json', '--value-field', 'v'],
      /--value-field and --csv-values/,
    ],
    ['a header field without a path', ['-t', 'x', '--header-field', 'h'], /Give name=PATH/],
    ['columns of lines', ['-t', 'x', '--columns', 'a'], /read as lines, which has no --columns/],
    [
      'a column that is not there',
      ['-t', 'x', '--format', 'csv', '--columns', 'a', '--key-field', 'b'],
      /no column "b"/,
    ],
    ['a delimiter of two bytes', ['-t', 'x', '--format', 'csv', '--field-delimiter', '||'], /not one byte/],
    ['a prefix that is none', ['-t', 'x', '--prefix', 'u16'], /prefix/],
  ])('%s: a usage error', async (_name, argv, says) => {
    const { exit, stderr } = await run(argv)
    expect({ exit, stderr }).toMatchObject({ exit: 2, stderr: expect.stringMatching(says) })
  })
})
