import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MillraceError } from '../../src/errors.ts'
import type { BadRecord } from '../../src/input/bad.ts'
import { byteOf, lineOf, type RecordBlock } from '../../src/input/block.ts'
import { LineFramer, type LineOptions } from '../../src/input/lines.ts'
import type { Chunk } from '../../src/input/source.ts'
import { cut, recordsOf } from './helpers.ts'

const usual: LineOptions = {
  input: 'data.txt',
  blank: 'keep',
  maxRecordBytes: 1_000_000,
  maxRecords: 10_000,
  onBad: 'stop',
}

function frame(chunks: Iterable<Chunk>, options: Partial<LineOptions> = {}): RecordBlock[] {
  const framer = new LineFramer({ ...usual, ...options })
  const blocks: RecordBlock[] = []
  for (const chunk of chunks) blocks.push(...framer.push(chunk))
  blocks.push(...framer.end())
  return blocks
}

function frameText(text: string, options: Partial<LineOptions> = {}): RecordBlock[] {
  return frame(cut(Buffer.from(text, 'latin1'), []), options)
}

const bom = '\xef\xbb\xbf'

describe('records of a whole input', () => {
  const table: [what: string, text: string, records: string[], options?: Partial<LineOptions>][] = [
    ['an empty input', '', []],
    ['a final newline', 'a\nb\n', ['a', 'b']],
    ['no final newline', 'a\nb', ['a', 'b']],
    ['CRLF', 'a\r\nb\r\n', ['a', 'b']],
    ['CR elsewhere is data', 'a\rb\n\rc\r\r\nd\r', ['a\rb', '\rc\r', 'd\r']],
    ['empty lines are records', '\n\na\n\n', ['', '', 'a', '']],
    ['a lone newline', '\n', ['']],
    ['a byte order mark', `${bom}a\nb\n`, ['a', 'b']],
    ['a byte order mark before an empty line', `${bom}\na`, ['', 'a']],
    ['nothing but a byte order mark', bom, []],
    ['a byte order mark further on is data', `a\n${bom}b\n`, ['a', `${bom}b`]],
    ['half a byte order mark is data', '\xef\xbb\na', ['\xef\xbb', 'a']],
    ['NUL', 'a\0b\n\0\n', ['a\0b', '\0']],
    ['invalid UTF-8', '\xff\xfe\n\xc3\n', ['\xff\xfe', '\xc3']],
    ['an explicit LF leaves CR', 'a\r\nb', ['a\r', 'b'], { delimiter: Buffer.from('\n') }],
    ['NUL as delimiter', 'a\n\0\0b', ['a\n', '', 'b'], { delimiter: Buffer.of(0) }],
    ['a delimiter of several bytes', 'a||b|c||', ['a', 'b|c'], { delimiter: Buffer.from('||') }],
    ['a delimiter that could overlap itself', 'aaab', ['', 'ab'], { delimiter: Buffer.from('aa') }],
    ['a part of a delimiter at the end', 'a\r', ['a\r'], { delimiter: Buffer.from('\r\n') }],
    ['empty lines skipped', '\na\n\r\n \nb', ['a', ' ', 'b'], { blank: 'skip-empty' }],
    ['white space skipped', ' \t\r\na\n\n \x0b\n ', ['a', ' \x0b'], { blank: 'skip-whitespace' }],
  ]
  it.each(table)('%s', (_what, text, records, options) => {
    expect(recordsOf(frameText(text, options))).toEqual(records)
  })
})

describe('where records stand', () => {
  it('line numbers and byte offsets count skipped lines and the byte order mark', () => {
    const blocks = frameText(`${bom}\na\n\n\nbc\r\n\nd`, { blank: 'skip-empty', maxRecords: 2 })
    const places = blocks.flatMap(block =>
      Array.from({ length: block.count }, (_, index) => [lineOf(block, index), byteOf(block, index)]),
    )
    expect(places).toEqual([
      [2, 4],
      [5, 8],
      [7, 13],
    ])
    expect(blocks.reduce((sum, block) => sum + block.blank, 0)).toBe(4)
  })

  it('bytes at the end that hold no record are accounted for', () => {
    const blocks = frameText('\n\n\n', { blank: 'skip-empty' })
    expect(blocks.map(({ count, blank, startByte, endByte }) => [count, blank, startByte, endByte])).toEqual([
      [0, 3, 0, 3],
    ])
  })

  it('a block has no more records than asked', () => {
    const blocks = frameText('a\n'.repeat(25), { maxRecords: 10 })
    expect(blocks.map(block => [block.count, block.firstLine, block.startByte])).toEqual([
      [10, 1, 0],
      [10, 11, 20],
      [5, 21, 40],
    ])
  })
})

