import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, MillraceError } from '../errors.ts'
import { parseDelimiter } from '../input/delimiter.ts'
import { seeded } from './random.ts'
import type { TrialSpec } from './trial.ts'

/** Payloads that were made before the clock runs, to be sent round and round. */
export interface Ring {
  /** All of them, one behind the other. */
  readonly bytes: Buffer
  /** Start and end (exclusive) of each in `bytes`. */
  readonly ranges: Uint32Array
  readonly meanBytes: number
}

type PayloadSpec = Pick<TrialSpec, 'payloadFile' | 'payloadDelimiter' | 'payloadDigest' | 'cell' | 'seed'>

/**
 * The payloads that a trial asks for.
 * @throws MillraceError as `ringFromFile`; INPUT_UNREADABLE where the file is not any more what it was
 */
export function ringOf({ payloadFile, payloadDelimiter, payloadDigest, cell, seed }: PayloadSpec): Ring {
  if (payloadFile === undefined) return randomRing(cell.messageSize, seed)
  const ring = ringFromFile(payloadFile, payloadDelimiter)
  if (payloadDigest !== undefined && digestOf(ring) !== payloadDigest) {
    throw new MillraceError('INPUT_UNREADABLE', `--payload-file ${payloadFile} was changed during the run`, {
      hint: 'Trials of a row want the same payloads',
    })
  }
  return ring
}

const DIGEST_DIGITS = 16

/** The same for the same payloads in the same order, wherever they come from. */
export function digestOf({ bytes }: Ring): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, DIGEST_DIGITS)
}

const RING_BYTES = 64 * 1024 * 1024
const MOST = 16_384
const FEWEST = 4

/**
 * Random bytes, which do not compress: payloads of exactly `size` bytes, no two alike. There are 16,384,
 * or as many as 64 MiB hold (but 4), or as many as can differ.
 */
export function randomRing(size: number, seed: number): Ring {
  const differing = size < 4 ? 256 ** size : MOST
  const count = Math.min(MOST, differing, Math.max(FEWEST, Math.floor(RING_BYTES / size)))
  // one word more: memory of whole pages would be copied (engine/borrow.ts)
  const words = new Uint32Array(Math.ceil((count * size) / 4) + 1)
  const random = seeded(seed)
  for (let at = 0; at < words.length; at++) words[at] = random()
  const bytes = Buffer.from(words.buffer, 0, count * size)
  const ranges = new Uint32Array(2 * count)
  for (let index = 0; index < count; index++) {
    ranges[2 * index] = index * size
    ranges[2 * index + 1] = (index + 1) * size
    mark(bytes, index * size, size, index)
  }
  return { bytes, ranges, meanBytes: size }
}

/** Makes a payload differ from all others: an odd factor permutes the numbers of that many bytes. */
function mark(bytes: Buffer, at: number, size: number, index: number): void {
  const mixed = Math.imul(index, 0x9e3779b1) >>> 0
  for (let byte = 0; byte < Math.min(4, size); byte++) bytes[at + byte] = (mixed >>> (8 * byte)) & 0xff
}

/**
 * One payload before each delimiter (default: a line), as the file has them; up to 64 MiB of it.
 * @throws MillraceError INPUT_UNREADABLE; USAGE when there is none in it, or for what is no delimiter
 */
export function ringFromFile(path: string, delimiter = '\\n'): Ring {
  const ending = parseDelimiter(delimiter)
  let file: Buffer
  try {
    file = readFileSync(path)
  } catch (cause) {
    throw new MillraceError('INPUT_UNREADABLE', `--payload-file ${path}: ${describe(cause)}`, { cause })
  }
  const bytes = file.subarray(0, RING_BYTES)
  const ends: number[] = []
  let start = 0
  let size = 0
  while (start < bytes.length) {
    const found = bytes.indexOf(ending, start)
    // what the 64 MiB cut through is no payload
    if (found === -1 && file.length > bytes.length) break
    const end = found === -1 ? bytes.length : found
    ends.push(start, end)
    size += end - start
    start = end + ending.length
  }
  if (ends.length === 0) {
    throw new MillraceError('USAGE', `--payload-file ${path} holds no payload`, {
      hint: delimiter === '\\n' ? 'Each line is one' : `Each ends with ${delimiter}`,
    })
  }
  return { bytes, ranges: Uint32Array.from(ends), meanBytes: size / (ends.length / 2) }
}
