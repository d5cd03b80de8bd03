import { createGunzip } from 'node:zlib'
import { throughDecoder } from './decoder.ts'
import type { ChunkRing } from './file.ts'
import type { Chunk } from './source.ts'
import { throughUnpacker, Unpacker } from './unpacker.ts'

/**
 * A gzip stream's content, of all its members. Zeros after the last are padding; anything else is damage. `ahead`: chunks
 * may be asked for before they are needed.
 */
export async function* gunzip(
  name: string,
  chunks: AsyncIterable<Chunk>,
  ahead: boolean,
  ring?: ChunkRing,
): AsyncGenerator<Chunk, void, undefined> {
  const unpacker = Unpacker.open('gzip')
  if (unpacker === undefined) yield* gunzipByNode(name, chunks)
  else yield* throughUnpacker(unpacker, chunks, { name, packing: 'gzip', ahead, ring })
}

/** Where there is no addon: a third of the speed, and up to a chunk of the decoder's before damage is lost. */
export function gunzipByNode(name: string, chunks: AsyncIterable<Chunk>): AsyncIterable<Chunk> {
  return throughDecoder(name, 'gzip', chunks, options => createGunzip(options))
}
