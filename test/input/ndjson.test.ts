import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MillraceError } from '../../src/errors.ts'
import type { BadRecord } from '../../src/input/bad.ts'
import { parseFieldPath } from '../../src/input/fields.ts'
import type { ReadOptions } from '../../src/input/options.ts'
import { readRecords } from '../../src/input/read.ts'
import { drain, inputOf, keysOf, valuesOf } from './helpers.ts'

async function read(text: string | Buffer, options: ReadOptions = {}) {
  const bad: BadRecord[] = []
  const all: ReadOptions = { onBad: found => void bad.push(found), ...options }
  const { given, error } = await drain(readRecords(inputOf(text, 'data.ndjson'), all))
  return { values: valuesOf(given), keys: keysOf(given), bad, error, given }
}

describe('values', () => {
  it('are the lines as they stand', async () => {
    const lines = ['{ "a" : 1 }', '[1,2]', '"text"', ' 12345678901234567890 ', 'null', '{"a":"\xff"}']
    const { values, bad } = await read(Buffer.from(lines.join('\r\n'), 'latin1'))
    expect(values).toEqual(lines)
    expect(bad).toEqual([])
  })

  it('a blank line is bad unless skipped', async () => {
    const text = '1\n\n \t\n2\n'
    const kept = await read(text)
    expect(kept.values).toEqual(['1', '2'])
    expect(kept.bad.map(({ line, byte, length }) => [line, byte, length])).toEqual([
      [2, 2, 0],
      [3, 3, 2],
    ])
    expect(kept.bad[0]?.error.message).toContain('is blank')
    const skipped = await read(text, { skipBlank: true })
    expect([skipped.values, skipped.bad]).toEqual([['1', '2'], []])
  })
})

