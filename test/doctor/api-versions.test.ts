import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseApiVersions } from '../../src/doctor/api-versions.ts'

function answer(entries: readonly (readonly [key: number, min: number, max: number])[], error = 0): Buffer {
  const bytes = Buffer.alloc(14 + 6 * entries.length)
  bytes.writeInt32BE(bytes.length - 4, 0)
  bytes.writeInt32BE(1, 4)
  bytes.writeInt16BE(error, 8)
  bytes.writeInt32BE(entries.length, 10)
  for (const [index, entry] of entries.entries()) {
    for (const [at, value] of entry.entries()) bytes.writeInt16BE(value, 14 + 6 * index + 2 * at)
  }
  return bytes
}

const int16 = fc.integer({ min: 0, max: 32_767 })

test('what is written is read, once all of it is there', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(int16, int16, int16), { maxLength: 80 }), fc.nat(), (entries, cut) => {
      const bytes = answer(entries)
      const expected = new Map(entries.map(([key, min, max]) => [key, { min, max }]))
      expect(parseApiVersions(bytes)).toEqual(expected)
      expect(parseApiVersions(Buffer.concat([bytes, Buffer.from('more')]))).toEqual(expected)
      expect(parseApiVersions(bytes.subarray(0, cut % bytes.length))).toBeUndefined()
    }),
  )
})

test.each([
  ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /does not speak/],
  ['TLS', Buffer.from([0x15, 3, 3, 0, 2, 2, 40, 0]), /does not speak/],
  ['no room for an answer', Buffer.from([0, 0, 0, 1, 0]), /does not speak/],
  ['more entries than bytes', Buffer.from([0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0, 0, 9, 9]), /does not speak/],
  ['a negative count', Buffer.from([0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 255, 255, 255, 255]), /does not speak/],
  ['an error', answer([], 35), /error 35/],
])('%s', (_name, bytes, text) => {
  expect(() => parseApiVersions(bytes)).toThrow(text)
})

test('any bytes: an answer, none yet, or an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
      try {
        parseApiVersions(Buffer.from(bytes))
      } catch (error) {
        expect((error as Error).message).toMatch(/does not speak|Kafka’s error/)
      }
    }),
  )
})
