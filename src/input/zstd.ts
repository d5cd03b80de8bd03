import * as zlib from 'node:zlib'
import { type Decoder, throughDecoder, unpackError } from './decoder.ts'
import type { ChunkRing } from './file.ts'
import type { Chunk } from './source.ts'
import { throughUnpacker, Unpacker } from './unpacker.ts'
import { type FramePiece, FrameWalker } from './zstd-frames.ts'

/** Node has a decoder of its own from 22.15 on. */
const createDecoder = (zlib as { createZstdDecompress?: (options: { chunkSize: number }) => Decoder })
  .createZstdDecompress

/**
 * A zstd stream's content, of all its frames, each checked against its checksum where it has one. `ahead`: chunks may be
 * asked for before they are needed.
 */
export async function* unzstd(
  name: string,
  chunks: AsyncIterable<Chunk>,
  ahead: boolean,
  ring?: ChunkRing,
): AsyncGenerator<Chunk, void, undefined> {
  const unpacker = Unpacker.open('zstd')
  if (unpacker === undefined) yield* unzstdWithoutAddon(name, chunks)
  else yield* throughUnpacker(unpacker, chunks, { name, packing: 'zstd', ahead, ring })
}

export function unzstdWithoutAddon(name: string, chunks: AsyncIterable<Chunk>): AsyncIterable<Chunk> {
  return createDecoder === undefined
    ? unzstdInJavaScript(name, chunks)
    : unzstdByNode(name, chunks, createDecoder)
}

/** Node's decoder stops after one frame, so each gets its own. */
async function* unzstdByNode(
  name: string,
  chunks: AsyncIterable<Chunk>,
  create: (options: { chunkSize: number }) => Decoder,
): AsyncGenerator<Chunk, void, undefined> {
  const pieces = framePieces(chunks)
  let byte = 0
  try {
    for (;;) {
      const { done, value: first } = await pieces.next()
      if (done === true) return
      for await (const chunk of throughDecoder(name, 'zstd', frameOf(first, pieces), create, byte)) {
        yield chunk
        byte += chunk.memory.length
      }
    }
  } catch (error) {
    throw unpackError(name, 'zstd', byte, error)
  } finally {
    await pieces.return()
  }
}

async function* framePieces(chunks: AsyncIterable<Chunk>): AsyncGenerator<FramePiece, void, undefined> {
  const walker = new FrameWalker()
  for await (const { memory, start } of chunks) yield* walker.pieces(memory.subarray(start))
  walker.end()
}

/** The rest of one frame; the pieces after it stay where they are. */
async function* frameOf(
  first: FramePiece,
  pieces: AsyncIterator<FramePiece, void, undefined>,
): AsyncGenerator<Chunk, void, undefined> {
  let { bytes, checksum } = first
  for (;;) {
    yield { memory: bytes, start: 0 }
    if (checksum !== undefined) return
    const { done, value } = await pieces.next()
    if (done === true) return
    bytes = value.bytes
    checksum = value.checksum
  }
}

/** For Nodes without a decoder. Runs on the thread of the caller. */
export async function* unzstdInJavaScript(
  name: string,
  chunks: AsyncIterable<Chunk>,
): AsyncGenerator<Chunk, void, undefined> {
  const { Decompress } = await import('fzstd')
  const { create64 } = await (await import('xxhash-wasm')).default()
  let given: Buffer[] = []
  const begin = () => ({ decoder: new Decompress(bytes => given.push(Buffer.from(bytes))), hash: create64() })
  let frame = begin()
  let byte = 0
  try {
    for await (const { bytes, checksum } of framePieces(chunks)) {
      const isLast = checksum !== undefined
      frame.decoder.push(bytes, isLast)
      for (const memory of given) frame.hash.update(memory)
      // the checksum is of all of the frame, whose last block alone is still here
      if (isLast && checksum !== null) verify(frame.hash.digest(), checksum)
      for (const memory of given) {
        if (memory.length > 0) yield { memory, start: 0 }
        byte += memory.length
      }
      given = []
      if (isLast) frame = begin()
    }
  } catch (error) {
    throw unpackError(name, 'zstd', byte, error)
  }
}

/** A frame's checksum is the lower half of the hash of its content. */
function verify(hash: bigint, checksum: number): void {
  if (Number(hash & 0xffff_ffffn) !== checksum) throw new Error('its checksum does not fit its content')
}