interface Expected {
  good: { text: string; byte: number; line: number }[]
  bad: { line: number; byte: number; length: number; bytes: string }[]
}

// the same by splitting text
function reference(text: string, options: LineOptions): Expected {
  const delimiter = options.delimiter === undefined ? '\n' : Buffer.from(options.delimiter).toString('latin1')
  const expected: Expected = { good: [], bad: [] }
  const parts = text.split(delimiter)
  let byte = 0
  parts.forEach((part, index) => {
    const last = index === parts.length - 1
    const skip = index === 0 && part.startsWith(bom) ? bom.length : 0
    let record = part.slice(skip)
    if (!last && options.delimiter === undefined && record.endsWith('\r')) record = record.slice(0, -1)
    const blank =
      (options.blank === 'skip-empty' && record === '') ||
      (options.blank === 'skip-whitespace' && /^[ \t\r\n]*$/.test(record))
    const place = { line: index + 1, byte: byte + skip }
    const { maxRecordBytes } = options
    if (record.length > maxRecordBytes) {
      expected.bad.push({ ...place, length: record.length, bytes: record.slice(0, maxRecordBytes) })
    } else if (!blank && !(last && record === '')) expected.good.push({ ...place, text: record })
    byte += part.length + delimiter.length
  })
  return expected
}

const pieces = fc.constantFrom(
  'a',
  'b',
  '\r',
  '\n',
  '\r\n',
  '|',
  '||',
  '|-|',
  ' ',
  '\0',
  '\xff',
  bom,
  'long enough',
)
const texts = fc
  .tuple(fc.constantFrom('', bom), fc.array(pieces, { maxLength: 40 }))
  .map(([start, rest]) => start + rest.join(''))
const settings = fc.record({
  delimiter: fc
    .constantFrom(undefined, '\n', '\r\n', '|', '||', '|-|', 'aa')
    .map(d => (d ? Buffer.from(d) : undefined)),
  blank: fc.constantFrom<LineOptions['blank']>('keep', 'skip-empty', 'skip-whitespace'),
  maxRecords: fc.integer({ min: 1, max: 6 }),
  maxRecordBytes: fc.constantFrom(1, 2, 5, 20, 1000),
})
const cuts = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 60 })
const headrooms = fc.constantFrom(0, 1, 4, 100)

describe('any bytes, cut anywhere', () => {
  it('give the records that splitting the whole gives, and report those that are too long', () => {
    fc.assert(
      fc.property(texts, settings, cuts, headrooms, (text, setting, lengths, headroom) => {
        const reported: BadRecord[] = []
        const options: LineOptions = { ...usual, ...setting, onBad: bad => void reported.push(bad) }
        const blocks = frame(cut(Buffer.from(text, 'latin1'), lengths, headroom), options)
        const good = blocks.flatMap(block =>
          recordsOf([block]).map((record, index) => ({
            text: record,
            byte: byteOf(block, index),
            line: lineOf(block, index),
          })),
        )
        const bad = reported.map(({ line, byte, length, bytes }) => ({
          line,
          byte,
          length,
          bytes: bytes.toString('latin1'),
        }))
        expect({ good, bad }).toEqual(reference(text, options))
      }),
      { numRuns: 3000 },
    )
  })

  it('account for each byte: blocks tile the input, and their bytes are the input', () => {
    fc.assert(
      fc.property(texts, settings, cuts, headrooms, (text, setting, lengths, headroom) => {
        const options = { ...setting, maxRecordBytes: 1000 }
        const blocks = frame(cut(Buffer.from(text, 'latin1'), lengths, headroom), options)
        let reached = 0
        for (const block of blocks) {
          expect(block.startByte).toBe(reached)
          expect(block.bytes.length).toBe(block.endByte - block.startByte)
          expect(block.ranges.length).toBe(2 * block.count)
          expect(block.count).toBeLessThanOrEqual(setting.maxRecords)
          reached = block.endByte
        }
        expect(Buffer.concat(blocks.map(block => block.bytes)).toString('latin1')).toBe(text)
      }),
      { numRuns: 1000 },
    )
  })

  it('end where the input ends, also when records were left out', () => {
    fc.assert(
      fc.property(texts, settings, cuts, (text, setting, lengths) => {
        const blocks = frame(cut(Buffer.from(text, 'latin1'), lengths), { ...setting, onBad: () => {} })
        expect(blocks.at(-1)?.endByte ?? 0).toBe(text.length)
        let reached = 0
        for (const block of blocks) {
          expect(block.startByte).toBeGreaterThanOrEqual(reached)
          reached = block.endByte
        }
      }),
    )
  })

  it('records and their delimiters give back the input', () => {
    const lines = fc.array(fc.string({ unit: fc.constantFrom('a', '\0', '\xff', '\r', ' ') }), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(lines, cuts, (records, lengths) => {
        const delimiter = Buffer.from('\n')
        const text = records.map(record => `${record}\n`).join('')
        const blocks = frame(cut(Buffer.from(text, 'latin1'), lengths), { delimiter })
        expect(recordsOf(blocks)).toEqual(records)
      }),
    )
  })

  it('blocks keep their bytes when later chunks are read', () => {
    const bytes = Buffer.from('one\ntwo\nthree\nfour\n')
    const framer = new LineFramer(usual)
    const kept: [RecordBlock, string][] = []
    for (const chunk of cut(bytes, [6, 5, 4], 16)) {
      for (const block of framer.push(chunk)) kept.push([block, block.bytes.toString()])
    }
    expect(kept.map(([block]) => block.bytes.toString())).toEqual(kept.map(([, text]) => text))
    expect(kept.map(([, text]) => text).join('')).toBe(bytes.toString())
  })
})

