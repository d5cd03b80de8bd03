import { createGunzip } from 'node:zlib'
import { throughDecoder } from './decoder.ts'
import type { Chunk } from './source.ts'

/** A gzip stream's content, of all its members. Zeros after the last are padding; anything else is damage. */
export function gunzip(name: string, chunks: AsyncIterable<Chunk>): AsyncIterable<Chunk> {
  return throughDecoder(name, 'gzip', chunks, options => createGunzip(options))
}
