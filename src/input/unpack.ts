import type { ChunkRing } from './file.ts'
import { gunzip } from './gzip.ts'
import type { Chunk, Input } from './source.ts'
import { STANDARD_INPUT } from './wording.ts'
import { unzstd } from './zstd.ts'

/** How an input is unpacked. `auto`: by its name, standard input by its first bytes. */
export const decompressions = ['auto', 'none', 'gzip', 'zstd'] as const

export type Decompression = (typeof decompressions)[number]

type Packing = Exclude<Decompression, 'auto'>

const endings = { '.gz': 'gzip', '.zst': 'zstd' } as const

/** The beginnings of packed streams. */
const GZIP = Buffer.from([0x1f, 0x8b, 0x08])
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
const MAGIC_BYTES = 4

/** The name without the ending that says how it is packed, and that packing. */
export function packingOf(name: string): {
  readonly name: string
  readonly packing: 'none' | 'gzip' | 'zstd'
} {
  const ending = /\.(?:gz|zst)$/i.exec(name)?.[0] ?? ''
  const packing = endings[ending.toLowerCase() as keyof typeof endings] ?? 'none'
  return { name: name.slice(0, name.length - ending.length), packing }
}

/** Whether an input is to be unpacked, as far as its name and the options tell: of standard input its first bytes would. */
export function isPacked(name: string, asked: Decompression = 'auto'): boolean {
  return (asked === 'auto' ? packingOf(name).packing : asked) !== 'none'
}

/**
 * The bytes of an input once they are unpacked, several members or frames one after the other. Throws
 * INPUT_UNREADABLE with the byte reached (of what was unpacked) for a stream that is damaged or cut off,
 * after all before it was given out. `ring`: may be read, or unpacked, into.
 */
export function unpacked(
  input: Input,
  asked: Decompression = 'auto',
  ring?: ChunkRing,
): AsyncIterable<Chunk> {
  const { name, size } = input
  if (asked === 'auto' && name === STANDARD_INPUT) return sniffed(name, input.chunks())
  const packing = asked === 'auto' ? packingOf(name).packing : asked
  return packing === 'none'
    ? input.chunks(ring)
    : unpackAs(packing, name, input.chunks(), size !== null, ring)
}

/** @param ahead whether chunks may be asked for before they are needed: of what cannot make one wait, as a file */
export function unpackAs(
  packing: Packing,
  name: string,
  chunks: AsyncIterable<Chunk>,
  ahead: boolean,
  ring?: ChunkRing,
): AsyncIterable<Chunk> {
  if (packing === 'gzip') return gunzip(name, chunks, ahead, ring)
  return packing === 'zstd' ? unzstd(name, chunks, ahead, ring) : chunks
}

async function* sniffed(name: string, chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk, void, undefined> {
  const rest = chunks[Symbol.asyncIterator]()
  const held: Chunk[] = []
  try {
    let head = Buffer.alloc(0)
    // no more is waited for than it takes to tell
    while (head.length < MAGIC_BYTES && mayBePacked(head)) {
      const { done, value } = await rest.next()
      if (done === true) break
      held.push(value)
      head = Buffer.concat([head, value.memory.subarray(value.start)])
    }
    yield* unpackAs(packingByMagic(head), name, again(held, rest), false)
  } finally {
    await rest.return?.()
  }
}

async function* again(held: Chunk[], rest: AsyncIterator<Chunk>): AsyncGenerator<Chunk, void, undefined> {
  yield* held
  held.length = 0
  for (;;) {
    const { done, value } = await rest.next()
    if (done === true) return
    yield value
  }
}

function mayBePacked(head: Buffer): boolean {
  return [GZIP, ZSTD].some(magic => {
    const length = Math.min(head.length, magic.length)
    return head.subarray(0, length).equals(magic.subarray(0, length))
  })
}

function packingByMagic(head: Buffer): Packing {
  if (head.subarray(0, GZIP.length).equals(GZIP)) return 'gzip'
  return head.subarray(0, ZSTD.length).equals(ZSTD) ? 'zstd' : 'none'
}
