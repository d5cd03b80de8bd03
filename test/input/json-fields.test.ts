import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadAddon } from '../../src/engine/binding.ts'
import type { BadRecord, OnBad } from '../../src/input/bad.ts'
import type { RecordBlock } from '../../src/input/block.ts'
import { FieldExtractor } from '../../src/input/extract.ts'
import { type FieldOptions, planFields } from '../../src/input/field-options.ts'
import { BlockFinder, LOOK } from '../../src/input/json-fields.ts'
import { JsonReader } from '../../src/input/ndjson.ts'
import { NO_BYTES } from '../../src/types.ts'
import { slices } from './helpers.ts'

const { binding } = loadAddon()

/** Records with bytes between them that would complete many a cut one. */
function blockOf(records: readonly Buffer[], gap = ''): RecordBlock {
  const between = Buffer.from(gap)
  const ranges: number[] = []
  let at = 0
  for (const { length } of records) {
    ranges.push(at, at + length)
    at += length + between.length
  }
  return {
    input: 'data.ndjson',
    bytes: Buffer.concat(records.flatMap(record => [record, between])),
    ranges: Uint32Array.from(ranges),
    count: records.length,
    firstLine: 1,
    lineOffsets: undefined,
    blank: 0,
    blanksBefore: undefined,
    startByte: 0,
    endByte: at,
  }
}

function finderOf(options: FieldOptions): BlockFinder {
  const finder = BlockFinder.of(planFields(options))
  if (finder === undefined) throw new Error('there is no addon')
  return finder
}

/** All that comes out of a block, and all that is said of it. */
function extracted(
  records: RecordBlock,
  options: FieldOptions,
  nullValue: string | undefined,
  stops: boolean,
  finder: BlockFinder | undefined,
) {
  const plan = planFields(options)
  const reader = new JsonReader(plan.paths, finder)
  const bad: BadRecord[] = []
  const onBad: OnBad = stops ? 'stop' : found => void bad.push(found)
  const text = nullValue === undefined ? undefined : Buffer.from(nullValue)
  const { block, stopped } = new FieldExtractor(reader, plan, text).extract(records, onBad)
  return {
    values: slices(block.bytes, block.ranges),
    keys: block.keys === undefined ? undefined : slices(block.keys.bytes, block.keys.ranges),
    details: block.details,
    count: block.count,
    ranges: [...block.records.ranges],
    endByte: block.records.endByte,
    bad: [...bad, ...(stopped === undefined ? [] : [stopped])].map(
      ({ line, byte, length, bytes, error }) => ({
        ...{ line, byte, length, bytes: bytes.toString('latin1') },
        ...{ message: error.message, hint: error.hint, context: error.context },
      }),
    ),
  }
}

/** Names, values and white space of JSON, in latin1, as every text of records here. */
const names = [
  '"a"',
  '"b"',
  '"a.b"',
  '"c"',
  '"0"',
  '""',
  '"\\u0061"',
  '"\\ud800"',
  '"c\xff"',
  `"${'long '.repeat(9)}"`,
]
const numbers = ['0', '-0', '1', '-12', '17', '1.50', '-0.5', '1e5', '1E-2', '12345678901234567890']
const strings = [
  '""',
  '"x"',
  '"\\n"',
  '"\\u00e9"',
  '"\\ud83d\\ude00"',
  '"\\udc00"',
  '"\xff\xfe"',
  '"\x7f"',
  '"{\\"a\\":1}"',
]
const others = ['null', 'true', 'false']
const spaces = [' ', '\t', '\r', '\n ', '  \r\n']
/** What no JSON has there. */
const noValues = [
  '01',
  '-',
  '1.',
  '.5',
  '1e',
  '+1',
  'tru',
  'nul',
  'NaN',
  '"\x01"',
  '"\t"',
  '"\\q"',
  '"\\u12"',
  '"',
  '',
]
const noSpaces = ['\v', '\f', '\xa0', '\0', '\xef\xbb\xbf']
const changes = ['', '"', '\\', '{', '}', '[', ']', ',', ':', '0', '-', '.', 'e', ' ', '\0', '\xc3']

const scalars = fc.oneof(
  fc.constantFrom(...numbers),
  fc.constantFrom(...strings),
  fc.constantFrom(...others),
  fc
    .string({ unit: 'grapheme', maxLength: 40 })
    .map(text => Buffer.from(JSON.stringify(text)).toString('latin1')),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(number => JSON.stringify(number)),
)

/** Around the depth from which on the addon gives up. */
const deep = fc
  .tuple(fc.integer({ min: 60, max: 68 }), fc.boolean())
  .map(([depth, isObject]) =>
    isObject ? `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}` : `${'['.repeat(depth)}${']'.repeat(depth)}`,
  )

