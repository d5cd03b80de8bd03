import type { XXHashAPI } from 'xxhash-wasm'
import { type Binding, loadAddon } from '../engine/binding.ts'
import { misplaced, slice } from '../engine/message.ts'
import { FIELDS, HEADERS_AT, KEY_AT, Packer, VALUE_AT } from '../engine/packer.ts'
import { MillraceError } from '../errors.ts'
import type { Framed } from '../types.ts'
import type { Offering } from './offering.ts'

/**
 * What a receipt says of the records of a chunk: the sum, modulo 2^64, of each record's hash, in whatever order. A
 * record's hash is made of XXH64 of its value, its key, and name and value of each header, each seeded with the one before;
 * a null adds to the seed, so that it differs from no bytes. It tells accidents, not forgeries.
 */
export interface RecordHasher {
  /**
   * Of the messages `from` to `to` (exclusive). Sums may be added up, modulo 2^64.
   * @throws MillraceError INVALID_MESSAGE for a message that cannot be sent either; USAGE for messages that are not there
   */
  sum(offered: Offering, from: number, to: number): bigint
}

/** Sixteen digits, as receipts have it. */
export function hashText(sum: bigint): string {
  return BigInt.asUintN(64, sum).toString(16).padStart(16, '0')
}

/** By the addon where it can be loaded, otherwise in WebAssembly: the same sums, at a tenth of the speed. */
export async function recordHasher(): Promise<RecordHasher> {
  let binding: Binding
  try {
    binding = loadAddon().binding
  } catch {
    return wasmHasher()
  }
  return addonHasher(binding)
}

/** One call into the addon for many records. */
export function addonHasher(binding: Binding): RecordHasher {
  return new PackingHasher({
    framed({ bytes, ranges, keys = NO_KEYS }, { key, headers }, from, to) {
      const sum = binding.hashFramed(from, to, bytes, ranges, keys.bytes, keys.ranges, key, headers)
      if (typeof sum === 'bigint') return sum
      throw misplaced(sum)
    },
    packed: ({ fields, count, arena }) => binding.hashPacked(fields, count, arena),
  })
}

const NO_KEYS = { bytes: null, ranges: null } as const

export async function wasmHasher(): Promise<RecordHasher> {
  const hash = new WasmHash(await (await import('xxhash-wasm')).default())
  return new PackingHasher({
    framed({ bytes, ranges, keys }, { key, headers }, from, to) {
      let sum = 0n
      for (let index = from; index < to; index++) {
        const own = keys === undefined ? key : slice(keys.bytes, keys.ranges, index)
        sum += hash.record(slice(bytes, ranges, index), own, headers)
      }
      return sum
    },
    packed(packer) {
      let sum = 0n
      for (let index = 0; index < packer.count; index++) {
        const [value, key, headers] = [VALUE_AT, KEY_AT, HEADERS_AT].map(at => piece(packer, index, at))
        sum += hash.record(value ?? null, key ?? null, headers ?? null)
      }
      return sum
    },
  })
}

/** What all messages of a frame share, as bytes; headers as the packer writes them. */
interface Shared {
  readonly key: Uint8Array | null
  readonly headers: Uint8Array | null
}

interface Sums {
  framed(frame: Framed, shared: Shared, from: number, to: number): bigint
  packed(packer: Packer): bigint
}

const MOST_PACKED = 1000

/** Has messages packed as they are to be sent, so that what is hashed are the bytes that go out. */
class PackingHasher implements RecordHasher {
  readonly #sums: Sums
  readonly #packer = new Packer(MOST_PACKED, () => 0)

  constructor(sums: Sums) {
    this.#sums = sums
  }

  sum(offered: Offering, from: number, to: number): bigint {
    const isFrame = 'ranges' in offered
    checkSpan(from, to, isFrame ? messagesIn(offered) : offered.length)
    if (from === to) return 0n
    if (isFrame) return BigInt.asUintN(64, this.#sums.framed(offered, this.#shared(offered), from, to))
    const packer = this.#packer
    let sum = 0n
    packer.reset()
    for (let index = from; index < to; index++) {
      packer.add(offered[index] as (typeof offered)[number], index)
      if (!packer.full && index + 1 < to) continue
      sum += this.#sums.packed(packer)
      packer.reset()
    }
    return BigInt.asUintN(64, sum)
  }

  #shared({ key = null, headers }: Framed): Shared {
    if (key === null && (headers === undefined || headers === null)) return NOTHING_SHARED
    const packer = this.#packer
    packer.reset()
    packer.add({ topic: 'none', value: null, key, headers }, 0)
    return { key: piece(packer, 0, KEY_AT), headers: piece(packer, 0, HEADERS_AT) }
  }
}

const NOTHING_SHARED: Shared = { key: null, headers: null }

function messagesIn({ ranges, keys }: Framed): number {
  return Math.floor(Math.min(ranges.length, keys?.ranges.length ?? ranges.length) / 2)
}

function checkSpan(from: number, to: number, count: number): void {
  if (Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= count) return
  throw new MillraceError('USAGE', `There are no messages ${from} to ${to} among ${count}`)
}

/** Key, value or headers of a packed message; `at` is its first field, its size stands behind. */
function piece({ fields, arena }: Packer, index: number, at: number): Uint8Array | null {
  const base = index * FIELDS + at
  const from = fields[base] as number
  const size = fields[base + 1] as number
  return size < 0 ? null : arena.subarray(from, from + size)
}

const NONE = new Uint8Array(0)
const NULL = 0x9e37_79b9_7f4a_7c15n

/** A record's hash; the same in src/native/record_hash.h. */
class WasmHash {
  readonly #xxhash: XXHashAPI

  constructor(xxhash: XXHashAPI) {
    this.#xxhash = xxhash
  }

  record(value: Uint8Array | null, key: Uint8Array | null, headers: Uint8Array | null): bigint {
    let hash = this.#of(key, this.#of(value, 0n))
    if (headers === null) return hash
    const sizes = new DataView(headers.buffer, headers.byteOffset, headers.byteLength)
    for (let at = 0; at < headers.byteLength; ) {
      const name = at + 8
      const from = name + sizes.getInt32(at, true)
      const size = sizes.getInt32(at + 4, true)
      hash = this.#of(headers.subarray(name, from), hash)
      hash = this.#of(size < 0 ? null : headers.subarray(from, from + size), hash)
      at = from + Math.max(0, size)
    }
    return hash
  }

  #of(bytes: Uint8Array | null, seed: bigint): bigint {
    if (bytes === null) return this.#xxhash.h64Raw(NONE, BigInt.asUintN(64, seed + NULL))
    return this.#xxhash.h64Raw(bytes, seed)
  }
}
