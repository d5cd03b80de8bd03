import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJaas } from '../../src/config/jaas.ts'
import { expectError } from './support.ts'

describe('parseJaas', () => {
  test.each<[string, string, Record<string, string>]>([
    ['a.b.PlainLoginModule required;', 'PlainLoginModule', {}],
    [
      'PlainLoginModule REQUIRED username="u" password="p";',
      'PlainLoginModule',
      { username: 'u', password: 'p' },
    ],
    ['M required\n  a = "x y"\n  b=\'z"\';\n', 'M', { a: 'x y', b: 'z"' }],
    [
      'M optional a="q\\"uote" b="back\\\\slash" c="t\\tab" d="\\101\\x";',
      'M',
      { a: 'q"uote', b: 'back\\slash', c: 't\tab', d: 'Ax' },
    ],
    ['M required a=b-c_$1.2;', 'M', { a: 'b-c_$1.2' }],
    ['/* x */ M required // y\n a="//no";', 'M', { a: '//no' }],
    ['M required a="1" a="2";', 'M', { a: '2' }],
    ['M required a="";', 'M', { a: '' }],
  ])('reads %s', (text, module, options) => {
    expect(parseJaas(text)).toEqual({ module, options: new Map(Object.entries(options)) })
  })

  test.each([
    ['', 'login module'],
    ['"hunter2" required;', 'login module'],
    ['M password="hunter2";', 'required'],
    ['M required password="hunter2"', 'semicolon'],
    ['M required password="hunter2', 'unfinished'],
    ['M required password hunter2;', 'name="value"'],
    ['M required password=;', 'without a value'],
    ['M required password=hunter2@;', 'does not belong'],
    ['M required a="hunter2"; N required;', 'more than one'],
  ])('refuses %s, and does not repeat it', (text, part) => {
    const error = expectError(
      () => parseJaas(text, 'f:3'),
      'CONFIG_INVALID_VALUE',
      'sasl.jaas.config (f:3)',
      part,
    )
    expect(error.message + JSON.stringify(error.context)).not.toContain('hunter2')
  })

  test('reads back every quoted value', () => {
    const printable = fc.string({ unit: 'grapheme' })
    fc.assert(
      fc.property(printable, printable, (username, password) => {
        const quote = (text: string) => `"${text.replace(/[\\"]/g, '\\$&')}"`
        const text = `M required username=${quote(username)} password=${quote(password)};`
        expect(Object.fromEntries(parseJaas(text).options)).toEqual({ username, password })
      }),
    )
  })
})
