import { type FileHandle, open } from 'node:fs/promises'
import xxhash, { type XXHashAPI } from 'xxhash-wasm'
import { hashFiles, type Input } from '../../input/index.ts'
import { brokenError, whyUnreadable } from '../../input/unreadable.ts'

const PIECE = 16 * 1024
/** Apart from each other by the same distance; the first begins the file, the last ends it. */
const PIECES = 10

/** Compiled once: that takes longer than hashing a small file. */
let compiled: Promise<XXHashAPI> | undefined

/**
 * A hash of a file's size and of pieces of its content, all of it where that is less than 160 KiB: another file has
 * another one, and so has one that was cut, appended to or written anew. 16 hex digits.
 * @throws MillraceError INPUT_UNREADABLE
 */
export async function sampleOf(path: string, size: number): Promise<string> {
  compiled ??= xxhash()
  const { create64 } = await compiled
  const hash = create64()
  hash.update(String(size))
  try {
    const file = await open(path, 'r')
    try {
      if (size <= PIECE * PIECES) hash.update(await piece(file, 0, size))
      else {
        for (let index = 0; index < PIECES; index++) {
          const at = Math.floor(((size - PIECE) / (PIECES - 1)) * index)
          hash.update(await piece(file, at, PIECE))
        }
      }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw brokenError(whyUnreadable(path, error), 0, error)
  }
  return textOf(hash.digest())
}

/** The same for many small inputs at a time, as far as that can be; the others are to be looked at one by one. */
export async function samplesOf(inputs: readonly Input[]): Promise<ReadonlyMap<Input, string>> {
  const samples = new Map<Input, string>()
  const jobs: (readonly (Input & { size: number })[])[] = []
  const small = inputs.filter(isSmall)
  for (let from = 0; from < small.length; from += FILES_A_JOB)
    jobs.push(small.slice(from, from + FILES_A_JOB))
  const left = jobs.values()
  const work = async () => {
    for (const files of left) {
      const hashes = (await hashFiles(files)) ?? []
      for (const [index, hash] of hashes.entries()) {
        if (hash !== null) samples.set(files[index] as Input, textOf(hash))
      }
    }
  }
  await Promise.all(Array.from({ length: JOBS_AT_A_TIME }, work))
  return samples
}

const FILES_A_JOB = 64
/** Half of libuv's pool: the calls of others go on. */
const JOBS_AT_A_TIME = 2

function isSmall(input: Input): input is Input & { size: number } {
  return input.size !== null && input.size <= PIECE * PIECES
}

function textOf(hash: bigint): string {
  return hash.toString(16).padStart(16, '0')
}

async function piece(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  let read = 0
  while (read < length) {
    const { bytesRead } = await file.read(bytes, read, length - read, position + read)
    if (bytesRead === 0) break
    read += bytesRead
  }
  return bytes.subarray(0, read)
}
