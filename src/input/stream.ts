import type { Readable } from 'node:stream'
import { isUint8Array } from 'node:util/types'
import { describe } from '../errors.ts'
import type { Chunk } from './source.ts'
import { brokenError } from './unreadable.ts'

/**
 * The bytes of a stream as they come, nothing held back, so that a slow one is handed on at once.
 * The stream is paused while nobody asks, and destroyed when the iteration is left early.
 */
export async function* readStream(name: string, stream: Readable): AsyncGenerator<Chunk, void, undefined> {
  let byte = 0
  try {
    for await (const piece of stream as AsyncIterable<unknown>) {
      const memory = bufferOf(piece)
      if (memory.length === 0) continue
      yield { memory, start: 0 }
      byte += memory.length
    }
  } catch (error) {
    const hint = 'See why the program that writes to it failed, and run again'
    throw brokenError({ input: name, reason: describe(error), hint }, byte, error)
  }
}

function bufferOf(piece: unknown): Buffer {
  if (Buffer.isBuffer(piece)) return piece
  if (typeof piece === 'string') return Buffer.from(piece)
  if (isUint8Array(piece)) return Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
  throw new Error(
    `it gave ${piece !== null && typeof piece === 'object' ? 'an object' : typeof piece} instead of bytes`,
  )
}
