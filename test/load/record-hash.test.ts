import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import xxhash from 'xxhash-wasm'
import { loadAddon } from '../../src/engine/binding.ts'
import { type Framed, type Header, type Message, MillraceError, NO_BYTES } from '../../src/index.ts'
import { addonHasher, hashText, type RecordHasher, wasmHasher } from '../../src/load/record-hash.ts'

const { h64Raw } = await xxhash()
const { binding } = loadAddon()
const hashers: readonly (readonly [name: string, hasher: RecordHasher])[] = [
  ['the addon', addonHasher(binding)],
  ['WebAssembly', await wasmHasher()],
]

type Piece = Buffer | null

interface Parts {
  readonly value: Piece
  readonly key: Piece
  readonly headers: readonly (readonly [name: string, value: Piece])[]
}

/** As receipts define it, word for word. */
function defined({ value, key, headers }: Parts): bigint {
  const NULL = 0x9e3779b97f4a7c15n
  const xxh64 = (piece: Piece, seed: bigint) =>
    h64Raw(piece ?? Buffer.alloc(0), BigInt.asUintN(64, piece === null ? seed + NULL : seed))
  let h = xxh64(value, 0n)
  h = xxh64(key, h)
  for (const [name, own] of headers) {
    h = xxh64(Buffer.from(name), h)
    h = xxh64(own, h)
  }
  return h
}

const sumOf = (records: readonly Parts[]) =>
  BigInt.asUintN(
    64,
    records.reduce((sum, parts) => sum + defined(parts), 0n),
  )

const bytes = fc.uint8Array({ maxLength: 150 }).map(array => Buffer.from(array))
const piece = fc.option(bytes, { nil: null })
const header = fc.tuple(fc.string({ unit: 'grapheme', maxLength: 40 }), piece)
const headers = fc.array(header, { maxLength: 4 })
const records = fc.array(fc.record({ value: piece, key: piece, headers }), { maxLength: 40 })

const message = ({ value, key, headers }: Parts): Message => ({
  topic: 't',
  value,
  key,
  headers: headers as readonly Header[],
})

/** Pieces one behind the other, and where each stands; null pieces nowhere. */
function packed(pieces: readonly Piece[]): { bytes: Buffer; ranges: Uint32Array } {
  let at = 0
  const ranges = pieces.flatMap(piece => {
    if (piece === null) return [NO_BYTES, 0]
    at += piece.length
    return [at - piece.length, at]
  })
  return {
    bytes: Buffer.concat(pieces.map(piece => piece ?? Buffer.alloc(0))),
    ranges: Uint32Array.from(ranges),
  }
}

