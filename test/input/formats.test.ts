import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { byteOf, lineOf } from '../../src/input/block.ts'
import type { ReadOptions } from '../../src/input/options.ts'
import { readRecords } from '../../src/input/read.ts'
import { NO_BYTES } from '../../src/types.ts'
import { cut, iterate } from './helpers.ts'

const piece = (bytes: Buffer, ranges: Uint32Array, index: number) =>
  ranges[2 * index] === NO_BYTES ? null : bytes.toString('latin1', ranges[2 * index], ranges[2 * index + 1])

/** All that can be seen of a reading, in order: records and bad records, with where they stand. */
async function observe(bytes: Buffer, options: ReadOptions, lengths: readonly number[] = [], headroom = 0) {
  const input = { name: 'data', size: null, chunks: () => iterate(cut(bytes, lengths, headroom)) }
  const seen: unknown[] = []
  const state = { reached: 0, blank: 0, records: 0, bad: 0, error: undefined as unknown }
  const onBad: ReadOptions['onBad'] = bad => {
    state.bad++
    expect(bad.byte).toBeGreaterThanOrEqual(state.reached)
    const kept = bytes.subarray(bad.byte, bad.byte + bad.bytes.length)
    expect(bad.bytes.equals(kept)).toBe(true)
    seen.push({ bad: bad.error.message, byte: bad.byte, line: bad.line, length: bad.length })
  }
  try {
    for await (const block of readRecords(input, { onBad, ...options })) {
      const { records } = block
      expect([block.count, block.ranges.length]).toEqual([records.count, 2 * records.count])
      expect(records.startByte).toBeGreaterThanOrEqual(state.reached)
      for (let index = 0; index < block.count; index++) {
        const record = records.bytes.subarray(records.ranges[2 * index], records.ranges[2 * index + 1])
        const byte = byteOf(records, index)
        expect(bytes.subarray(byte, byte + record.length).equals(record)).toBe(true)
        const { details } = block
        const headers = details?.[index]?.headers?.map(([name, value]) => [name, value && Buffer.from(value)])
        seen.push({
          byte,
          line: lineOf(records, index),
          value: piece(block.bytes, block.ranges, index),
          key: block.keys && piece(block.keys.bytes, block.keys.ranges, index),
          details: details && { ...details[index], headers },
        })
      }
      state.reached = records.endByte
      state.blank += records.blank
      state.records += block.count
    }
  } catch (error) {
    state.error = error
  }
  // told in the order of the input, but a block's bad records before its good ones
  const order = (item: unknown) => (item as { byte: number }).byte
  seen.sort((a, b) => order(a) - order(b))
  return { seen, ...state, error: state.error === undefined ? undefined : String(state.error) }
}

const settings: readonly (readonly [name: string, options: ReadOptions])[] = [
  ['lines', { format: 'lines' }],
  [
    'lines with a null value',
    { format: 'lines', keyDelimiter: Buffer.from(':'), nullValue: Buffer.from('1') },
  ],
  ['ndjson', { format: 'ndjson', keyField: 'k', valueField: 'k', headerFields: [['h', 'k']] }],
  ['csv', { format: 'csv', columns: ['a', 'b'], keyField: 'a' }],
  ['csv with a header', { format: 'csv' }],
  ['csv as JSON', { format: 'csv', columns: ['a', 'b'], csvValues: 'json', headerFields: [['h', 'b']] }],
  ['csv with blank rows left out', { format: 'csv', columns: ['a'], skipBlank: true }],
  ['tsv', { format: 'tsv', columns: ['a'], valueField: 'a', nullValue: Buffer.from('a') }],
  ['tsv as JSON', { format: 'tsv', columns: ['a', 'b'], csvValues: 'json', skipBlank: true }],
  ['raw', { format: 'raw' }],
  ['length-prefixed, u32', { format: 'length-prefixed' }],
  ['length-prefixed, varint', { format: 'length-prefixed', prefix: 'varint' }],
  ['envelope', { format: 'envelope' }],
]