/** Records, most of them objects, of these values and this white space. */
function documents(scalar: fc.Arbitrary<string>, space: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const { object, value } = fc.letrec<{ value: string; object: string; array: string }>(tie => ({
    value: fc.oneof(
      { maxDepth: 4 },
      { weight: 12, arbitrary: scalar },
      { weight: 8, arbitrary: tie('object') },
      { weight: 2, arbitrary: tie('array') },
      deep,
    ),
    object: fc
      .tuple(
        space,
        fc.array(
          fc
            .tuple(space, fc.constantFrom(...names), space, space, tie('value'), space)
            .map(([a, name, b, c, own, d]) => `${a}${name}${b}:${c}${own}${d}`),
          { maxLength: 5 },
        ),
      )
      .map(([inside, members]) => `{${inside}${members.join(',')}}`),
    array: fc
      .tuple(space, fc.array(tie('value'), { maxLength: 3 }))
      .map(([inside, items]) => `[${inside}${items.join(',')}]`),
  }))
  return fc
    .tuple(space, fc.oneof({ weight: 9, arbitrary: object }, value), space)
    .map(([before, text, after]) => `${before}${text}${after}`)
}

const someSpace = fc.oneof({ weight: 10, arbitrary: fc.constant('') }, fc.constantFrom(...spaces))

const faulty = fc
  .tuple(
    documents(
      fc.oneof({ weight: 9, arbitrary: scalars }, fc.constantFrom(...noValues)),
      fc.oneof({ weight: 50, arbitrary: someSpace }, fc.constantFrom(...noSpaces)),
    ),
    fc.nat(),
    fc.nat(2),
    fc.constantFrom(...changes),
  )
  .map(([text, where, removed, inserted]) => {
    const at = where % (text.length + 1)
    return text.slice(0, at) + inserted + text.slice(at + removed)
  })

/** Records that have what is asked for, so that blocks without any left to JavaScript come up. */
const objects = ['{"a":1,"b":"y"}', '{"c":true,"a":-0,"c":"z"}', '{"a":null,"b":{"c":"\\n"}}']
const plain = fc
  .array(
    fc.tuple(
      fc.constantFrom('"a"', '"b"', '"a.b"'),
      fc.constantFrom('1', '"x"', ...objects, ...numbers, ...strings, ...others),
    ),
    { maxLength: 4 },
  )
  .map(members => `{"a":"k","b":{"c":"z"},${members.map(([name, own]) => `${name}:${own},`).join('')}"d":1}`)

