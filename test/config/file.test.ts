import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readConfigFile } from '../../src/config/file.ts'
import { parseProperties } from '../../src/config/properties-format.ts'
import { skipBecause } from '../support/skip-reason.ts'
import { expectError, temporaryFile } from './support.ts'

function pairs(text: string): [string, string][] {
  return [...parseProperties(text)].map(parsed => {
    if ('problem' in parsed) throw new Error(`line ${parsed.line} ${parsed.problem}`)
    return [parsed.key, parsed.value]
  })
}

describe('parseProperties', () => {
  test.each<[string, [string, string][]]>([
    ['', []],
    ['\n \t\n\f\n', []],
    ['a=1', [['a', '1']]],
    [
      'a = 1 \r\nb : 2\rc 3\nd\t=\t4',
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
        ['d', '4'],
      ],
    ],
    ['a=', [['a', '']]],
    ['a==b', [['a', '=b']]],
    ['a=b # c', [['a', 'b # c']]],
    ['# a=1\n  ! b=2\nc=3', [['c', '3']]],
    ['\uFEFFa=1', [['a', '1']]],
    [
      'a=b\\\n   c\\\n\td\ne=f',
      [
        ['a', 'bcd'],
        ['e', 'f'],
      ],
    ],
    [
      'a=b\\\\\nc=d',
      [
        ['a', 'b\\'],
        ['c', 'd'],
      ],
    ],
    ['a=b\\', [['a', 'b']]],
    ['# a\\\nb=1', [['b', '1']]],
    ['a\\=b\\:c\\ d=e', [['a=b:c d', 'e']]],
    ['a=\\u00e9\\u4E2D\\t\\n\\f\\rx', [['a', 'é中\t\n\f\rx']]],
    ['\\\n# a\n\\\nb=1', [['b', '1']]],
    ['a=\\q\\"\\\\', [['a', 'q"\\']]],
    ['a=\\U0041', [['a', 'U0041']]],
    ['a=b\\\n# c', [['a', 'b# c']]],
    [
      'a=\\\n\\\n\nb=1',
      [
        ['a', ''],
        ['b', '1'],
      ],
    ],
  ])('reads %j', (text, expected) => {
    expect(pairs(text)).toEqual(expected)
  })

  test.each([
    ['a=1\n\nword', 3, 'no key=value'],
    ['=1', 1, 'no name'],
    ['a=1\\\n2\n: x', 3, 'no name'],
    ['a=\\u12g4', 1, 'hexadecimal'],
    ['a=C:\\users', 1, 'hexadecimal'],
    ['[section]', 1, 'no key=value'],
  ])('finds no property in %j', (text, line, problem) => {
    const problems = [...parseProperties(text)].filter(parsed => 'problem' in parsed)
    expect(problems).toEqual([{ line, problem: expect.stringContaining(problem) }])
  })

  test('reads back whatever was escaped', () => {
    const escaped = (text: string) =>
      [...text].map(character => (/[\w.]/.test(character) ? character : unicode(character))).join('')
    const unicode = (character: string) =>
      [...Array(character.length).keys()]
        .map(at => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
        .join('')
    const word = fc.string({ unit: 'binary', minLength: 1 })
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word)), entries => {
        const text = entries.map(([key, value]) => `${escaped(key)}=${escaped(value)}`).join('\n')
        expect(pairs(text)).toEqual(entries.map(([key, value]) => [key, value.trim()]))
      }),
    )
  })

  test('counts lines and loses none, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '\\', '\n', '\r', '=', ' ', '#', 'u', '1') }),
        text => {
          const lines = [...parseProperties(text)].map(({ line }) => line)
          expect(lines).toEqual([...new Set(lines)].sort((a, b) => a - b))
          expect(Math.max(0, ...lines)).toBeLessThanOrEqual(text.split(/\r\n|\r|\n/).length)
        },
      ),
    )
  })
})

describe('readConfigFile', () => {
  test('gives values with their lines', () => {
    const path = temporaryFile('a.conf', '# mine\nacks=all\n\nlinger.ms=\\\n  5\nclient.id=x\n')
    expect(readConfigFile(path)).toEqual({
      entries: new Map([
        ['acks', { value: 'all', line: 2 }],
        ['linger.ms', { value: '5', line: 4 }],
        ['client.id', { value: 'x', line: 6 }],
      ]),
      warnings: [],
    })
  })

  test('lets the last of two hold and says so', () => {
    const path = temporaryFile('a.conf', 'sasl.password=hunter2\nacks=1\nsasl.password=hunter3')
    const { entries, warnings } = readConfigFile(path)
    expect([...entries]).toEqual([
      ['acks', { value: '1', line: 2 }],
      ['sasl.password', { value: 'hunter3', line: 3 }],
    ])
    expect(warnings).toEqual([`${path}: sasl.password is set in line 1 and again in line 3, which holds`])
  })

  test('warns of a backslash that falls away', () => {
    const path = temporaryFile('a.conf', 'a=C:\\certs\\ca.pem\nb=C:\\\\certs\nc=x\\=y\\ z\\"\nd=\\\\\\q')
    const { entries, warnings } = readConfigFile(path)
    expect(entries.get('a')?.value).toBe('C:certsca.pem')
    expect(entries.get('b')?.value).toBe('C:\\certs')
    expect(warnings).toEqual([expect.stringContaining(`${path}:1:`), expect.stringContaining(`${path}:4:`)])
  })

  test('tells file and line of an error, and not what stands there', () => {
    const path = temporaryFile('a.conf', 'sasl.username=u\nhunter2\n')
    const error = expectError(() => readConfigFile(path), 'CONFIG_FILE', path, 'line 2', 'key=value')
    expect(error.context).toEqual({ file: path, line: 2 })
    expect(error.message).not.toContain('hunter2')
  })

  test.each([
    ['no text', Uint8Array.of(0xfe, 0xed, 0xfe, 0xed, 0, 0)],
    ['not UTF-8', Uint8Array.of(0x61, 0x3d, 0xff)],
  ])('refuses a file that is %s', (part, bytes) => {
    const path = temporaryFile('store.jks', bytes)
    expectError(() => readConfigFile(path), 'CONFIG_FILE', path, part)
  })

  test('refuses what it cannot read', () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-config-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    expectError(() => readConfigFile(directory), 'CONFIG_FILE', directory, 'is a directory')
    const missing = join(directory, 'none.conf')
    expect(
      expectError(() => readConfigFile(missing), 'CONFIG_FILE', missing, 'does not exist').context,
    ).toEqual({
      file: missing,
    })
  })

  const mayReadAll = process.getuid?.() === 0
  test('refuses what it may not read', mayReadAll ? skipBecause('root may read everything') : {}, () => {
    const path = temporaryFile('secret.conf', 'a=1')
    chmodSync(path, 0)
    expectError(() => readConfigFile(path), 'CONFIG_FILE', path, 'may not be read')
  })
})