const unit = fc.constantFrom(
  ...[
    'a',
    '1',
    '1',
    ',',
    ',',
    '"',
    '"',
    '""',
    '\n',
    '\n',
    '\r\n',
    '\r',
    '\t',
    ':',
    ' ',
    '\0',
    '\xef\xbb\xbf',
    '\xff',
    'é',
  ],
  ...[
    '\0\0\0\x01',
    '\0\0\0\x03',
    '\x01',
    '\x02',
    '\x80',
    '{"k":"v"}\n',
    '{"value":"x","key":null}\n',
    'x'.repeat(30),
  ],
)
const content = fc
  .tuple(fc.constantFrom('', '\xef\xbb\xbf'), fc.string({ unit, maxLength: 30 }))
  .map(([mark, text]) => Buffer.from(mark + text, 'latin1'))
const cuts = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 100 })
const headroom = fc.constantFrom(0, 3, 1000)

describe.each(settings)('%s', (_name, options) => {
  const limits = { maxRecordBytes: 20, maxRecords: 3 }

  it('cut into any pieces gives what the whole gives', async () => {
    const property = fc.asyncProperty(content, cuts, headroom, async (bytes, lengths, room) => {
      const whole = await observe(bytes, { ...options, ...limits })
      expect(await observe(bytes, { ...options, ...limits }, lengths, room)).toEqual(whole)
    })
    await fc.assert(property, { numRuns: 400 })
  })

  it('accounts for each byte', async () => {
    const property = fc.asyncProperty(content, cuts, async (bytes, lengths) => {
      const { error, reached } = await observe(bytes, { ...options, ...limits }, lengths)
      if (error === undefined) expect(reached).toBe(bytes.length)
      else
        expect(error).toMatch(/no length of at most|its header|no row|two columns|not valid UTF-8|limit of/)
    })
    await fc.assert(property, { numRuns: 400 })
  })

  it('stopping gives what stands before the first bad record', async () => {
    const property = fc.asyncProperty(content, cuts, async (bytes, lengths) => {
      const all = await observe(bytes, { ...options, ...limits }, lengths)
      const stopped = await observe(bytes, { ...options, ...limits, onBad: 'stop' }, lengths)
      const first = all.seen.findIndex(item => 'bad' in (item as object))
      expect(stopped.seen).toEqual(first < 0 ? all.seen : all.seen.slice(0, first))
      if (first >= 0) expect(stopped.error).toMatch(/^MillraceError: (line|record) \d+ of data/)
    })
    await fc.assert(property, { numRuns: 400 })
  })
})