describe('key field', () => {
  it.each<[path: string, record: string, key: string | null]>([
    ['id', '{"id":"abc"}', 'abc'],
    ['id', '{"id":""}', ''],
    ['id', '{"id":null}', null],
    ['id', '{"id":true}', 'true'],
    ['id', '{"id":false}', 'false'],
    ['id', '{"id":17}', '17'],
    ['id', '{"id":-0}', '0'],
    ['id', '{"id":1.50}', '1.5'],
    ['id', '{"id":12345678901234567890}', '12345678901234567890'],
    ['id', '{"id":"a\\u00e9\\n"}', 'a\xc3\xa9\n'],
    ['id', '{"id":"\xff\xfe"}', '\xff\xfe'],
    ['id', '{"id":{"b":[1, 2],"a":"x"}}', '{"a":"x","b":[1,2]}'],
    ['id', '{"id":1,"id":2}', '2'],
    ['id', '{"\\u0069d":"escaped name"}', 'escaped name'],
    ['user.id', '{"user":{"id":1}}', '1'],
    ['user.id', '{"user.id":2,"user":{"id":1}}', '2'],
    ['user.id', '{"user":{"id":1},"user.id":2}', '2'],
    ['user.id', '{"user":{"id":1},"user":{"id":3}}', '3'],
    ['a.b.c', '{"a":{"b":{"c":"deep"}}}', 'deep'],
    ['tags.1', '{"tags":["a", "b"]}', 'b'],
    ['tags.1', '{"tags":{"1":"name"}}', 'name'],
    ['0.id', '[{"id":5}]', '5'],
    ['é', '{"é":1}', '1'],
    ['__proto__', '{"__proto__":"own"}', 'own'],
    ['a.', '{"a":{"":1}}', '1'],
  ])('%s of %s', async (path, record, key) => {
    const encoding = /[\xff]/.test(record) ? 'latin1' : 'utf8'
    const { keys, values, bad } = await read(Buffer.from(record, encoding), { keyField: path })
    expect(bad).toEqual([])
    expect(keys).toEqual([key])
    expect(values).toHaveLength(1)
  })

  it.each([
    ['id', '{}'],
    ['id', '{"ID":1}'],
    ['id', '17'],
    ['id', 'null'],
    ['user.id', '{"user":null}'],
    ['user.id', '{"user":"id"}'],
    ['user.id', '{"user":{"user.id":1}}'],
    ['user.id', '{"user":{"id":1},"user":2}'],
    ['tags.2', '{"tags":["a","b"]}'],
    ['tags.0', '{"tags":[]}'],
    ['tags.01', '{"tags":["a","b"]}'],
    ['tags.-1', '{"tags":["a","b"]}'],
    ['length', '["a"]'],
    ['constructor', '{}'],
  ])('%s is missing in %s', async (path, record) => {
    const { values, bad } = await read(`${record}\n`, { keyField: path })
    expect(values).toEqual([])
    expect(bad.map(({ error }) => error.message)).toEqual([expect.stringContaining(`has no field ${path}`)])
  })

  it.each([
    ['{"id":"\\ud800"}', 'half a surrogate pair'],
    [`{"id":${'['.repeat(1000)}${']'.repeat(1000)}}`, 'nested'],
    ['{"id":["\xff"]}', 'not valid UTF-8'],
  ])('a key that no text can stand for: %s', async (record, why) => {
    const { bad } = await read(Buffer.from(record, 'latin1'), { keyField: 'id' })
    expect(bad.map(({ error }) => error.message)).toEqual([expect.stringContaining(why)])
  })

  it('keys of all kinds keep their places in one block', async () => {
    const text = '{"k":"a"}\n{"k":null}\n{"k":"\\n"}\n{}\n{"k":null}\n{"k":"bc"}\n{"k":[ ]}\n{"k":""}\n'
    const { keys, values, bad, given } = await read(text, { keyField: 'k' })
    expect(given).toHaveLength(1)
    expect(keys).toEqual(['a', null, '\n', null, 'bc', '[]', ''])
    expect(values).toHaveLength(7)
    expect(bad.map(({ line }) => line)).toEqual([4])
  })

  const names = fc.constantFrom('a', 'b', 'a.b', 'b.a', '0', '1', '', '__proto__')
  const values = fc.letrec(tie => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: 'grapheme' }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.constantFrom(true, false, null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.array(fc.tuple(names, tie('value')), { maxLength: 4 }).map(members => Object.fromEntries(members)),
    ),
  })).value
  const paths = fc.array(names, { minLength: 1, maxLength: 3 }).map(steps => steps.join('.'))

  function lookUp(value: unknown, path: string): unknown {
    const isObject = (found: unknown): found is Record<string, unknown> =>
      typeof found === 'object' && found !== null
    if (isObject(value) && !Array.isArray(value) && Object.hasOwn(value, path)) return value[path]
    let found = value
    for (const step of path.split('.')) {
      if (!isObject(found) || !Object.hasOwn(found, step)) return undefined
      found = found[step]
    }
    return found
  }

  function keyText(value: unknown): string | null {
    if (value === null) return null
    if (typeof value === 'string') return Buffer.from(value).toString('latin1')
    return typeof value === 'object' ? 'composite' : JSON.stringify(value)
  }

  it('is what JSON.parse and a walk down the path give', async () => {
    const spellings = fc.constantFrom(
      (text: string) => text,
      (text: string) => text.replaceAll('b', '\\u0062'),
      (text: string) => `\t ${text} `,
    )
    await fc.assert(
      fc.asyncProperty(
        values,
        paths,
        spellings,
        fc.constantFrom('', '\t'),
        async (value, path, spell, indent) => {
          fc.pre(path !== '')
          const record = spell(JSON.stringify(value, null, indent).replaceAll('\n', ' '))
          const found = lookUp(JSON.parse(record), path)
          const { keys, bad } = await read(record, { keyField: path })
          const shown = keys.map(key => (key !== null && typeof found === 'object' ? 'composite' : key))
          expect([shown, bad.length]).toEqual(found === undefined ? [[], 1] : [[keyText(found)], 0])
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('an empty path is refused', () => {
    expect(() => parseFieldPath('')).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })
})

describe('JSON that does not parse', () => {
  const text = '{"n":1}\n{"n":2}\n{"n":3,\u0001"x":}\n{"n":4}\n'

  it('stops at its line, after the records before it', async () => {
    const { given, error } = await drain(readRecords(inputOf(text, 'dir/data.jsonl')))
    expect(valuesOf(given)).toEqual(['{"n":1}', '{"n":2}'])
    expect(given.at(-1)?.records.endByte).toBe(16)
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({
      code: 'BAD_RECORD',
      context: { input: 'dir/data.jsonl', line: 3, byte: 16, length: 13, excerpt: '{"n":3,\\u{1}"x":}' },
    })
    expect((error as MillraceError).message).toContain(
      'line 3 of dir/data.jsonl (byte 16) is not JSON: a name in double quotes is missing after 7 bytes',
    )
  })

  it('is reported with its own bytes, and left out', async () => {
    const { values, bad, given } = await read(text)
    expect(values).toEqual(['{"n":1}', '{"n":2}', '{"n":4}'])
    expect(bad.map(({ line, byte, length, bytes }) => [line, byte, length, bytes.toString()])).toEqual([
      [3, 16, 13, '{"n":3,\u0001"x":}'],
    ])
    expect(given.at(-1)?.records.endByte).toBe(text.length)
  })

  it.each(['{"a":"\0"}', '\0', '{"a":1}\r{"b":2}', '{"a":1} {"b":2}', 'text', "{'a':1}"])(
    '%j',
    async record => {
      const { bad, values } = await read(`${record}\n`)
      expect([bad.length, values]).toEqual([1, []])
    },
  )
})
