import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromEnvelope, NoEnvelope, toEnvelope } from '../src/envelope.ts'

const bytes = fc.uint8Array({ maxLength: 20 }).map(array => Buffer.from(array))
const text = fc.string({ unit: 'binary', maxLength: 20 }).map(string => Buffer.from(string))
const part = fc.oneof(bytes, text, fc.constant(null))
const message = fc.record({
  topic: fc.constantFrom('a', 'a.b-c_d'),
  partition: fc.nat(),
  key: part,
  value: part,
  headers: fc.array(fc.tuple(fc.string({ unit: 'binary' }), part), { maxLength: 3 }),
  timestamp: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
})

describe('an envelope', () => {
  it('gives back every byte of what it was made of', () => {
    const property = fc.property(message, fc.boolean(), (original, isDeadLetter) => {
      const extra = { error: { code: 'MESSAGE_TOO_LARGE' }, source: { file: 'a', byte: 1, line: 1 } }
      const line = toEnvelope(original, isDeadLetter ? extra : {})
      expect(line).not.toContain('\n')
      expect(fromEnvelope(Buffer.from(line))).toEqual(original)
      expect(toEnvelope(fromEnvelope(Buffer.from(line)), isDeadLetter ? extra : {})).toBe(line)
    })
    fc.assert(property, { numRuns: 1000 })
  })

  it.each([
    ['{"value":null}', { value: null, key: null, headers: [] }],
    ['{"value":"","key":""}', { value: Buffer.alloc(0), key: Buffer.alloc(0) }],
    ['{"value":"/w==","encoding":"base64"}', { value: Buffer.of(0xff) }],
    [
      '{"value":"v","topic":null,"partition":null,"timestamp":null}',
      { topic: undefined, partition: undefined },
    ],
    ['{"value":"v","partition":-1,"timestamp":-1}', { partition: undefined, timestamp: undefined }],
    [' {"value":"v","offset":7,"anything":{}} ', { value: Buffer.from('v') }],
    [
      '{"value":"v","headers":[["a",null],["a","x"]]}',
      {
        headers: [
          ['a', null],
          ['a', Buffer.from('x')],
        ],
      },
    ],
  ])('%s', (line, expected) => {
    expect(fromEnvelope(Buffer.from(line))).toMatchObject(expected)
  })

  it.each([
    ['', /not JSON/],
    ['[]', /no JSON object/],
    ['null', /no JSON object/],
    ['{}', /"value" is missing/],
    ['{"value":1}', /"value" is neither a string nor null/],
    ['{"value":"\\ud800"}', /half a surrogate pair/],
    ['{"value":"a","encoding":"hex"}', /"encoding"/],
    ['{"value":"a","encoding":"base64"}', /"value" is not base64/],
    ['{"value":"v","topic":1}', /"topic" is no string/],
    ['{"value":"v","partition":1.5}', /"partition" is no whole number/],
    ['{"value":"v","timestamp":"2026"}', /"timestamp" is no whole number/],
    ['{"value":"v","headers":{}}', /"headers" is no list/],
    ['{"value":"v","headers":[["a"]]}', /"headers" is no list/],
    ['{"value":"v","headers":[["a",1]]}', /header "a" is neither/],
    ['{"value":"\xff"}', /not valid UTF-8/],
  ])('is refused: %s', (line, says) => {
    const read = () => fromEnvelope(Buffer.from(line, 'latin1'))
    expect(read).toThrow(NoEnvelope)
    expect(read).toThrow(says)
  })
})
