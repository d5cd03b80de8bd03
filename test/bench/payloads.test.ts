import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Cell, cellsOf, defaultGrid } from '../../src/bench/cell.ts'
import { digestOf, type Ring, randomRing, ringFromFile, ringOf } from '../../src/bench/payloads.ts'

function payloads({ bytes, ranges }: Ring): Buffer[] {
  return Array.from({ length: ranges.length / 2 }, (_, index) =>
    bytes.subarray(ranges[2 * index], ranges[2 * index + 1]),
  )
}

describe('randomRing', () => {
  test('payloads have exactly the size, and no two are alike', () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 5000 }))
    fc.assert(
      fc.property(size, fc.nat(), (size, seed) => {
        const ring = payloads(randomRing(size, seed))
        expect(ring.every(({ length }) => length === size)).toBe(true)
        expect(new Set(ring.map(payload => payload.toString('latin1'))).size).toBe(ring.length)
      }),
      { numRuns: 25 },
    )
  })

  test.each([
    [1, 256],
    [2, 16_384],
    [100, 16_384],
    [1_000_000, 67],
    [50_000_000, 4],
  ])('of %i bytes there are %i', (size, count) => {
    expect(randomRing(size, 1).ranges.length).toBe(2 * count)
  })

  test('the same seed gives the same payloads, another one others', () => {
    expect(randomRing(100, 7).bytes.equals(randomRing(100, 7).bytes)).toBe(true)
    expect(randomRing(100, 7).bytes.equals(randomRing(100, 8).bytes)).toBe(false)
  })

  test('they do not compress', () => {
    const { bytes } = randomRing(100, 1)
    expect(deflateRawSync(bytes).length).toBeGreaterThan(0.99 * bytes.length)
  })
})

describe('ringFromFile', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-payloads-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function file(text: string): string {
    const path = join(folder, 'payloads')
    writeFileSync(path, text)
    return path
  }

  test.each([
    ['lines', 'one\nthree\n', ['one', 'three'], 4],
    ['the last one without its end', 'a\nbc', ['a', 'bc'], 1.5],
    ['an empty line is an empty payload', 'a\n\nb\n', ['a', '', 'b'], 2 / 3],
    ['a carriage return belongs to its line', 'a\r\n', ['a\r'], 2],
  ])('%s', (_, text, expected, meanBytes) => {
    const ring = ringFromFile(file(text))
    expect(payloads(ring).map(String)).toEqual(expected)
    expect(ring.meanBytes).toBeCloseTo(meanBytes, 10)
  })

  test('an empty file', () => {
    expect(() => ringFromFile(file(''))).toThrow(
      expect.objectContaining({ name: 'MillraceError', code: 'USAGE' }),
    )
  })

  test('no file', () => {
    expect(() => ringFromFile(join(folder, 'missing'))).toThrow(
      expect.objectContaining({ name: 'MillraceError', code: 'INPUT_UNREADABLE' }),
    )
  })

  test('the digest tells of other payloads of the same sizes', () => {
    const first = digestOf(ringFromFile(file('one\ntwo\n')))
    expect(digestOf(ringFromFile(file('one\ntwo\n')))).toBe(first)
    expect(digestOf(ringFromFile(file('two\none\n')))).not.toBe(first)
  })

  test('a file that was changed between two trials of a row', () => {
    const cell = cellsOf(defaultGrid)[0] as Cell
    const spec = { cell, seed: 1, payloadFile: file('one\n') }
    const digest = digestOf(ringOf(spec))
    expect(payloads(ringOf({ ...spec, payloadDigest: digest })).map(String)).toEqual(['one'])
    file('two\n')
    expect(() => ringOf({ ...spec, payloadDigest: digest })).toThrow(
      expect.objectContaining({ code: 'INPUT_UNREADABLE', message: expect.stringContaining('was changed') }),
    )
  })
})