describe.each(hashers)('hashes of records by %s', (_, hasher) => {
  test('of messages are those that receipts define', () => {
    fc.assert(
      fc.property(records, fc.nat(40), fc.nat(40), (all, a, b) => {
        const [from, to] = [Math.min(a, b, all.length), Math.min(Math.max(a, b), all.length)]
        expect(hasher.sum(all.map(message), from, to)).toBe(sumOf(all.slice(from, to)))
      }),
    )
  })

  test('of frames with keys of their own', () => {
    fc.assert(
      fc.property(records, headers, fc.nat(40), (all, shared, from) => {
        const first = Math.min(from, all.length)
        const frame: Framed = {
          topic: 't',
          ...packed(all.map(({ value }) => value)),
          keys: packed(all.map(({ key }) => key)),
          headers: shared as readonly Header[],
        }
        const expected = all.slice(first).map(parts => ({ ...parts, headers: shared }))
        expect(hasher.sum(frame, first, all.length)).toBe(sumOf(expected))
      }),
    )
  })

  test('of frames with one key for all', () => {
    fc.assert(
      fc.property(records, piece, (all, key) => {
        const frame: Framed = { topic: 't', ...packed(all.map(({ value }) => value)), key }
        const expected = all.map(({ value }) => ({ value, key, headers: [] }))
        expect(hasher.sum(frame, 0, all.length)).toBe(sumOf(expected))
      }),
    )
  })

  test('text is hashed as the UTF-8 that is sent', () => {
    const text: Message = { topic: 't', value: 'naïve', key: '', headers: { ä: ['1', null] } }
    const parts: Parts = {
      value: Buffer.from('naïve'),
      key: Buffer.alloc(0),
      headers: [
        ['ä', Buffer.from('1')],
        ['ä', null],
      ],
    }
    expect(hasher.sum([text], 0, 1)).toBe(defined(parts))
  })

  test('more messages than are packed at once, and large ones', () => {
    const parts = Array.from({ length: 2500 }, (_, n) => ({
      value: Buffer.alloc(n % 700, n),
      key: n % 3 === 0 ? null : Buffer.from(String(n)),
      headers: [],
    }))
    const large = { value: Buffer.alloc(3_000_000, 7), key: null, headers: [] }
    expect(hasher.sum([...parts, large].map(message), 0, 2501)).toBe(sumOf([...parts, large]))
  })

  const some: Framed = { topic: 't', ...packed([Buffer.from('ab'), Buffer.from('c')]) }
  const sad: readonly [why: string, offered: unknown, from: number, to: number, code: string][] = [
    [
      'a range ends beyond the bytes',
      { ...some, ranges: Uint32Array.of(0, 2, 2, 4) },
      0,
      2,
      'INVALID_MESSAGE',
    ],
    ['a range runs backwards', { ...some, ranges: Uint32Array.of(2, 0) }, 0, 1, 'INVALID_MESSAGE'],
    [
      'a key ends beyond its bytes',
      { ...some, keys: { bytes: Buffer.alloc(1), ranges: Uint32Array.of(0, 1, 0, 2) } },
      0,
      2,
      'INVALID_MESSAGE',
    ],
    ['more than there are', some, 0, 3, 'USAGE'],
    ['from beyond to', some, 2, 1, 'USAGE'],
    ['half a message', some, 0.5, 1, 'USAGE'],
    ['a negative one', [{ topic: 't', value: '' }], -1, 1, 'USAGE'],
    [
      'fewer keys than values',
      { ...some, keys: { bytes: Buffer.alloc(1), ranges: Uint32Array.of(0, 1) } },
      0,
      2,
      'USAGE',
    ],
    ['a message without value', [{ topic: 't' }], 0, 1, 'INVALID_MESSAGE'],
    ['half a surrogate pair', [{ topic: 't', value: '\ud800' }], 0, 1, 'INVALID_MESSAGE'],
  ]
  test.each(sad)('%s', (_why, offered, from, to, code) => {
    let thrown: unknown
    try {
      hasher.sum(offered as Framed, from, to)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(MillraceError)
    expect(thrown).toMatchObject({ code })
  })

  test('bytes that were detached are not there any more', () => {
    const own = new Uint8Array([1, 2, 3])
    structuredClone(own.buffer, { transfer: [own.buffer] })
    const frame: Framed = { topic: 't', bytes: own, ranges: Uint32Array.of(0, 3) }
    expect(() => hasher.sum(frame, 0, 1)).toThrow(MillraceError)
  })
})

test('a hash has sixteen digits', () => {
  expect(hashText(0x0123n)).toBe('0000000000000123')
  expect(hashText(-1n)).toBe('f'.repeat(16))
})

describe("the addon's functions, called amiss", () => {
  const ranges = Uint32Array.of(0, 1)
  const one = Uint8Array.of(1)
  const framed = binding.hashFramed as (...args: unknown[]) => unknown
  const packedSum = binding.hashPacked as (...args: unknown[]) => unknown
  const rows: readonly [why: string, call: () => unknown][] = [
    ['nothing', () => framed()],
    ['more than the ranges', () => framed(0, 2, one, ranges, null, null, null, null)],
    ['Int32 for Uint32', () => framed(0, 1, one, Int32Array.of(0, 1), null, null, null, null)],
    ['keys without bytes', () => framed(0, 1, one, ranges, null, ranges, null, null)],
    ['a key as text', () => framed(0, 1, one, ranges, null, null, 'key', null)],
    [
      'torn headers',
      () => framed(0, 1, one, ranges, null, null, null, Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0)),
    ],
    ['not a number', () => framed(Number.NaN, 1, one, ranges, null, null, null, null)],
    ['fields of none', () => packedSum(new Int32Array(10), 1, one)],
    ['a position beyond the arena', () => packedSum(Int32Array.of(0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0), 1, one)],
  ]
  test.each(rows)('%s', (_, call) => {
    expect(call).toThrow(TypeError)
  })
})
