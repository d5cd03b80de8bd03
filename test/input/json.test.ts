import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonScanner } from '../../src/input/json.ts'

/** What the scanner makes of the text as one value, when `after` follows it in memory. */
function scan(text: string, after = '0"}]') {
  const before = '"]}0'
  const bytes = Buffer.from(`${before}${text}${after}`)
  const end = bytes.length - after.length
  const scanner = new JsonScanner()
  scanner.load(bytes, end)
  const reached = scanner.value(scanner.space(before.length))
  const accepted = reached >= 0 && scanner.space(reached) === end
  const [fault, at] = reached < 0 ? [scanner.fault, scanner.faultAt] : ['rest', reached]
  return { accepted, fault, at: at - before.length }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('what is wrong, and where', () => {
  it.each([
    ['', 'a value is missing', 0],
    ['  ', 'a value is missing', 2],
    ['{"a":}', 'a value is missing', 5],
    ['{"a" 1}', 'a colon is missing', 5],
    ['{"a":1 "b":2}', 'a comma or } is missing', 7],
    ['{"a":1,}', 'a name in double quotes is missing', 7],
    ['{a:1}', 'a name in double quotes is missing', 1],
    ['[1 2]', 'a comma or ] is missing', 3],
    ['[1,]', 'a value is missing', 3],
    ['[1}', 'a comma or ] is missing', 2],
    ['{"a":[1,2', 'a comma or ] is missing', 9],
    ['"abc', 'a string begins that does not end', 0],
    ['"a\tb"', 'a control character inside a string is not escaped', 2],
    ['"a\\qb"', 'an escape is none of those that JSON has', 2],
    ['"\\u12g4"', 'an escape \\u lacks its four hexadecimal digits', 1],
    ['"\\u12', 'an escape \\u lacks its four hexadecimal digits', 1],
    ['"\x1f"', 'a control character inside a string is not escaped', 1],
    ['"\\', 'an escape is none of those that JSON has', 1],
    ['-', 'a number lacks a digit', 1],
    ['1.', 'a number lacks a digit', 2],
    ['1e+', 'a number lacks a digit', 3],
    ['tru', 'a value is missing, or a string without its quotes', 0],
    ['nulL', 'a value is missing, or a string without its quotes', 0],
    ["'a'", 'a value is missing', 0],
    ['01', 'rest', 1],
    ['1 2', 'rest', 1],
    ['{}}', 'rest', 2],
    ['\ufeff{}', 'a value is missing', 0],
    ['NaN', 'a value is missing', 0],
  ])('%j', (text, fault, at) => {
    expect(isJson(text)).toBe(false)
    // bytes of the next record that would complete this one must not
    for (const after of ['', '0"}]', 'e+1', '0000"', 'e', 'L', '"', ']', '}']) {
      expect(scan(text, after)).toEqual({ accepted: false, fault, at })
    }
  })
})

describe('accepts what JSON.parse accepts', () => {
  it('any JSON value', () => {
    fc.assert(
      fc.property(fc.json(), text => {
        expect(scan(text).accepted).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('any text made of the characters of JSON', () => {
    const unit = fc.constantFrom(
      ...'{}[]:,"\\ \n\t0123-+.eEu',
      'true',
      'false',
      'null',
      '"a"',
      '"b":',
      '\\u00e9',
      '\0',
    )
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), text => {
        expect(scan(text).accepted).toBe(isJson(text))
      }),
      { numRuns: 20_000 },
    )
  })

  it('any JSON value with one character changed', () => {
    const change = fc.constantFrom(
      '',
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '0',
      '-',
      '.',
      'e',
      ' ',
      '\n',
      'u',
    )
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.nat(1), change, (text, where, removed, inserted) => {
        const at = where % (text.length + 1)
        const changed = text.slice(0, at) + inserted + text.slice(at + removed)
        expect(scan(changed).accepted).toBe(isJson(changed))
      }),
      { numRuns: 5000 },
    )
  })

  it('numbers', () => {
    const unit = fc.constantFrom(...'0123456789-+.eE')
    fc.assert(
      fc.property(fc.string({ unit, minLength: 1, maxLength: 8 }), text => {
        expect(scan(text).accepted).toBe(isJson(text))
      }),
      { numRuns: 5000 },
    )
  })

  it('values nested deeper than any stack', () => {
    const depth = 200_000
    expect(scan('['.repeat(depth) + ']'.repeat(depth)).accepted).toBe(true)
    expect(scan(`${'{"a":'.repeat(depth)}0${'}'.repeat(depth)}`).accepted).toBe(true)
    expect(scan('['.repeat(depth) + ']'.repeat(depth - 1)).accepted).toBe(false)
  })
})
