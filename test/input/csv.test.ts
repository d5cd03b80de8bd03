import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { byteOf, lineOf } from '../../src/input/block.ts'
import type { ReadOptions } from '../../src/input/options.ts'
import { readRecords } from '../../src/input/read.ts'
import { drain, inputOf, keysOf, valuesOf } from './helpers.ts'

const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 100 })
const latin1 = fc.uint8Array({ maxLength: 8 }).map(array => Buffer.from(array).toString('latin1'))
const special = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', '\t', ';', 'é'), maxLength: 6 })

/** What stands between two delimiters: quotes that open at its beginning hide all up to their end. */
const SEGMENT = /"(?:[^"]|"")*(?:"(?!")[^,\n]*|$)|[^",\n][^,\n]*|/y
const STRICT = /^(?:"(?:[^"]|"")*"|[^"]*)$/

interface Row {
  readonly byte: number
  readonly line: number
  readonly text: string
  /** Undefined: no row. */
  readonly fields: readonly string[] | undefined
}

/** The rows of a whole text, by regular expressions. */
function referenceRows(text: string): Row[] {
  const rows: Row[] = []
  let at = text.startsWith('\xef\xbb\xbf') ? 3 : 0
  let line = 1
  while (at < text.length) {
    const byte = at
    const segments: string[] = []
    for (;;) {
      SEGMENT.lastIndex = at
      const [segment = ''] = SEGMENT.exec(text) ?? []
      segments.push(segment)
      at += segment.length
      if (text[at] !== ',') break
      at++
    }
    const isEnded = text[at] === '\n'
    const last = segments.at(-1) ?? ''
    if (isEnded && last.endsWith('\r')) segments.splice(-1, 1, last.slice(0, -1))
    const whole = text.slice(byte, at)
    const fields = segments.every(segment => STRICT.test(segment))
      ? segments.map(segment =>
          segment.startsWith('"') ? segment.slice(1, -1).replaceAll('""', '"') : segment,
        )
      : undefined
    rows.push({ byte, line, text: segments.join(','), fields })
    line += whole.split('\n').length
    at++
  }
  return rows
}

describe('rows of csv', () => {
  it('are those that a parser of the whole text finds, good and bad', async () => {
    const unit = fc.constantFrom(
      'a',
      'b',
      ',',
      ',',
      '"',
      '"',
      '\n',
      '\n',
      '\r',
      '\r\n',
      '\0',
      '\xff',
      '\xef\xbb\xbf',
    )
    const property = fc.asyncProperty(fc.string({ unit, maxLength: 40 }), cuts, async (text, lengths) => {
      const seen: Row[] = []
      const options: ReadOptions = {
        format: 'csv',
        columns: ['x', 'y'],
        keyField: 'x',
        headerFields: [['y', 'y']],
        maxRecords: 3,
        onBad: ({ byte, line, bytes }) => {
          seen.push({ byte, line, text: bytes.toString('latin1'), fields: undefined })
        },
      }
      for await (const block of readRecords(
        inputOf(Buffer.from(text, 'latin1'), 'a.csv', lengths),
        options,
      )) {
        const values = valuesOf([block])
        const keys = keysOf([block])
        for (let index = 0; index < block.count; index++) {
          const [[, y] = []] = block.details?.[index]?.headers ?? []
          seen.push({
            byte: byteOf(block.records, index),
            line: lineOf(block.records, index),
            text: values[index] ?? '',
            fields: [keys[index] ?? '', (y as Buffer).toString('latin1')],
          })
        }
      }
      const expected = referenceRows(text).map(row =>
        row.fields?.length === 2 ? row : { ...row, fields: undefined },
      )
      expect(seen.sort((a, b) => a.byte - b.byte)).toEqual(expected)
    })
    await fc.assert(property, { numRuns: 2000 })
  })

  it('are what was written, every byte of their fields', async () => {
    const field = fc.tuple(
      fc.oneof(
        latin1,
        special.map(text => Buffer.from(text).toString('latin1')),
      ),
      fc.boolean(),
    )
    const rows = fc.array(fc.tuple(field, field), { maxLength: 8 })
    const ends = fc.constantFrom('\n', '\r\n')
    const property = fc.asyncProperty(
      rows,
      ends,
      fc.constantFrom(',', ';', '|'),
      cuts,
      async (table, end, delimiter, lengths) => {
        const write = ([text, quoted]: readonly [string, boolean]) =>
          quoted || /["\r\n,;|]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
        const csv = `k${delimiter}v${end}${table.map(row => row.map(write).join(delimiter) + end).join('')}`
        const { given, error } = await drain(
          readRecords(inputOf(Buffer.from(csv, 'latin1'), 'a.csv', lengths), {
            keyField: 'k',
            valueField: 'v',
            fieldDelimiter: Buffer.from(delimiter),
          }),
        )
        expect(error).toBeUndefined()
        expect(keysOf(given)).toEqual(table.map(([[key]]) => key))
        expect(valuesOf(given)).toEqual(table.map(([, [value]]) => value))
      },
    )
    await fc.assert(property, { numRuns: 500 })
  })

  it('as JSON are objects of strings by column, as JSON.stringify writes them', async () => {
    const field = fc.oneof(special, fc.string({ unit: 'binary', maxLength: 6 }))
    const names = fc.uniqueArray(field, { minLength: 1, maxLength: 4 })
    const table = names.chain(columns =>
      fc.tuple(
        fc.constant(columns),
        fc.array(fc.array(field, { minLength: columns.length, maxLength: columns.length }), { maxLength: 5 }),
      ),
    )
    const property = fc.asyncProperty(table, cuts, async ([columns, rows], lengths) => {
      const write = (fields: readonly string[]) =>
        fields.map(text => `"${text.replaceAll('"', '""')}"`).join(',')
      const csv = [columns, ...rows].map(write).join('\n')
      const { given, error } = await drain(readRecords(inputOf(csv, 'a.csv', lengths), { csvValues: 'json' }))
      expect(error).toBeUndefined()
      const members = (row: readonly string[]) =>
        columns.map((name, index) => `${JSON.stringify(name)}:${JSON.stringify(row[index])}`)
      const expected = rows.map(row => Buffer.from(`{${members(row).join(',')}}`).toString('latin1'))
      expect(valuesOf(given)).toEqual(expected)
    })
    await fc.assert(property, { numRuns: 500 })
  })
})

describe('rows of tsv', () => {
  it('are lines, cut at each tab', async () => {
    const unit = fc.constantFrom('a', '"', ',', '\t', '\t', '\n', '\r', '\xff')
    const property = fc.asyncProperty(fc.string({ unit, maxLength: 40 }), cuts, async (text, lengths) => {
      let bad = 0
      const { given } = await drain(
        readRecords(inputOf(Buffer.from(text, 'latin1'), 'a.tsv', lengths), {
          columns: ['x', 'y'],
          keyField: 'y',
          onBad: () => void bad++,
        }),
      )
      const lines = text.split('\n')
      if (lines.at(-1) === '') lines.pop()
      const isLast = (index: number) => index === lines.length - 1 && !text.endsWith('\n')
      const rows = lines.map((line, index) => (isLast(index) ? line : line.replace(/\r$/, '')))
      const good = rows.filter(row => row.split('\t').length === 2)
      expect(valuesOf(given)).toEqual(good)
      expect(keysOf(given)).toEqual(good.map(row => row.split('\t')[1]))
      expect(bad).toBe(rows.length - good.length)
    })
    await fc.assert(property, { numRuns: 500 })
  })
})