describe('an over-long record', () => {
  const text = `ok\n${'x'.repeat(50)}\nafter\n`
  const bytes = Buffer.from(text)

  it.each([1, 7, 1000])('stops the reading after the records before it (chunks of %i)', size => {
    const framer = new LineFramer({ ...usual, maxRecordBytes: 10 })
    const given: RecordBlock[] = []
    let error: unknown
    try {
      for (const chunk of cut(bytes, new Array(bytes.length).fill(size))) {
        for (const block of framer.push(chunk)) given.push(block)
      }
    } catch (thrown) {
      error = thrown
    }
    expect(recordsOf(given)).toEqual(['ok'])
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({ code: 'BAD_RECORD', context: { input: 'data.txt', line: 2, byte: 3 } })
    expect((error as MillraceError).context.length).toBeGreaterThan(10)
    expect((error as MillraceError).message).toContain('line 2 of data.txt (byte 3)')
  })

  it('is reported once its end is known, and what follows is read', () => {
    const seen: string[] = []
    const options: LineOptions = {
      ...usual,
      maxRecordBytes: 10,
      onBad: bad => void seen.push(`bad ${bad.byte}`),
    }
    const framer = new LineFramer(options)
    for (const chunk of cut(bytes, new Array(bytes.length).fill(5))) {
      for (const block of framer.push(chunk)) seen.push(...recordsOf([block]).map(String))
    }
    for (const block of framer.end()) seen.push(...recordsOf([block]).map(String))
    expect(seen).toEqual(['ok', 'bad 3', 'after'])
  })

  it('of the limit exactly is not too long, CR and byte order mark not counted', () => {
    const exact = `${bom}${'x'.repeat(10)}\r\n${'y'.repeat(10)}`
    for (const size of [1, 3, 100]) {
      const chunks = cut(Buffer.from(exact, 'latin1'), new Array(exact.length).fill(size))
      expect(recordsOf(frame(chunks, { maxRecordBytes: 10 }))).toEqual(['x'.repeat(10), 'y'.repeat(10)])
    }
  })

  const MiB = 1024 * 1024

  // copying all that was read at each chunk would move 80 GB here
  it('of 100 MiB is framed without quadratic copying', { timeout: 10_000 }, () => {
    const memory = Buffer.alloc(64 * 1024, 'x')
    const framer = new LineFramer({ ...usual, maxRecordBytes: 200 * MiB })
    for (let chunk = 0; chunk < 1600; chunk++) expect([...framer.push({ memory, start: 0 })]).toEqual([])
    const [block, ...others] = framer.push({ memory: Buffer.from('\nab'), start: 0 })
    expect(others).toEqual([])
    expect([block?.count, block?.ranges[1], block?.endByte]).toEqual([1, 100 * MiB, 100 * MiB + 1])
    expect(recordsOf([...framer.end()])).toEqual(['ab'])
  })

  it('is skipped in bounded memory', () => {
    const memory = Buffer.alloc(MiB, 'x')
    const reported: BadRecord[] = []
    const framer = new LineFramer({
      ...usual,
      maxRecordBytes: 2 * MiB,
      onBad: bad => void reported.push(bad),
    })
    const before = process.memoryUsage().arrayBuffers
    for (let chunk = 0; chunk < 500; chunk++)
      for (const _ of framer.push({ memory, start: 0 })) expect.unreachable()
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * MiB)
    expect(recordsOf([...framer.push({ memory: Buffer.from('\nab\n'), start: 0 })])).toEqual(['ab'])
    expect(reported.map(({ length, bytes }) => [length, bytes.length])).toEqual([[500 * MiB, MiB]])
  })
})
