import { appendFileSync, rmSync, truncateSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MillraceError } from '../../src/errors.ts'
import {
  ChunkRing,
  type Input,
  inWhole,
  openInputs,
  openPart,
  type Part,
  type ReadOptions,
  readRecords,
  Splitter,
} from '../../src/input/index.ts'
import { useFiles } from '../cli/harness.ts'
import { drain, slices } from './helpers.ts'

const file = useFiles()
const stdin = undefined as never

function open(path: string): Input {
  return openInputs([path], { stdin })[0] as Input
}

/** The file cut at every `partBytes`; the whole of it where it is not to be cut. */
async function partsOf(path: string, options: ReadOptions, partBytes: number): Promise<Part[]> {
  const splitter = await Splitter.of(open(path), options)
  if (splitter === undefined) return []
  const parts: Part[] = []
  for (let from: number | null = 0; from !== null; from = parts.at(-1)?.end ?? null) {
    parts.push(await splitter.part(from, from + partBytes))
  }
  return parts
}

/** Keys and values of all records, and where the reading ended. */
async function read(input: Input, options: ReadOptions) {
  const { given, error } = await drain(readRecords(input, options))
  const records = given.flatMap(block => {
    const keys = block.keys && slices(block.keys.bytes, block.keys.ranges)
    return slices(block.bytes, block.ranges).map((value, index) => ({ value, key: keys?.[index] }))
  })
  return { records, blank: given.reduce((sum, { records }) => sum + records.blank, 0), error }
}

function optionsOf(options: ReadOptions, { columns }: Part): ReadOptions {
  return columns === undefined ? options : { ...options, columns }
}

const formats: readonly [name: string, options: ReadOptions, units: readonly string[]][] = [
  ['lines', {}, ['\n', '\r\n', '\r', 'x', 'yy', '\xef\xbb\xbf']],
  ['lines, blank left out', { skipBlank: true }, ['\n', '\n\n', '\r\n', 'x']],
  ['lines by NUL', { delimiter: Buffer.from('\0') }, ['\0', 'x', '\n']],
  ['lines by two bytes', { delimiter: Buffer.from('ab') }, ['ab', 'a', 'b', 'x', 'aab']],
  ['lines by CR LF', { delimiter: Buffer.from('\r\n') }, ['\r\n', '\r', '\n', 'x', '\r\r\n\n']],
  ['lines with keys', { keyDelimiter: Buffer.from(':') }, ['k:v\n', ':\n', 'a:b:c\n']],
  ['ndjson', { format: 'ndjson', keyField: 'k' }, ['{"k":"a"}\n', '{"k":1,"x":"\\n"}\r\n', '{"k":null}\n']],
  ['envelope', { format: 'envelope' }, ['{"value":"a"}\n', '{"value":null,"key":"k"}\n']],
  ['csv', { format: 'csv', keyField: 'a' }, ['1,2\n', 'x,\r\n', ',\n']],
  ['csv with columns', { format: 'csv', columns: ['a', 'b'], keyField: 'b' }, ['1,2\n', ',\n']],
  ['tsv', { format: 'tsv', keyField: 'a' }, ['1\t2\n', '"\t\n', '\t"x\r\n']],
]

describe.each(formats)('%s', (name, options, units) => {
  const header = options.format === 'csv' || options.format === 'tsv'
  const first = header && options.columns === undefined ? `a${options.format === 'csv' ? ',' : '\t'}b\n` : ''
  const content = fc
    .tuple(
      fc.constantFrom('', '\xef\xbb\xbf'),
      fc.array(fc.constantFrom(...units), { minLength: 1, maxLength: 40 }),
      fc.constantFrom('', '\n'),
    )
    .map(([mark, pieces, end]) => {
      const body = pieces.join('')
      // a last record that no delimiter ends
      const cut = end === '' && options.format !== undefined ? body.replace(/\r?\n$/, '') : body
      return Buffer.from(mark + first + cut, 'latin1')
    })

  it('in any parts gives just the records of the whole, in their order', async () => {
    const property = fc.asyncProperty(content, fc.integer({ min: 1, max: 60 }), async (bytes, partBytes) => {
      const path = file(`${name.replaceAll(' ', '-')}.data`, bytes)
      const whole = await read(open(path), options)
      const parts = await partsOf(path, options, partBytes)
      expect(parts.length).toBeGreaterThan(0)
      const separate = await Promise.all(parts.map(part => read(openPart(part), optionsOf(options, part))))
      expect(whole.error).toBeUndefined()
      expect(separate.map(({ error }) => error).filter(Boolean)).toEqual([])
      expect(separate.flatMap(({ records }) => records)).toEqual(whole.records)
      expect(separate.reduce((sum, { blank }) => sum + blank, 0)).toBe(whole.blank)
      // and they tile the file
      expect(parts.map(({ start }) => start)).toEqual([0, ...parts.slice(0, -1).map(({ end }) => end)])
    })
    await fc.assert(property, { numRuns: 150 })
  })
})