describe('a block is what its records are one by one', () => {
  const path = fc.constantFrom(
    'a',
    'b',
    'a.b',
    'a.b.c',
    'b.c',
    'b.a',
    '0',
    'a.0',
    'a.',
    '.',
    '\xe9',
    'd',
    '__proto__',
  )
  const field = fc.option(path, { nil: undefined })
  const options = fc.oneof(
    fc.record({ keyField: path }),
    fc.record({ valueField: path }),
    fc.record({ keyField: field, valueField: field }),
    fc.record({
      keyField: field,
      valueField: field,
      timestampField: field,
      topicField: field,
      partitionField: field,
      headerFields: fc.array(fc.tuple(fc.constantFrom('h', 'i'), path), { maxLength: 2 }),
    }),
  )
  const nullValue = fc.constantFrom(undefined, undefined, '', 'x', '1')
  const gap = fc.constantFrom('', '\n', '"}', '0', 'e1', '}', ']', '"'.repeat(20))

  it.each<[string, fc.Arbitrary<string>]>([
    ['JSON', documents(scalars, someSpace)],
    ['JSON with faults', faulty],
    ['plain records', plain],
    [
      'plain records, and others',
      fc.oneof({ weight: 5, arbitrary: plain }, documents(scalars, someSpace), faulty),
    ],
  ])('%s', (_, text) => {
    fc.assert(
      fc.property(
        fc.array(text, { maxLength: 6 }),
        gap,
        options,
        nullValue,
        fc.boolean(),
        (texts, between, wanted, none, stops) => {
          const block = blockOf(
            texts.map(own => Buffer.from(own, 'latin1')),
            between,
          )
          const alone = extracted(block, wanted, none, stops, undefined)
          expect(extracted(block, wanted, none, stops, finderOf(wanted))).toEqual(alone)
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('of any bytes', () => {
    const bytes = fc.array(fc.constantFrom(...Buffer.from('{}[]:,"\\ ab01-.eutn\0\xff', 'latin1')), {
      maxLength: 20,
    })
    fc.assert(
      fc.property(
        bytes.map(codes => Buffer.from(codes)),
        fc.constantFrom({}, { keyField: 'a' }, { valueField: 'a' }),
        (own, wanted) => {
          const block = blockOf([own, Buffer.from('{"a":1}')])
          expect(extracted(block, wanted, undefined, false, finderOf(wanted))).toEqual(
            extracted(block, wanted, undefined, false, undefined),
          )
        },
      ),
      { numRuns: 10_000 },
    )
  })
})

describe('what the addon finds', () => {
  const found = (options: FieldOptions, ...records: readonly string[]) => {
    const block = blockOf(
      records.map(record => Buffer.from(record, 'latin1')),
      '"}',
    )
    const { ranges, left } = finderOf(options).find(block)
    return { fields: ranges.map(own => slices(block.bytes, own)), left }
  }

  it.each<[path: string, record: string, key: string | null]>([
    ['id', '{"id":"abc"}', 'abc'],
    ['id', ' { "x" : [ { } , [ ] ] , "id" : "a\xff" } ', 'a\xff'],
    ['id', '{"id":""}', ''],
    ['id', '{"id":null}', null],
    ['id', '{"id":false}', 'false'],
    ['id', '{"id":-17,"x":"\\n","y":-0.5e+3}', '-17'],
    ['id', '{"id":1,"id":2}', '2'],
    ['user.id', '{"user":{"id":1,"id":2},"user":{"id":3}}', '3'],
    ['user.id', '{"user.id":2,"user":{"id":1}}', '2'],
    ['a.b.c', '{"a":{"b":{"c":"deep"}}}', 'deep'],
    ['a..', '{"a":{"":{"":1}}}', '1'],
    ['id', `{"x":${'['.repeat(64)}${']'.repeat(64)},"id":1}`, '1'],
    ['id', `{"x":"${'long '.repeat(20)}","id":"${'text '.repeat(20)}"}`, 'text '.repeat(20)],
  ])('%s in %s', (path, record, key) => {
    expect(found({ keyField: path }, record)).toEqual({ fields: [[key]], left: 0 })
  })

  it('values as they stand, beside keys', () => {
    const record = '{"v":{"a": [1.0]},"k":1}'
    expect(found({ keyField: 'k', valueField: 'v' }, record, '{"v":1.5,"k":"a"}')).toEqual({
      fields: [
        ['1', 'a'],
        ['{"a": [1.0]}', '1.5'],
      ],
      left: 0,
    })
    // as a key it would have to be canonical
    expect(found({ keyField: 'v', valueField: 'v' }, record).left).toBe(1)
  })

  it.each([
    ['{"id":"a\\n"}'],
    ['{"id":-0}'],
    ['{"id":1.5}'],
    ['{"id":[]}'],
    ['{}'],
    ['[1]'],
    ['{"\\u0069d":1,"id":2}'],
    ['{"id":1'],
    ['{"id":"1'],
    ['{"id":1}}'],
    ['{"id":01}'],
    ['{"id":1,}'],
    ['{"id":1,"x":"\x1f"}'],
    [`{"id":1,"x":"${' '.repeat(40)}\t"}`],
    [''],
    ['\xef\xbb\xbf{"id":1}'],
    [`{"id":1,"x":${'{"a":'.repeat(66)}1${'}'.repeat(65)}]}`],
    [`{"id":1,"x":${'['.repeat(66)}${']'.repeat(66)}}`],
  ])('not what is not plain: %s', record => {
    const { ranges, left } = finderOf({ keyField: 'id' }).find(
      blockOf([Buffer.from(record, 'latin1'), Buffer.from('{"id":3}')], '"}'),
    )
    expect(left).toBe(1)
    expect([...(ranges[0] ?? [])].slice(0, 2)).toEqual([LOOK, LOOK])
    expect(ranges[0]?.[2]).toBeLessThan(LOOK)
  })

  it('nothing outside of the bytes', () => {
    const bytes = Buffer.from('{"id":1}')
    const ranges = Uint32Array.of(0, 9, 8, 8, 5, 4, NO_BYTES, NO_BYTES, 0, 8)
    const pairs = new Uint32Array(10)
    expect(binding.findJsonFields(bytes, ranges, 5, Uint32Array.of(0, 2), Buffer.from('id'), pairs)).toBe(4)
    expect([...pairs]).toEqual([...Array(8).fill(LOOK), 6, 7])
  })

  const one = Uint32Array.of(0, 8)
  const room = new Uint32Array(2)
  it.each<[string, () => unknown]>([
    [
      'fewer ranges than records',
      () =>
        binding.findJsonFields(
          Buffer.alloc(8),
          one,
          2,
          Uint32Array.of(0, 1),
          Buffer.from('a'),
          new Uint32Array(4),
        ),
    ],
    [
      'no room for what is found',
      () =>
        binding.findJsonFields(Buffer.alloc(8), one, 1, Uint32Array.of(0, 1, 0, 0), Buffer.from('a'), room),
    ],
    [
      'no fields',
      () => binding.findJsonFields(Buffer.alloc(8), one, 1, new Uint32Array(0), Buffer.from('a'), room),
    ],
    [
      'a kind that there is not',
      () => binding.findJsonFields(Buffer.alloc(8), one, 1, Uint32Array.of(3, 1), Buffer.from('a'), room),
    ],
    [
      'a check beside fields',
      () =>
        binding.findJsonFields(
          Buffer.alloc(8),
          one,
          1,
          Uint32Array.of(2, 0, 0, 1),
          Buffer.from('a'),
          new Uint32Array(4),
        ),
    ],
    [
      'a path beyond the paths',
      () => binding.findJsonFields(Buffer.alloc(8), one, 1, Uint32Array.of(0, 2), Buffer.from('a'), room),
    ],
    [
      'text',
      () =>
        binding.findJsonFields(
          'text' as unknown as Buffer,
          one,
          1,
          Uint32Array.of(0, 1),
          Buffer.from('a'),
          room,
        ),
    ],
  ])('%s: refused', (_, call) => {
    expect(call).toThrow(TypeError)
  })
})
