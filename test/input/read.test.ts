import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { byteOf } from '../../src/input/block.ts'
import { formatOf, type InputFormat } from '../../src/input/formats.ts'
import type { ReadOptions } from '../../src/input/options.ts'
import { checkReadOptions, readRecords } from '../../src/input/read.ts'
import { openInputs } from '../../src/input/source.ts'
import type { Framed } from '../../src/types.ts'
import { drain, inputOf, keysOf, valuesOf } from './helpers.ts'

describe('format', () => {
  it.each<[string, InputFormat | undefined, string]>([
    ['data.txt', undefined, 'lines'],
    ['data.ndjson', 'auto', 'ndjson'],
    ['dir/DATA.JSONL', undefined, 'ndjson'],
    ['data.jsonl.txt', undefined, 'lines'],
    ['ndjson', undefined, 'lines'],
    ['-', undefined, 'lines'],
    ['-', 'ndjson', 'ndjson'],
    ['data.ndjson', 'lines', 'lines'],
  ])('%s asked for as %s', (name, asked, format) => {
    expect(formatOf(name, asked)).toBe(format)
  })

  it('decides whether JSON is looked at', async () => {
    const { given } = await drain(readRecords(inputOf('no JSON\n', 'data.txt')))
    expect(valuesOf(given)).toEqual(['no JSON'])
    const { error } = await drain(readRecords(inputOf('no JSON\n', 'data.jsonl')))
    expect(error).toMatchObject({ code: 'BAD_RECORD' })
  })
})

describe('options that do not fit', () => {
  it.each<[string, ReadOptions]>([
    ['data.ndjson', { delimiter: Buffer.from('\n') }],
    ['data.ndjson', { keyDelimiter: Buffer.from(':') }],
    ['data.txt', { keyField: 'id' }],
    ['data.ndjson', { keyField: '' }],
    ['data.txt', { delimiter: Buffer.alloc(0) }],
    ['data.txt', { keyDelimiter: Buffer.alloc(0) }],
    ['data.txt', { maxRecordBytes: 0 }],
    ['data.txt', { maxRecordBytes: 2 ** 31 }],
    ['data.txt', { maxRecords: 0.5 }],
    ['data.txt', { maxRecords: Number.NaN }],
    ['data.txt', { format: 'xml' as InputFormat }],
    ['data.txt', { format: 'toString' as InputFormat }],
  ])('%s %o', (name, options) => {
    const usage = expect.objectContaining({ code: 'USAGE' })
    expect(() => checkReadOptions(name, options)).toThrow(usage)
    expect(() => readRecords(inputOf('', name), options)).toThrow(usage)
  })
})

