import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blanksUpTo, borderBefore } from '../../src/input/block.ts'
import {
  type Input,
  openInputs,
  openPart,
  optionsForPart,
  partBetween,
  type ReadOptions,
  readRecords,
} from '../../src/input/index.ts'
import { useFiles } from '../cli/harness.ts'
import { drain, slices } from './helpers.ts'

const file = useFiles()

function open(path: string): Input {
  return openInputs([path], { stdin: undefined as never })[0] as Input
}

async function blocksOf(input: Input, options: ReadOptions) {
  const { given, error } = await drain(readRecords(input, { ...options, maxRecords: 3 }))
  expect(error).toBeUndefined()
  return given
}

async function valuesOf(input: Input, options: ReadOptions) {
  const blocks = await blocksOf(input, options)
  const values = blocks.flatMap(block => {
    const keys = block.keys && slices(block.keys.bytes, block.keys.ranges)
    return slices(block.bytes, block.ranges).map((value, index) => ({ value, key: keys?.[index] }))
  })
  return { values, blank: blocks.reduce((sum, { records }) => sum + records.blank, 0) }
}

const u32 = (text: string) => `\0\0\0${String.fromCharCode(text.length)}${text}`

/** Beginnings, units and ends of inputs. */
const formats: readonly [
  name: string,
  options: ReadOptions,
  first: readonly string[],
  units: readonly string[],
][] = [
  ['lines', {}, ['', '\xef\xbb\xbf'], ['\n', '\r\n', '\r', 'x', 'yy']],
  ['lines, blank left out', { skipBlank: true }, ['', '\xef\xbb\xbf'], ['\n', '\n\n', '\r\n', 'x']],
  [
    'lines by a delimiter that overlaps itself',
    { delimiter: Buffer.from('axa') },
    [''],
    ['axa', 'xa', 'a', 'b'],
  ],
  [
    'ndjson',
    { format: 'ndjson', keyField: 'k', skipBlank: true },
    [''],
    ['{"k":"a"}\n', ' \n', '{"k":1}\r\n'],
  ],
  [
    'csv with quotes',
    { format: 'csv', keyField: 'b' },
    ['a,b\n', '\xef\xbb\xbfa,b\n'],
    ['1,2\n', '"x\n,y",3\r\n'],
  ],
  ['csv, blank left out', { format: 'csv', keyField: 'b', skipBlank: true }, ['\na,b\n'], ['1,2\n', '\n']],
  ['tsv', { format: 'tsv', keyField: 'a' }, ['a\tb\n'], ['1\t2\n', '"\t\n']],
  ['length-prefixed', { format: 'length-prefixed' }, [''], [u32(''), u32('a\n'), u32('xyz')]],
  [
    'length-prefixed, empty left out',
    { format: 'length-prefixed', skipBlank: true },
    [''],
    [u32(''), u32('a\n'), u32('xyz')],
  ],
  [
    'varints',
    { format: 'length-prefixed', prefix: 'varint' },
    [''],
    ['\x01a', '\x00', `\x81\x01${'x'.repeat(129)}`],
  ],
  ['envelopes', { format: 'envelope' }, [''], ['{"value":"a"}\n', '{"value":null,"key":"k"}\n']],
  ['raw', { format: 'raw' }, [''], ['x', '\n']],
]

const packings: readonly [name: string, pack: (bytes: Buffer) => Buffer][] = [
  ['plain', bytes => bytes],
  ['gzip', bytes => gzipSync(bytes)],
]

describe.each(formats)('%s', (name, options, firsts, units) => {
  it.each(packings)('%s: can be read on from each border of a record', async (packing, pack) => {
    const content = fc
      .tuple(fc.constantFrom(...firsts), fc.array(fc.constantFrom(...units), { minLength: 1, maxLength: 14 }))
      .map(([first, pieces]) => Buffer.from(first + pieces.join(''), 'latin1'))
    const property = fc.asyncProperty(content, async bytes => {
      const path = file(`${name.replaceAll(/\W/g, '-')}.data${packing === 'gzip' ? '.gz' : ''}`, pack(bytes))
      const input = open(path)
      const whole = await valuesOf(input, options)
      let records = 0
      let blank = 0
      let from = 0
      for (const block of await blocksOf(input, options)) {
        expect(block.records.startByte).toBe(from)
        for (let index = 0; index <= block.count; index++) {
          const border = borderBefore(block.records, index)
          const rest = await partBetween(input, options, border, null)
          const after = await valuesOf(openPart(rest), optionsForPart(options, rest))
          expect(after.values).toEqual(whole.values.slice(records + index))
          expect(after.blank).toBe(whole.blank - blank - blanksUpTo(block.records, index))
          const beginning = await partBetween(input, options, 0, border)
          const before =
            border === 0
              ? []
              : (await valuesOf(openPart(beginning), optionsForPart(options, beginning))).values
          expect(before).toEqual(whole.values.slice(0, records + index))
        }
        records += block.count
        blank += block.records.blank
        from = block.records.endByte
      }
      expect(from).toBe(bytes.length)
    })
    await fc.assert(property, { numRuns: 25 })
  })
})

it('lines before a part of a packed file are counted as they stand unpacked', async () => {
  const input = open(file('lines.txt.gz', gzipSync('one\ntwo\nthree\n')))
  const part = await partBetween(input, {}, 8, null)
  expect(await openPart(part).linesBefore?.()).toBe(2)
})

it('records without lines are not counted', async () => {
  const input = open(file('records.data', Buffer.from(u32('a') + u32('b'), 'latin1')))
  const part = await partBetween(input, { format: 'length-prefixed' }, 5, null)
  await expect(openPart(part).linesBefore?.()).rejects.toThrow(/not counted/)
})