describe('is not split', () => {
  const gzip = Buffer.from('1f8b0800', 'hex')
  const rows: readonly [name: string, file: string, content: string | Buffer, options: ReadOptions][] = [
    ['csv with a quote', 'q.csv', 'a,b\n1,2\n"x\ny",3\n', {}],
    ['csv whose header does not do', 'h.csv', 'a,a\n1,2\n3,4\n', { keyField: 'a' }],
    ['csv without the column', 'c.csv', 'a,b\n1,2\n3,4\n', { keyField: 'z' }],
    ['a packed file', 'p.gz', gzip, {}],
    ['one that is said to be packed', 'p.txt', 'a\nb\n', { decompress: 'zstd' }],
    ['raw', 'r.txt', 'a\nb\n', { format: 'raw' }],
    ['length-prefixed', 'l.txt', '\0\0\0\x01a', { format: 'length-prefixed' }],
    ['a delimiter that may overlap itself', 'o.txt', 'xaxax', { delimiter: Buffer.from('axa') }],
    ['nor one of the same bytes', 'n.txt', 'x\n\n\ny', { delimiter: Buffer.from('\n\n') }],
    ['an empty file', 'e.txt', '', {}],
  ]
  it.each(rows)('%s', async (_, name, content, options) => {
    expect(await Splitter.of(open(file(name, content)), options)).toBeUndefined()
  })

  it('a file that is gone by now', async () => {
    const path = file('gone.csv', 'a,b\n1,2\n')
    const input = open(path)
    rmSync(path)
    expect(await Splitter.of(input, {})).toBeUndefined()
  })
})

it('a record across many steps of the search ends its part', async () => {
  const long = 'x'.repeat(200_000)
  const path = file('long.txt', `a\n${long}\r\nb\n`)
  const parts = await partsOf(path, { delimiter: Buffer.from('\r\n') }, 10)
  expect(parts.map(({ start, end }) => [start, end])).toEqual([
    [0, 200_004],
    [200_004, null],
  ])
})

it('a delimiter across two steps of the search is found', async () => {
  for (const before of [65_533, 65_534, 65_535, 65_536]) {
    const path = file('seam.txt', `${'x'.repeat(before)}#!yy`)
    const parts = await partsOf(path, { delimiter: Buffer.from('#!') }, 2)
    expect(parts.map(({ end }) => end)).toEqual([before + 2, null])
  }
})

it('the last part goes on to where the file ends by then, the others do not', async () => {
  const path = file('grows.txt', 'a\nb\nc\n')
  const parts = await partsOf(path, {}, 2)
  appendFileSync(path, 'd\n')
  const values = await Promise.all(parts.map(async part => (await read(openPart(part), {})).records))
  expect(values.map(records => records.map(({ value }) => value))).toEqual([['a'], ['b'], ['c', 'd']])
})

it('a file cut off meanwhile is told with the byte reached', async () => {
  const path = file('shrinks.txt', 'a\nb\nc\nd\n')
  const parts = await partsOf(path, {}, 4)
  truncateSync(path, 2)
  const { records, error } = await read(openPart(parts[0] as Part), {})
  expect(records.map(({ value }) => value)).toEqual(['a'])
  expect(error).toMatchObject({ code: 'INPUT_UNREADABLE', context: { byte: 2 } })
})

describe('a bad record of a part', () => {
  const cases: readonly [name: string, options: ReadOptions, good: string, bad: string][] = [
    ['ndjson', { format: 'ndjson' }, '{"a":1}\n', '{"a":\n'],
    ['lines', { keyDelimiter: Buffer.from(':') }, 'k:v\n', 'kv\n'],
    [
      'lines by three bytes',
      { keyDelimiter: Buffer.from(':'), delimiter: Buffer.from('<=>') },
      'k:\n<=>',
      'k<=>',
    ],
    ['tsv', { format: 'tsv' }, 'a\tb\n', 'a\n'],
    ['csv', { format: 'csv' }, 'a,b\r\n', 'a\r\n'],
    ['too long', { maxRecordBytes: 9 }, '123\n', '1234567890\n'],
  ]
  it.each(cases)('is told as reading the whole would tell it: %s', async (name, options, good, bad) => {
    const path = file(`${name}.bad`, `${good.repeat(20)}${bad}${good}`)
    const whole = (await read(open(path), options)).error as MillraceError
    expect(whole).toBeInstanceOf(MillraceError)
    const parts = await partsOf(path, options, good.length * 7)
    for (const part of parts.slice(1)) {
      const input = openPart(part)
      const error = (await read(input, optionsOf(options, part))).error as MillraceError | undefined
      if (error === undefined) continue
      const told = inWhole(error, (await input.linesBefore?.()) ?? 0)
      expect({ ...told, message: told.message }).toEqual({ ...whole, message: whole.message })
      expect(inWhole(error, null).message).toMatch(/^the line of .*\.bad at byte \d+ /)
      return
    }
    expect.fail('the bad record is in none of the later parts')
  })
})

it('with a ring, each block is whole until the next one is asked for', async () => {
  const lines = Array.from({ length: 60_000 }, (_, n) => `${n} ${'x'.repeat(n % 97)}`)
  // one record is longer than a chunk, one than the room before it
  lines[20_000] = 'y'.repeat(1_200_000)
  lines[40_000] = 'z'.repeat(300_000)
  const path = file('ring.txt', lines.join('\n'))
  const parts = await partsOf(path, {}, 3_000_000)
  expect(parts.length).toBeGreaterThan(1)
  const ring = new ChunkRing()
  const found: (string | null)[] = []
  for (const part of parts) {
    for await (const { bytes, ranges } of readRecords(openPart(part), {}, ring))
      found.push(...slices(bytes, ranges))
  }
  expect(found.length).toBe(lines.length)
  expect(found.every((value, n) => value === lines[n])).toBe(true)
})
