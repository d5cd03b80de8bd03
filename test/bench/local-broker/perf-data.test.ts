import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gcMsOf, perfDataPath } from '../../../src/bench/local-broker/java-gc.ts'
import { perfNumbers } from '../../../src/bench/local-broker/perf-data.ts'
import { hsperfdata } from './hsperfdata.ts'

const numbers = {
  'sun.os.hrt.frequency': 1_000_000_000n,
  'sun.gc.collector.0.time': 150_000_000n,
  'sun.gc.collector.0.invocations': 12n,
  'sun.gc.collector.2.time': 6_500_000n,
  'sun.gc.collectors.time': 1n,
}
const texts = { 'sun.gc.collector.0.name': 'G1 young collection pauses' }
const written = hsperfdata(numbers, { texts })

describe('performance data of a JVM', () => {
  test.each([true, false])('numbers by name, little-endian %s', little => {
    const found = perfNumbers(hsperfdata(numbers, { little, texts }))
    expect(found).toEqual(new Map(Object.entries(numbers).map(([name, value]) => [name, Number(value)])))
  })

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['nothing', () => Buffer.alloc(0)],
    ['another magic', bytes => bytes.fill(0, 0, 1)],
    ['another version', bytes => bytes.fill(1, 5, 6)],
    ['one that is not written yet', bytes => bytes.fill(0, 7, 8)],
    ['more entries than there are', bytes => bytes.fill(0x7f, 28, 31)],
    ['entries that begin before the file', bytes => bytes.fill(0xff, 24, 28)],
    ['an entry of no length', bytes => bytes.fill(0, 32, 36)],
    ['a name beyond its entry', bytes => bytes.fill(0x7f, 36, 38)],
    ['a value beyond its entry', bytes => bytes.fill(0x7f, 48, 50)],
  ])('%s is none', (_, change) => {
    expect(perfNumbers(change(Buffer.from(written)))).toBeNull()
  })

  test('whatever is cut off or altered is a number, or none, and no error', () => {
    const alterations = fc.record({
      length: fc.nat({ max: written.length }),
      changes: fc.array(fc.tuple(fc.nat({ max: written.length - 1 }), fc.nat({ max: 255 })), {
        maxLength: 6,
      }),
    })
    fc.assert(
      fc.property(alterations, ({ length, changes }) => {
        const bytes = Buffer.from(written)
        for (const [at, value] of changes) bytes[at] = value
        const gcMs = gcMsOf(bytes.subarray(0, length))
        expect(gcMs === null || Number.isFinite(gcMs)).toBe(true)
        if (length < written.length && changes.length === 0) expect(gcMs).toBeNull()
      }),
    )
  })
})

describe('pauses for garbage collection', () => {
  test('are those of all collectors, in ms', () => {
    expect(gcMsOf(written)).toBe(156.5)
    const slower = { ...numbers, 'sun.os.hrt.frequency': 1_000_000n }
    expect(gcMsOf(hsperfdata(slower))).toBe(156_500)
  })

  test.each<[string, Record<string, bigint>]>([
    ['no collector', { 'sun.os.hrt.frequency': 1_000n }],
    ['no frequency', { 'sun.gc.collector.0.time': 5n }],
    ['a frequency of 0', { 'sun.gc.collector.0.time': 5n, 'sun.os.hrt.frequency': 0n }],
  ])('are not told with %s', (_, without) => {
    expect(gcMsOf(hsperfdata(without))).toBeNull()
  })

  test('a process that is no JVM has none', () => {
    expect(perfDataPath(process.pid)).toBeNull()
  })
})