describe('blocks of messages', () => {
  it('are what a producer takes', async () => {
    const { given } = await drain(readRecords(inputOf('k:v\n'), { keyDelimiter: Buffer.from(':') }))
    const [block] = given
    const framed: Framed = { topic: 'events', ...block! }
    expect(framed.ranges.length).toBe(2)
    expect([keysOf(given), valuesOf(given)]).toEqual([['k'], ['v']])
  })

  it('account for each byte when records are left out, in every format', async () => {
    const unit = fc.constantFrom('1', '{"k":1}', '{"k":"\\n"}', 'bad:', ' ', '\n', '\r\n', 'x'.repeat(30))
    const settings = fc.constantFrom<ReadOptions>(
      { format: 'lines' },
      { format: 'lines', keyDelimiter: Buffer.from(':') },
      { format: 'ndjson' },
      { format: 'ndjson', keyField: 'k' },
    )
    const cuts = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 20 })
    const property = fc.asyncProperty(
      fc.string({ unit, maxLength: 40 }),
      settings,
      fc.boolean(),
      cuts,
      async (text, setting, skipBlank, lengths) => {
        let bad = 0
        let reached = 0
        const limits = { maxRecordBytes: 20, maxRecords: 3 }
        const onBad = ({ byte }: { byte: number }) => {
          expect(byte).toBeGreaterThanOrEqual(reached)
          bad++
        }
        let good = 0
        let blank = 0
        for await (const block of readRecords(inputOf(text, 'data', lengths), {
          ...setting,
          ...limits,
          skipBlank,
          onBad,
        })) {
          const { records } = block
          expect([block.count, block.ranges.length]).toEqual([records.count, 2 * records.count])
          expect(block.keys?.ranges.length ?? block.ranges.length).toBe(2 * records.count)
          for (let index = 0; index < records.count; index++) {
            expect(byteOf(records, index)).toBeGreaterThanOrEqual(reached)
            expect(byteOf(records, index)).toBeLessThanOrEqual(records.endByte)
          }
          reached = records.endByte
          good += records.count
          blank += records.blank
        }
        expect(reached).toBe(text.length)
        const lines = text.split('\n').length - (text.endsWith('\n') || text === '' ? 1 : 0)
        expect(good + blank + bad).toBe(lines)
      },
    )
    await fc.assert(property, { numRuns: 1000 })
  })

  it('stopping gives out just what stands before the bad record', async () => {
    const line = fc.constantFrom('{"k":1}', '{"k":2}', '', 'bad', 'x'.repeat(30))
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 20 }),
        fc.integer({ min: 1, max: 40 }),
        async (lines, size) => {
          const text = lines.map(text => `${text}\n`).join('')
          const input = inputOf(text, 'data.ndjson', new Array(text.length).fill(size))
          const { given, error } = await drain(
            readRecords(input, { keyField: 'k', skipBlank: true, maxRecordBytes: 20, maxRecords: 4 }),
          )
          const first = lines.findIndex(text => text === 'bad' || text.length === 30)
          const before = first < 0 ? lines : lines.slice(0, first)
          expect(valuesOf(given)).toEqual(before.filter(text => text !== ''))
          expect(given.reduce((sum, { records }) => sum + records.blank, 0)).toBe(
            before.filter(text => text === '').length,
          )
          if (first < 0) expect(error).toBeUndefined()
          else {
            const byte = before.join('').length + before.length
            expect(error).toMatchObject({ code: 'BAD_RECORD', context: { line: first + 1, byte } })
            expect(given.at(-1)?.records.endByte ?? 0).toBe(byte)
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  it('what onBad throws ends the reading', async () => {
    const enough = new Error('enough')
    const { error } = await drain(
      readRecords(inputOf('{}\nbad\n', 'data.ndjson'), {
        onBad: () => {
          throw enough
        },
      }),
    )
    expect(error).toBe(enough)
  })
})

describe('files', () => {
  function file(name: string, content: string): string {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-read-'))
    onTestFinished(() => fs.rmSync(directory, { recursive: true }))
    fs.writeFileSync(path.join(directory, name), content)
    return path.join(directory, name)
  }

  it('larger than a chunk, with records of many lengths', async () => {
    const lines = Array.from({ length: 30_000 }, (_, index) => `${index}:${'x'.repeat((index * 37) % 151)}`)
    lines[100] = `100:${'y'.repeat(700_000)}`
    lines[20_000] = `20000:${'z'.repeat(90_000)}`
    const text = `${lines.join('\r\n')}\r\n`
    const [input] = openInputs([file('data.txt', text)], { stdin: process.stdin })
    const { given, error } = await drain(readRecords(input!, { keyDelimiter: Buffer.from(':') }))
    expect(error).toBeUndefined()
    const keys = keysOf(given)
    expect(valuesOf(given).map((value, index) => `${keys[index]}:${value}`)).toEqual(lines)
    expect(given.at(-1)?.records.endByte).toBe(text.length)
    expect(Buffer.concat(given.map(({ records }) => records.bytes)).toString('latin1')).toBe(text)
  })

  it('an error of the input comes after the records before it', async () => {
    const name = file('data.txt', 'a\n'.repeat(1_000_000))
    const [input] = openInputs([name], { stdin: process.stdin })
    let good = 0
    const reading = (async () => {
      for await (const { count } of readRecords(input!)) {
        good += count
        fs.truncateSync(name, 0)
      }
    })()
    await expect(reading).rejects.toMatchObject({ code: 'INPUT_UNREADABLE', context: { input: name } })
    expect(good).toBeGreaterThan(0)
    await expect(reading).rejects.toHaveProperty('context.byte', 2 * good)
  })
})
