import type { Readable } from 'node:stream'
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
    for await (const piece of stream as AsyncIterable<Buffer | string>) {
      const memory = typeof piece === 'string' ? Buffer.from(piece) : piece
      if (memory.length === 0) continue
      yield { memory, start: 0 }
      byte += memory.length
    }
  } catch (error) {
    const hint = 'See why the program that writes to it failed, and run again'
    throw brokenError({ input: name, reason: describe(error), hint }, byte, error)
  }
}
