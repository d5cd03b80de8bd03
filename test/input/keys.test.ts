import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BadRecord } from '../../src/input/bad.ts'
import { readRecords } from '../../src/input/read.ts'
import { drain, inputOf, keysOf, valuesOf } from './helpers.ts'

async function split(text: string, delimiter: string, lengths: readonly number[] = []) {
  const bad: BadRecord[] = []
  const input = inputOf(Buffer.from(text, 'latin1'), 'data.txt', lengths)
  const options = {
    keyDelimiter: Buffer.from(delimiter, 'latin1'),
    onBad: (found: BadRecord) => void bad.push(found),
  }
  const { given, error } = await drain(readRecords(input, options))
  expect(error).toBeUndefined()
  return { keys: keysOf(given), values: valuesOf(given), bad, given }
}

describe('key delimiter', () => {
  it.each<[text: string, delimiter: string, pairs: [string, string][]]>([
    [
      'a:1\nb:2\n',
      ':',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    ['a:1:2', ':', [['a', '1:2']]],
    [':1\n', ':', [['', '1']]],
    [
      'a:\n:\n',
      ':',
      [
        ['a', ''],
        ['', ''],
      ],
    ],
    ['a:1\r\n', ':', [['a', '1']]],
    ['a::b::c', '::', [['a', 'b::c']]],
    ['a:::b', '::', [['a', ':b']]],
    ['\xff\0\x1e\xfe', '\x1e', [['\xff\0', '\xfe']]],
    ['\xef\xbb\xbfa:1', ':', [['a', '1']]],
  ])('%j with %j', async (text, delimiter, pairs) => {
    const { keys, values, bad } = await split(text, delimiter)
    expect(bad).toEqual([])
    expect(keys.map((key, index) => [key, values[index]])).toEqual(pairs)
  })

  it('a record without it is bad', async () => {
    const { keys, values, bad, given } = await split('a:1\nnone\n\nb:2\n', ':')
    expect([keys, values]).toEqual([
      ['a', 'b'],
      ['1', '2'],
    ])
    expect(bad.map(({ line, byte, length, bytes }) => [line, byte, length, bytes.toString()])).toEqual([
      [2, 4, 4, 'none'],
      [3, 9, 0, ''],
    ])
    expect(bad[0]?.error).toMatchObject({ code: 'BAD_RECORD' })
    expect(bad[0]?.error.message).toContain("line 2 of data.txt (byte 4) has no key delimiter ':': none")
    expect(given[0]?.records.ranges.length).toBe(4)
  })

  it('is not found across the end of a record', async () => {
    const { keys, values, bad } = await split('a:\r\nb:\rc\n', ':\r')
    expect([keys, values]).toEqual([['b'], ['c']])
    expect(bad.map(({ line }) => line)).toEqual([1])
  })

  it('stops there unless told otherwise', async () => {
    const { given, error } = await drain(
      readRecords(inputOf('a:1\nnone\nb:2\n'), { keyDelimiter: Buffer.from(':') }),
    )
    expect([keysOf(given), valuesOf(given)]).toEqual([['a'], ['1']])
    expect(given.at(-1)?.records.endByte).toBe(4)
    expect(error).toMatchObject({ code: 'BAD_RECORD', context: { line: 2, byte: 4 } })
  })

  it('nothing is copied', async () => {
    const { given } = await split('a:1\nb:2\n', ':')
    expect(given[0]?.keys?.bytes).toBe(given[0]?.records.bytes)
    expect(given[0]?.bytes).toBe(given[0]?.records.bytes)
  })

  it('splits as splitting text does', async () => {
    const unit = fc.constantFrom('a', ':', '::', ':-', '\n', '\n', '\xff')
    const delimiters = fc.constantFrom(':', '::', ':-', ':a')
    const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit, maxLength: 60 }),
        delimiters,
        cuts,
        async (text, delimiter, lengths) => {
          const lines = text.split('\n')
          if (lines.at(-1) === '') lines.pop()
          const good = lines.filter(line => line.includes(delimiter))
          const { keys, values, bad } = await split(text, delimiter, lengths)
          expect(keys).toEqual(good.map(line => line.slice(0, line.indexOf(delimiter))))
          expect(values).toEqual(good.map(line => line.slice(line.indexOf(delimiter) + delimiter.length)))
          expect(bad.map(({ bytes }) => bytes.toString('latin1'))).toEqual(
            lines.filter(line => !line.includes(delimiter)),
          )
        },
      ),
      { numRuns: 1000 },
    )
  })
})
