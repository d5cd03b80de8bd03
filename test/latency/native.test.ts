import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadClient } from '../../src/client/load.ts'
import { loadBinding } from '../../src/engine/binding.ts'
import { BUCKETS, encode, Histogram } from '../../src/latency/index.ts'
import { histogramOf, nanoseconds } from './support.ts'

loadClient()
const { binding } = loadBinding()

function exported(native: object, reset = false): Histogram {
  // so that what is not written shows
  const counts = new Float64Array(BUCKETS).fill(-1)
  binding.latencies(native, counts, reset)
  const histogram = new Histogram()
  histogram.add(counts)
  return histogram
}

function nativeOf(values: readonly number[], threads = 1): object {
  const native = binding.histogram()
  binding.recordLatencies(native, Float64Array.from(values), threads)
  return native
}

describe('the native histogram', () => {
  test('puts every latency where the one in TypeScript does', () => {
    const anything = fc.oneof(
      { weight: 5, arbitrary: nanoseconds },
      { weight: 1, arbitrary: fc.double({ noNaN: true }) },
    )
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 200 }), values => {
        expect(encode(exported(nativeOf(values)))).toBe(encode(histogramOf(values)))
      }),
      { numRuns: 50 },
    )
  })

  test('the first and the last value of every bucket', () => {
    const edges = Array.from({ length: 53 * 512 }, (_, n) => 2 ** (n >> 9) * (1 + (n & 511) / 512))
    const values = edges.flatMap(edge => [Math.ceil(edge), Math.ceil(edge) - 1])
    expect(encode(exported(nativeOf(values)))).toBe(encode(histogramOf(values)))
  })

  test('loses none that several threads record at the same time', () => {
    const values = Array.from({ length: 500_000 }, (_, n) => 1_000_000 + (n % 10))
    const native = nativeOf(values, 12)
    const once = histogramOf(values)
    const expected = new Histogram()
    for (let thread = 0; thread < 12; thread++) expected.merge(once)
    expect(encode(exported(native))).toBe(encode(expected))
  })

  test('starts again after a reset, and only then', () => {
    const native = nativeOf([1, 2, 3e9])
    expect(exported(native).count).toBe(3)
    expect(exported(native, true).count).toBe(3)
    expect(exported(native).count).toBe(0)
    binding.recordLatencies(native, Float64Array.of(4), 1)
    expect(encode(exported(native))).toBe(encode(histogramOf([4])))
  })

  test.each([
    ['too few buckets', new Float64Array(BUCKETS - 1)],
    ['too many buckets', new Float64Array(BUCKETS + 1)],
    ['other numbers', new BigUint64Array(BUCKETS)],
    ['no array', null],
  ])('is not exported into %s, and keeps its counts', (_, counts) => {
    const native = nativeOf([1])
    expect(() => binding.latencies(native, counts as Float64Array, true)).toThrow(TypeError)
    expect(exported(native).count).toBe(1)
  })

  test.each([
    ['an object', {}],
    ['nothing', null],
    ['a number', 1],
  ])('is not %s', (_, other) => {
    expect(() => binding.latencies(other as object, new Float64Array(BUCKETS), false)).toThrow(TypeError)
    expect(() => binding.recordLatencies(other as object, new Float64Array(1), 1)).toThrow(TypeError)
  })

  test.each([0, 65, Number.NaN])('takes no %d threads', threads => {
    expect(() => binding.recordLatencies(binding.histogram(), new Float64Array(1), threads)).toThrow(
      TypeError,
    )
  })

  test('takes no NaN, and nothing else of that array', () => {
    const native = binding.histogram()
    expect(() => binding.recordLatencies(native, Float64Array.of(1, Number.NaN), 1)).toThrow(TypeError)
    expect(exported(native).count).toBe(0)
  })
})