describe('what every format is to bear', () => {
  const u32 = (...records: Buffer[]) =>
    Buffer.concat(records.flatMap(record => [Buffer.from([0, 0, 0, record.length]), record]))
  const varint = (...records: Buffer[]) =>
    Buffer.concat(records.flatMap(record => [Buffer.from([record.length]), record]))
  const odd = Buffer.from('a\0\xff\r', 'latin1')
  const line = Buffer.from('"a\0"', 'latin1')
  const cases: readonly [name: string, options: ReadOptions, bytes: Buffer | string, seen: unknown[]][] = [
    [
      'lines: NUL, invalid UTF-8, no final newline',
      {},
      odd,
      [{ byte: 0, line: 1, value: odd.toString('latin1') }],
    ],
    [
      'csv: NUL, invalid UTF-8',
      { format: 'csv', columns: ['a'] },
      Buffer.concat([line, Buffer.from('\n\xff', 'latin1')]),
      [
        { byte: 0, line: 1, value: '"a\0"' },
        { byte: 5, line: 2, value: '\xff' },
      ],
    ],
    [
      'csv: BOM, CRLF, a quoted line break',
      { format: 'csv', keyField: 'b' },
      '\ufeffa,b\r\n"x\r\ny",1\r\nz,2',
      [
        { byte: 8, line: 2, value: '"x\r\ny",1', key: '1' },
        { byte: 18, line: 4, value: 'z,2', key: '2' },
      ],
    ],
    [
      'tsv: quotes are nothing special',
      { format: 'tsv', keyField: 'b' },
      'a\tb\n"x\t"y\n',
      [{ byte: 4, line: 2, value: '"x\t"y', key: '"y' }],
    ],
    ['raw: no byte at all is a message', { format: 'raw' }, '', [{ byte: 0, line: 1, value: '' }]],
    [
      'raw: any bytes',
      { format: 'raw' },
      Buffer.from('\ufeffa\r\n\0'),
      [{ byte: 0, line: 1, value: '\xef\xbb\xbfa\r\n\0' }],
    ],
    [
      'length-prefixed: any bytes',
      { format: 'length-prefixed' },
      u32(odd, Buffer.alloc(0)),
      [
        { byte: 4, line: 1, value: odd.toString('latin1') },
        { byte: 12, line: 2, value: '' },
      ],
    ],
    [
      'varint: any bytes',
      { format: 'length-prefixed', prefix: 'varint' },
      varint(odd, Buffer.alloc(0)),
      [
        { byte: 1, line: 1, value: odd.toString('latin1') },
        { byte: 6, line: 2, value: '' },
      ],
    ],
    [
      'ndjson: CRLF, BOM',
      { format: 'ndjson' },
      '\ufeff1\r\n2',
      [
        { byte: 3, line: 1, value: '1' },
        { byte: 6, line: 2, value: '2' },
      ],
    ],
  ]
  it.each(cases)('%s', async (_name, options, bytes, expected) => {
    const { seen, error, bad } = await observe(Buffer.from(bytes), options)
    expect({ error, bad }).toEqual({ error: undefined, bad: 0 })
    expect(seen).toMatchObject(expected)
    expect(seen).toHaveLength(expected.length)
  })

  const faults: readonly [name: string, options: ReadOptions, bytes: string, place: object, says: RegExp][] =
    [
      [
        'csv: too few fields',
        { format: 'csv' },
        'a,b\n1,2\n3\n',
        { line: 3, byte: 8, length: 1 },
        /has 1 field for 2 columns/,
      ],
      [
        'csv: too many fields',
        { format: 'csv' },
        'a\n1,2\n',
        { line: 2, byte: 2 },
        /has 2 fields for 1 columns/,
      ],
      ['csv: a blank row', { format: 'csv' }, 'a,b\n\n', { line: 2, byte: 4, length: 0 }, /is blank/],
      [
        'csv: an open quote',
        { format: 'csv' },
        'a,b\n1,"2\n3,4\n',
        { line: 2, byte: 4, length: 9 },
        /never closed/,
      ],
      ['csv: a quote inside', { format: 'csv' }, 'a\nx"y\n', { line: 2, byte: 2 }, /stands inside a field/],
      [
        'csv: something after quotes',
        { format: 'csv' },
        'a\n"x"y\n',
        { line: 2, byte: 2 },
        /follows the quote/,
      ],
      [
        'csv: JSON of what is no UTF-8',
        { format: 'csv', csvValues: 'json' },
        'a\n\xff\n',
        { line: 2, byte: 2 },
        /not valid UTF-8/,
      ],
      [
        'csv: a row too long',
        { format: 'csv', maxRecordBytes: 5 },
        'a\n"123\n4567"\nb\n',
        { line: 2, byte: 2, length: 10 },
        /limit of 5 bytes, with 10 bytes/,
      ],
      [
        'tsv: too few fields',
        { format: 'tsv' },
        'a\tb\n1\n',
        { line: 2, byte: 4 },
        /has 1 field for 2 columns/,
      ],
      [
        'tsv: no timestamp',
        { format: 'tsv', timestampField: 'a' },
        'a\nx\n',
        { line: 2, byte: 2 },
        /field a that is no timestamp: "x"/,
      ],
      [
        'raw: too long',
        { format: 'raw', maxRecordBytes: 2 },
        'abc',
        { line: 1, byte: 0, length: 3 },
        /record 1 of data .* limit of 2 bytes, with 3 bytes/,
      ],
      [
        'length-prefixed: cut off',
        { format: 'length-prefixed' },
        '\0\0\0\x01a\0\0\0\x05bc',
        { line: 2, byte: 5, length: 6 },
        /record 2 .* 5 bytes were announced, and the input ends 3 bytes short/,
      ],
      [
        'length-prefixed: cut off in the length',
        { format: 'length-prefixed' },
        '\0\0',
        { line: 1, byte: 0, length: 2 },
        /ends inside the length/,
      ],
      [
        'length-prefixed: too long',
        { format: 'length-prefixed', maxRecordBytes: 2 },
        '\0\0\0\x03abc\0\0\0\0',
        { line: 1, byte: 4, length: 3 },
        /limit of 2 bytes/,
      ],
      [
        'varint: cut off',
        { format: 'length-prefixed', prefix: 'varint' },
        '\x01a\x80',
        { line: 2, byte: 2, length: 1 },
        /ends inside the length/,
      ],
      [
        'envelope: no JSON',
        { format: 'envelope' },
        '{}x\n',
        { line: 1, byte: 0 },
        /is no envelope: it is not JSON/,
      ],
      [
        'envelope: no value',
        { format: 'envelope' },
        '{"key":"k"}\n',
        { line: 1, byte: 0 },
        /"value" is missing/,
      ],
      [
        'ndjson: no partition',
        { format: 'ndjson', partitionField: 'p' },
        '{"p":-1}\n',
        { line: 1, byte: 0 },
        /field p that is no partition: "-1"/,
      ],
      [
        'ndjson: no topic',
        { format: 'ndjson', topicField: 't' },
        '{"t":"a b"}\n',
        { line: 1 },
        /no topic: "a b"/,
      ],
      [
        'ndjson: null for a topic',
        { format: 'ndjson', topicField: 't' },
        '{"t":null}\n',
        { line: 1 },
        /no topic: it is null/,
      ],
      [
        'ndjson: no such header',
        { format: 'ndjson', headerFields: [['h', 'x']] },
        '{}\n',
        { line: 1 },
        /has no field x/,
      ],
    ]
  it.each(faults)('%s is told with its place', async (_name, options, text, place, says) => {
    const { seen, bad } = await observe(Buffer.from(text, 'latin1'), options)
    const found = seen.find(item => 'bad' in (item as object))
    expect(found).toMatchObject({ bad: expect.stringMatching(says), ...place })
    expect(bad).toBe(1)
  })

  it.each<[string, ReadOptions, string, RegExp]>([
    [
      'a varint without end',
      { format: 'length-prefixed', prefix: 'varint' },
      '\x01a\xff\xff\xff\xff\xff\x01',
      /beyond byte 2: no length/,
    ],
    [
      'a header without the column',
      { format: 'csv', keyField: 'x' },
      'a,b\n1,2\n',
      /no column "x", but a, b/,
    ],
    [
      'a header with a column twice',
      { format: 'csv', csvValues: 'json' },
      'a,a\n1,2\n',
      /two columns named "a"/,
    ],
    ['a header that is no row', { format: 'csv' }, 'a,"b\n1,2\n', /header, line 1, is no row/],
  ])('%s ends the reading', async (_name, options, text, says) => {
    const { error } = await observe(Buffer.from(text, 'latin1'), options)
    expect(error).toMatch(says)
  })
})

it('the length of an over-long row is without its CR, wherever it was cut', async () => {
  const bytes = Buffer.from(`a\n${'x'.repeat(60)}\r\nb\n`)
  for (let size = 1; size <= bytes.length; size++) {
    const lengths = new Array<number>(bytes.length).fill(size)
    const { seen } = await observe(bytes, { format: 'csv', maxRecordBytes: 20 }, lengths)
    expect(seen).toMatchObject([
      { byte: 2, line: 2, length: 60 },
      { line: 3, value: 'b' },
    ])
  }
})
