import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LengthPrefix } from '../../src/input/prefixed.ts'
import { readRecords } from '../../src/input/read.ts'
import { drain, inputOf, valuesOf } from './helpers.ts'

const cuts = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 100 })

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [0x80 | (value & 0x7f), ...varint(value >>> 7)]
}

function write(prefix: LengthPrefix, record: Buffer): Buffer {
  const { length } = record
  const head = prefix === 'varint' ? varint(length) : [length >>> 24, length >>> 16, length >>> 8, length]
  return Buffer.concat([Buffer.from(head), record])
}

/** The whole records at the beginning of any bytes, and where they end. */
function referenceRecords(prefix: LengthPrefix, bytes: Buffer): { records: string[]; end: number } {
  const records: string[] = []
  let end = 0
  for (;;) {
    let at = end
    let length = 0
    if (prefix === 'u32') {
      if (bytes.length - at < 4) return { records, end }
      length = bytes.readUInt32BE(at)
      at += 4
    } else {
      for (let shift = 0; ; shift += 7) {
        const byte = bytes[at++]
        if (byte === undefined || shift > 28) return { records, end }
        length += (byte & 0x7f) * 2 ** shift
        if (byte < 0x80) break
      }
    }
    if (bytes.length - at < length) return { records, end }
    records.push(bytes.toString('latin1', at, at + length))
    end = at + length
  }
}

describe.each<LengthPrefix>(['u32', 'varint'])('records with %s before them', prefix => {
  it('are what was written, cut off or not', async () => {
    const record = fc.oneof(
      fc.uint8Array({ maxLength: 10 }).map(array => Buffer.from(array)),
      fc.integer({ min: 120, max: 140 }).map(length => Buffer.alloc(length, 'x')),
      fc.integer({ min: 16_380, max: 16_390 }).map(length => Buffer.alloc(length, 'y')),
    )
    const property = fc.asyncProperty(
      fc.array(record, { maxLength: 8 }),
      fc.nat(20),
      cuts,
      async (records, missing, lengths) => {
        const whole = Buffer.concat(records.map(record => write(prefix, record)))
        const bytes = whole.subarray(0, Math.max(0, whole.length - missing))
        const { given, error } = await drain(
          readRecords(inputOf(bytes, 'a', lengths), { format: 'length-prefixed', prefix }),
        )
        const expected = referenceRecords(prefix, bytes)
        expect(valuesOf(given)).toEqual(expected.records)
        if (expected.end === bytes.length) expect(error).toBeUndefined()
        else expect(error).toMatchObject({ code: 'BAD_RECORD', context: { byte: expected.end } })
      },
    )
    await fc.assert(property, { numRuns: 300 })
  })

  it('are found in any bytes, as far as those are records', async () => {
    const unit = fc.constantFrom(0, 0, 0, 1, 2, 3, 0x80, 0x81, 0xff)
    const property = fc.asyncProperty(fc.array(unit, { maxLength: 40 }), cuts, async (array, lengths) => {
      const bytes = Buffer.from(array)
      const { given, error } = await drain(
        readRecords(inputOf(bytes, 'a', lengths), { format: 'length-prefixed', prefix }),
      )
      const expected = referenceRecords(prefix, bytes)
      expect(valuesOf(given)).toEqual(expected.records)
      expect(error === undefined).toBe(expected.end === bytes.length)
    })
    await fc.assert(property, { numRuns: 1000 })
  })
})
