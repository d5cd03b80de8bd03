import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  canonicalText,
  MAX_KEY_DEPTH,
  NoText,
  numberText,
  unescapeString,
} from '../../src/input/json-text.ts'

describe('numberText', () => {
  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['1.0', '1'],
    ['-1.50', '-1.5'],
    ['1e3', '1000'],
    ['1E-2', '0.01'],
    ['0.0000001', '1e-7'],
    ['1e21', '1e+21'],
    ['0e999999999999', '0'],
    ['9007199254740992', '9007199254740992'],
    ['9007199254740993', '9007199254740993'],
    ['12345678901234567890', '12345678901234567890'],
    ['-12345678901234567890', '-12345678901234567890'],
    ['100000000000000000000000', '100000000000000000000000'],
    ['12345678901234567890.0', '12345678901234567890.0'],
    ['0.1234567890123456789', '0.1234567890123456789'],
    ['1e400', '1e400'],
    ['1e-400', '1e-400'],
  ])('%s', (source, text) => {
    expect(numberText(source)).toBe(text)
  })

  it('is what JSON.stringify makes of any double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), value => {
        expect(numberText(JSON.stringify(value))).toBe(JSON.stringify(value))
      }),
    )
  })

  it('keeps every digit of any integer', () => {
    fc.assert(
      fc.property(fc.bigInt(), value => {
        expect(numberText(String(value))).toBe(String(value))
      }),
    )
  })

  // value = digits * 10^power, compared as integers
  function exact(text: string): bigint {
    const [, sign, whole = '', fraction = '', power = '0'] =
      /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text) ?? []
    const scaled = BigInt(whole + fraction) * 10n ** BigInt(400 + Number(power) - fraction.length)
    return sign === '-' ? -scaled : scaled
  }

  it('never makes another number of a decimal', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(
        fc.boolean(),
        digits,
        fc.option(digits),
        fc.option(fc.integer({ min: -30, max: 30 })),
        (negative, whole, fraction, power) => {
          const integer = whole.replace(/^0+(?=.)/, '')
          const source = `${negative ? '-' : ''}${integer}${fraction === null ? '' : `.${fraction}`}${power === null ? '' : `e${power}`}`
          expect(exact(numberText(source))).toBe(exact(source))
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('canonicalText', () => {
  it.each([
    [' { "b" : 1 , "a" : [ 1.0 , true , null , { } , [ ] ] } ', '{"a":[1,true,null,{},[]],"b":1}'],
    ['{"a":1,"b":2,"a":3}', '{"a":3,"b":2}'],
    ['{"\\u0061":1}', '{"a":1}'],
    ['["\\u00e9\\n\\/"]', '["é\\n/"]'],
    ['["\\ud800"]', '["\\ud800"]'],
    ['[12345678901234567890]', '[12345678901234567890]'],
    ['{"__proto__":1,"10":2,"9":3}', '{"10":2,"9":3,"__proto__":1}'],
    ['{"a,}":"]\\"}"}', '{"a,}":"]\\"}"}'],
  ])('%s', (source, text) => {
    expect(canonicalText(source)).toBe(text)
  })

  function sorted(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(sorted)
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(
      Object.keys(value)
        .sort()
        .map(name => [name, sorted(value[name as keyof typeof value])]),
    )
  }

  it('is what JSON.stringify makes of the value with its names sorted', () => {
    // names that look like integers would be moved to the front by the reference
    const name = fc.string().filter(text => !/^\d+$/.test(text))
    const values = fc.letrec(tie => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: 'grapheme' }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer(),
        fc.constantFrom(true, false, null),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    })).value
    fc.assert(
      fc.property(values, fc.constantFrom('', ' ', '\t'), (value, indent) => {
        expect(canonicalText(JSON.stringify(value, null, indent))).toBe(JSON.stringify(sorted(value)))
      }),
      { numRuns: 1000 },
    )
  })

  it('refuses what is nested too deep', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    expect(canonicalText(nested(MAX_KEY_DEPTH))).toBe(nested(MAX_KEY_DEPTH))
    expect(() => canonicalText(nested(100_000))).toThrow(NoText)
  })
})

describe('unescapeString', () => {
  it('gives the UTF-8 of what JSON.parse gives', () => {
    const escaped = fc.constantFrom(
      '\\n',
      '\\"',
      '\\\\',
      '\\/',
      '\\b\\f\\r\\t',
      '\\u00e9',
      '\\u20AC',
      '\\ud83d\\ude00',
      '\\u0000',
    )
    const unit = fc.oneof(escaped, fc.constantFrom('a', 'é', '€', '😀', ' '))
    fc.assert(
      fc.property(fc.string({ unit }), text => {
        expect(unescapeString(Buffer.from(text))).toEqual(Buffer.from(JSON.parse(`"${text}"`)))
      }),
    )
  })

  it('leaves invalid UTF-8 as it is', () => {
    expect(unescapeString(Buffer.from('\xff\\n\xc3', 'latin1'))).toEqual(Buffer.from('\xff\n\xc3', 'latin1'))
  })

  it.each(['\\ud800', '\\udc00', '\\ud800\\n', '\\ud800\\ud800', 'a\\udfffb'])('%s has no UTF-8', text => {
    expect(() => unescapeString(Buffer.from(text))).toThrow(NoText)
  })
})
