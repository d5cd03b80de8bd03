import type { MessageBlock, RecordBlock } from '../../src/input/block.ts'
import type { Chunk, Input } from '../../src/input/source.ts'
import { NO_BYTES } from '../../src/types.ts'

/** The bytes cut after each of `lengths` (and once more at the end), each piece with `headroom` free bytes before it. */
export function cut(bytes: Buffer, lengths: readonly number[], headroom = 0): Chunk[] {
  const chunks: Chunk[] = []
  let from = 0
  for (const length of [...lengths, bytes.length]) {
    const piece = bytes.subarray(from, from + length)
    if (piece.length === 0) continue
    from += piece.length
    chunks.push({ memory: Buffer.concat([Buffer.alloc(headroom, '#'), piece]), start: headroom })
  }
  return chunks
}

export async function* iterate<T>(items: Iterable<T>): AsyncGenerator<T, void, undefined> {
  yield* items
}

export function inputOf(content: string | Buffer, name = 'data.txt', lengths: readonly number[] = []): Input {
  const bytes = Buffer.from(content)
  return { name, size: bytes.length, chunks: () => iterate(cut(bytes, lengths)) }
}

/** All that was given out before the end or the error. */
export async function drain<T>(items: AsyncIterable<T>): Promise<{ given: T[]; error: unknown }> {
  const given: T[] = []
  try {
    for await (const item of items) given.push(item)
  } catch (error) {
    return { given, error }
  }
  return { given, error: undefined }
}

/** The byte strings that the ranges stand for, as latin1 so that every byte shows. */
export function slices(bytes: Buffer, ranges: Uint32Array): (string | null)[] {
  const found: (string | null)[] = []
  for (let at = 0; at < ranges.length; at += 2) {
    found.push(ranges[at] === NO_BYTES ? null : bytes.toString('latin1', ranges[at], ranges[at + 1]))
  }
  return found
}

export function recordsOf(blocks: readonly RecordBlock[]): (string | null)[] {
  return blocks.flatMap(block => slices(block.bytes, block.ranges))
}

export function valuesOf(blocks: readonly MessageBlock[]): (string | null)[] {
  return blocks.flatMap(block => slices(block.bytes, block.ranges))
}

export function keysOf(blocks: readonly MessageBlock[]): (string | null)[] {
  return blocks.flatMap(({ keys }) => (keys === undefined ? [] : slices(keys.bytes, keys.ranges)))
}
