import { accessSync, constants, type Stats, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { MillraceError } from '../errors.ts'
import { type ChunkRing, readFile } from './file.ts'
import { readStream } from './stream.ts'
import { isDirectory, isSocket, type Unreadable, unreadableError, whyUnreadable } from './unreadable.ts'
import { STANDARD_INPUT } from './wording.ts'

/**
 * Bytes that were read: `memory` from `start` on. What lies before `start` is free for whoever
 * gets the chunk: the beginning of a record that the chunk before cut through is put there, so
 * that only this beginning is copied. Nobody else holds or writes this memory.
 */
export interface Chunk {
  readonly memory: Buffer
  readonly start: number
}

/** Something to read once, from its beginning: a file, a part of one, or a stream. */
export interface Input {
  /** The path as it was given; `-` is standard input. */
  readonly name: string
  /** In bytes, as of `openInputs`; null where it cannot be known (pipes, standard input, devices). */
  readonly size: number | null
  /** When a file was last written to, as of `openInputs`. Absent: nobody looked. */
  readonly mtimeMs?: number | undefined
  /** Of a part of a file: the offset of its first byte. Absent: 0. */
  readonly start?: number | undefined
  /** Of a part of a file: how many lines stand before it. Reads all that stands there. Fails as reading does. */
  readonly linesBefore?: (() => Promise<number>) | undefined
  /**
   * The bytes in order, at most about 512 KiB a chunk. Opens when iteration begins; leaving the
   * iteration early closes the file (or destroys the stream). Memory does not grow with the size.
   * Throws INPUT_UNREADABLE with the byte reached, also for a file that became shorter meanwhile.
   * `ring`: may be read into, instead of memory of its own.
   */
  chunks(ring?: ChunkRing): AsyncIterable<Chunk>
}

function examine(path: string): Stats | Unreadable {
  try {
    const stats = statSync(path)
    if (stats.isDirectory()) return isDirectory(path)
    if (stats.isSocket()) return isSocket(path)
    // opening would be a surer test, but that of a pipe waits for its writer, and it takes twice as long with many files
    accessSync(path, constants.R_OK)
    return stats
  } catch (error) {
    return whyUnreadable(path, error)
  }
}

function examineAll(paths: readonly string[]): Map<string, Stats> {
  if (paths.filter(path => path === STANDARD_INPUT).length > 1) {
    throw new MillraceError('USAGE', 'standard input can be read only once, but - was given several times', {
      hint: 'Give - once; a file of that name is ./-',
      context: { inputs: paths },
    })
  }
  const found = new Map<string, Stats>()
  const problems: Unreadable[] = []
  for (const path of new Set(paths)) {
    if (path === STANDARD_INPUT) continue
    const result = examine(path)
    if ('reason' in result) problems.push(result)
    else found.set(path, result)
  }
  if (problems.length > 0) throw unreadableError(problems)
  return found
}

/**
 * Sees that every path can be read, before anything is. Throws one INPUT_UNREADABLE for all that
 * cannot (`context.problems` has each), or USAGE where standard input is given twice.
 */
export function checkInputs(paths: readonly string[]): void {
  examineAll(paths)
}

/**
 * Inputs in the order of the paths; no path at all, or `-`, is standard input. Checks all of them
 * as `checkInputs` does, but keeps none open and reads nothing yet.
 */
export function openInputs(paths: readonly string[], { stdin }: { readonly stdin: Readable }): Input[] {
  const all = paths.length === 0 ? [STANDARD_INPUT] : paths
  const found = examineAll(all)
  return all.map(name => {
    const stats = found.get(name)
    if (stats === undefined) return { name, size: null, chunks: () => readStream(name, stdin) }
    const size = stats.isFile() ? stats.size : null
    return { name, size, mtimeMs: stats.mtimeMs, chunks: ring => readFile(name, size, {}, ring) }
  })
}
