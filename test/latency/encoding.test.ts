import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../src/errors.ts'
import { BUCKETS, decode, encode, Histogram } from '../../src/latency/index.ts'
import { bucketOf } from '../../src/latency/layout.ts'
import { histogramOf, nanoseconds } from './support.ts'

const PREFIX = 'millrace.histogram/1:ns.9.53:'

/** A text with these bytes and a checksum that matches. */
function sealed(...bytes: number[]): string {
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32LE(crc32(Buffer.from(bytes)))
  return `${PREFIX}${Buffer.concat([Buffer.from(bytes), checksum]).toString('base64url')}`
}

function error(code: string): unknown {
  return expect.objectContaining({ constructor: MillraceError, code })
}

describe('encode and decode', () => {
  test('give back the same histogram', () => {
    const buckets = fc.array(
      fc.tuple(
        nanoseconds.map(bucketOf),
        fc.maxSafeNat().map(count => count >>> 0),
      ),
    )
    fc.assert(
      fc.property(fc.array(nanoseconds), buckets, (values, filled) => {
        const histogram = histogramOf(values)
        const counts = new Float64Array(BUCKETS)
        for (const [bucket, count] of filled) counts[bucket] = count
        histogram.add(counts)
        const decoded = decode(encode(histogram))
        expect([...decoded.buckets()]).toEqual([...histogram.buckets()])
        expect(decoded.count).toBe(histogram.count)
      }),
      { numRuns: 50 },
    )
  })

  test('the greatest count there is', () => {
    const histogram = new Histogram()
    histogram.add(new Float64Array(BUCKETS).fill(Number.MAX_SAFE_INTEGER, BUCKETS - 1))
    expect(decode(encode(histogram)).count).toBe(Number.MAX_SAFE_INTEGER)
  })

  test.each([
    ['nothing', [], sealed()],
    ['one in the first bucket', [0], sealed(1)],
    ['one in the second', [1], sealed(0, 1, 1)],
    ['three, two empty buckets apart', [0, 3, 3], sealed(1, 0, 2, 2)],
    ['a count of two bytes', new Array(300).fill(0), sealed(0xac, 0x02)],
  ])('version 1 of %s stays as it is', (_, values, text) => {
    expect(encode(histogramOf(values))).toBe(text)
    expect(encode(decode(text))).toBe(text)
  })

  test('needs no escape in JSON', () => {
    const text = encode(histogramOf([1, 1e6, 1e9]))
    expect(JSON.stringify(text)).toBe(`"${text}"`)
  })
})

describe('decode refuses', () => {
  const usual = encode(histogramOf([1, 1e6, 1e6, 1e9]))

  test.each([
    ['nothing', '', 'HISTOGRAM_UNREADABLE'],
    ['another format', 'HISTFAAAAB542pNpmSzMwMDAxQABzFCaEUoz2X', 'HISTOGRAM_UNREADABLE'],
    ['no layout', 'millrace.histogram/1:AAAA', 'HISTOGRAM_UNREADABLE'],
    ['no checksum', PREFIX, 'HISTOGRAM_UNREADABLE'],
    ['another version', usual.replace('/1:', '/2:'), 'HISTOGRAM_LAYOUT'],
    ['other buckets', usual.replace('ns.9.53', 'ns.8.53'), 'HISTOGRAM_LAYOUT'],
    ['another unit', usual.replace('ns.', 'us.'), 'HISTOGRAM_LAYOUT'],
    ['a space behind it', `${usual} `, 'HISTOGRAM_UNREADABLE'],
    ['a newline behind it', `${usual}\n`, 'HISTOGRAM_UNREADABLE'],
    ['padding', `${sealed(1, 2)}==`, 'HISTOGRAM_UNREADABLE'],
    ['a count that is cut off', sealed(0x80), 'HISTOGRAM_UNREADABLE'],
    ['a run of empty buckets that is cut off', sealed(1, 0), 'HISTOGRAM_UNREADABLE'],
    ['a run of no empty buckets', sealed(0, 0, 1), 'HISTOGRAM_UNREADABLE'],
    ['two runs in one place', sealed(0, 1, 0, 1, 1), 'HISTOGRAM_UNREADABLE'],
    ['empty buckets at the end', sealed(1, 0, 5), 'HISTOGRAM_UNREADABLE'],
    ['a number written longer than needed', sealed(0x81, 0x00), 'HISTOGRAM_UNREADABLE'],
    ['a bucket beyond the last', sealed(0, 0x80, 0xb4, 0x01, 1), 'HISTOGRAM_UNREADABLE'],
    ['a number beyond all', sealed(...new Array(20).fill(0xff), 1), 'HISTOGRAM_UNREADABLE'],
    ['a count beyond 2^53', sealed(...new Array(7).fill(0xff), 0x1f), 'HISTOGRAM_UNREADABLE'],
    ['counts beyond 2^53 together', sealed(...new Array(7).fill(0xff), 0x0f, 1), 'HISTOGRAM_UNREADABLE'],
  ])('%s', (_, text, code) => {
    expect(() => decode(text)).toThrow(error(code) as Error)
  })

  test('any text, or reads just that text', () => {
    const refusedOrSame = (text: string) => {
      try {
        expect(encode(decode(text))).toBe(text)
      } catch (thrown) {
        if (!(thrown instanceof MillraceError)) throw thrown
        expect(['HISTOGRAM_UNREADABLE', 'HISTOGRAM_LAYOUT']).toContain(thrown.code)
      }
    }
    const bytes = fc.array(fc.oneof(fc.constant(0), fc.nat(255)), { maxLength: 40 })
    fc.assert(fc.property(fc.string({ unit: 'binary' }), refusedOrSame))
    fc.assert(fc.property(fc.base64String(), text => refusedOrSame(`${PREFIX}${text}`)))
    fc.assert(
      fc.property(bytes, given => refusedOrSame(sealed(...given))),
      { numRuns: 300 },
    )
  })

  test('a text with one character changed or left out', () => {
    const place = fc.nat(usual.length - 1)
    fc.assert(
      fc.property(place, fc.string({ minLength: 0, maxLength: 1, unit: 'grapheme-ascii' }), (at, instead) => {
        fc.pre(usual[at] !== instead)
        const code = expect.stringMatching(/^HISTOGRAM_/)
        const changed = usual.slice(0, at) + instead + usual.slice(at + 1)
        expect(() => decode(changed)).toThrow(expect.objectContaining({ constructor: MillraceError, code }))
      }),
    )
  })
})
