import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { endOfDelimiter, parseDelimiter } from '../../src/input/delimiter.ts'

describe('parseDelimiter', () => {
  it.each([
    [',', '2c'],
    ['\\t', '09'],
    ['\t', '09'],
    ['\\0', '00'],
    ['\\n', '0a'],
    ['\\r\\n', '0d0a'],
    ['\\f\\v', '0c0b'],
    ['\\\\', '5c'],
    ['\\\\n', '5c6e'],
    ['\\x1e', '1e'],
    ['\\xFF\\x00', 'ff00'],
    ['\\u00e9', 'c3a9'],
    ['é', 'c3a9'],
    ['😀', 'f09f9880'],
    ['||', '7c7c'],
    ['a\\tb', '610962'],
  ])('%j', (text, hex) => {
    expect(parseDelimiter(text).toString('hex')).toBe(hex)
  })

  it.each(['', '\\', 'a\\', '\\q', '\\x1', '\\xzz', '\\u12', '\\ud800', '\\😀'])('%j is refused', text => {
    expect(() => parseDelimiter(text)).toThrow(
      expect.objectContaining({ code: 'USAGE', context: expect.objectContaining({ delimiter: text }) }),
    )
  })

  it('any bytes can be written with \\x', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 8 }), bytes => {
        const text = [...bytes].map(byte => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
        expect(parseDelimiter(text)).toEqual(Buffer.from(bytes))
      }),
    )
  })

  it('text without a backslash stands for its UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), text => {
        fc.pre(!text.includes('\\'))
        expect(parseDelimiter(text)).toEqual(Buffer.from(text))
      }),
    )
  })
})

describe('endOfDelimiter', () => {
  it.each([
    ['', 'a|b', '|', 2],
    ['', 'ab', '|', -1],
    ['a|', '|b', '||', 1],
    ['|', '||', '||', 1],
    ['-|', '|-', '|-', 2],
    ['ab', 'c', 'abc', 1],
    ['b', 'c', 'abc', -1],
    ['a', '', 'ab', -1],
  ])('%j then %j, looking for %j', (before, content, delimiter, end) => {
    expect(endOfDelimiter(Buffer.from(before), Buffer.from(content), Buffer.from(delimiter))).toBe(end)
  })
})
