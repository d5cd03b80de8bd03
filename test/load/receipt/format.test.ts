import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lineWriter, type ReceiptLine, readReceipt } from '../../../src/load/receipt/format.ts'
import { useFiles } from '../../cli/harness.ts'
import { chunk, header } from './support.ts'

const file = useFiles()
const write = await lineWriter()

const resumed: ReceiptLine = {
  resumed: { at: '2026-01-02T00:00:00.000Z', mode: 'ordered', millrace: '0.1.0', openRecords: 10 },
}
const others: readonly ReceiptLine[] = [
  { part: [0, 0, 500] },
  { part: [0, 500, null] },
  chunk(),
  resumed,
  { topics: [{ topic: 'more', topicId: null, partitions: 1 }] },
  chunk({ chunk: 2, after: 1, ranges: [], ends: [0], prefixes: [[0, 'ffffffffffffffff']] }),
]
const lines: readonly ReceiptLine[] = [header(), ...others]

async function read(content: Buffer | string) {
  const seen: ReceiptLine[] = []
  const end = await readReceipt(file('receipt', content), line => seen.push(line))
  return { ...end, seen }
}

const text = (all: readonly ReceiptLine[]) => Buffer.concat(all.map(write))
const failure = (reason: RegExp) => ({ code: 'RECEIPT_UNREADABLE', message: expect.stringMatching(reason) })
/** Any JSON as a line whose checksum is right. */
const line = (json: object) => write(json as ReceiptLine)

test('a line is 16 hex digits, a space and JSON', () => {
  expect(line({ a: 1 }).toString()).toBe('ca0b885a32fc8b48 {"a":1}\n')
})

test('all lines come back as they were written', async () => {
  const content = text(lines)
  expect(await read(content)).toEqual({
    header: lines[0],
    seen: others,
    wholeBytes: content.length,
    damage: undefined,
  })
})

test('kinds of lines and fields that are not known are passed over', async () => {
  const more = { ...chunk(), later: 1 }
  const content = Buffer.concat([write(header()), line({ later: { a: 1 } }), line(more)])
  expect(await read(content)).toMatchObject({ seen: [more], wholeBytes: content.length, damage: undefined })
})

test('a receipt cut at any byte gives the lines that are whole', async () => {
  const content = text(lines)
  const ends = lines.map((_, index) => text(lines.slice(0, index + 1)).length)
  for (let length = 0; length < content.length; length++) {
    const whole = ends.filter(end => end <= length)
    const result = await read(content.subarray(0, length))
    expect(result.seen).toEqual(others.slice(0, Math.max(0, whole.length - 1)))
    expect(result.header).toEqual(whole.length === 0 ? undefined : lines[0])
    expect(result.wholeBytes).toBe(whole.at(-1) ?? 0)
    expect(result.damage === undefined).toBe(length === (whole.at(-1) ?? 0))
  }
})

test('no altered line is taken for a whole one', async () => {
  const content = text(lines)
  const first = write(header()).length
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: first, max: content.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, change) => {
        const altered = Buffer.from(content)
        altered[at] = altered[at]! ^ change
        const { seen, wholeBytes, damage } = await read(altered)
        expect(damage).toBeDefined()
        expect(wholeBytes).toBeLessThanOrEqual(at)
        expect(seen).toEqual(others.slice(0, seen.length))
      },
    ),
    { numRuns: 200 },
  )
})

test('a few whole lines behind a damage are those of the same write; many are not', async () => {
  const rest = (count: number) => Array.from({ length: count }, (_, n) => write(chunk({ chunk: n + 5 })))
  const torn = Buffer.concat([write(header()), Buffer.alloc(40), Buffer.from('\n')])
  expect(await read(Buffer.concat([torn, ...rest(63)]))).toMatchObject({
    seen: [],
    wholeBytes: write(header()).length,
    damage: { line: 2, followers: 63 },
  })
  await expect(read(Buffer.concat([torn, ...rest(64)]))).rejects.toMatchObject(failure(/line 2 was altered/))
})

const sad: readonly [string, Buffer | string, RegExp][] = [
  ['a text', 'hello\nworld\n', /no receipt/],
  ['a text without an end', 'hello', /no receipt/],
  ['hex digits that go on otherwise', '0123456789abcdef {"schema":"other', /no receipt/],
  ['a chunk first', write(chunk()), /no receipt/],
  ['an altered header', write(header()).toString().replace('events', 'events2'), /no receipt/],
  [
    'another version',
    line({ ...header(), schema: 'millrace.receipt/2' }),
    /receipt\/2.*reads millrace.receipt\/1/,
  ],
  ['a header without inputs', line({ ...header(), inputs: undefined }), /no header/],
  [
    'a chunk with a range that runs back',
    text([header(), chunk({ ranges: [[0, 5, 4]] })]),
    /line 2: .*chunk line/,
  ],
  ['a chunk with half a record', text([header(), chunk({ read: 1.5 })]), /chunk line/],
  ['a chunk with a short hash', text([header(), chunk({ hash: 'abc' })]), /chunk line/],
  [
    'a resume of no known mode',
    Buffer.concat([write(header()), line({ resumed: { mode: 'x' } })]),
    /resumed line/,
  ],
]

test.each(sad)('%s is refused', async (_name, content, reason) => {
  await expect(read(content)).rejects.toMatchObject(failure(reason))
})

test('a file that is not there', async () => {
  await expect(readReceipt('/does/not/exist', () => {})).rejects.toMatchObject(failure(/ENOENT/))
})
