import { MillraceError } from '../errors.ts'
import { byteOf, dropRecords, lineOf, type MessageBlock, type RecordBlock, takeRecords } from './block.ts'
import { excerpt, inputInWords } from './wording.ts'

/** How much of a bad record is kept. */
export const MAX_BAD_BYTES = 1024 * 1024

/** A record that cannot be made into a message. */
export interface BadRecord {
  readonly input: string
  /** From 1; in formats without lines, the number of the record. */
  readonly line: number
  /** Offset of its first byte in the input. */
  readonly byte: number
  /** Its length in bytes; of an over-long one that stopped the reading, what had been read of it. */
  readonly length: number
  /** A BAD_RECORD that says where and why. */
  readonly error: MillraceError
  /** The record as it stands in the input, the first MiB at most. */
  readonly bytes: Buffer
  /** The input ended inside of it: nobody can know what else it has swallowed, so there is no going on behind it. */
  readonly endless: boolean
}

/**
 * What happens at a bad record. `stop`: the good records before it are still given out, then its
 * error is thrown. A function: it is told of the record, and reading goes on without it.
 */
export type OnBad = 'stop' | ((bad: BadRecord) => void)

/** What became of one block of records. */
export interface Extracted {
  /** The messages of the good records; where it was stopped, of those before the bad one. */
  readonly block: MessageBlock
  /** The bad record at which reading is to stop. */
  readonly stopped: BadRecord | undefined
}

export interface Problem {
  /** Completes "line 7 of data.txt (byte 120) …". */
  readonly what: string
  readonly hint: string
  /** Where in the block's bytes the trouble is, for the excerpt; the record's start if left out. */
  readonly at?: number
  /** See BadRecord. */
  readonly endless?: boolean | undefined
}

export interface Place {
  readonly input: string
  readonly line: number
  readonly byte: number
  readonly length: number
  /** What `line` counts; default: lines. */
  readonly unit?: 'line' | 'record' | undefined
  /** See BadRecord. */
  readonly endless?: boolean | undefined
}

/** A bad record out of where it stands, what is wrong, and its own bytes (already bounded). */
export function badRecord(place: Place, what: string, hint: string, bytes: Buffer, shown: string): BadRecord {
  const { input, line, byte, length, unit = 'line', endless = false } = place
  const message = `${unit} ${line} of ${inputInWords(input)} (byte ${byte}) ${what}: ${shown}`
  const error = new MillraceError('BAD_RECORD', message, {
    hint,
    context: { input, unit, line, byte, length, what, excerpt: shown },
  })
  return { input, line, byte, length, error, bytes, endless }
}

/**
 * The BAD_RECORD of a part of an input, told by its line in the whole: `before` lines stand in front of the part.
 * Null: they could not be counted, and the record is told by its byte alone.
 */
export function inWhole(error: MillraceError, before: number | null): MillraceError {
  const { input, unit, line, byte, what, excerpt: shown } = error.context
  const name = inputInWords(String(input))
  const place =
    before === null
      ? `the ${unit} of ${name} at byte ${byte}`
      : `${unit} ${before + Number(line)} of ${name} (byte ${byte})`
  return new MillraceError('BAD_RECORD', `${place} ${what}: ${shown}`, {
    hint: error.hint,
    context: { ...error.context, line: before === null ? null : before + Number(line) },
  })
}

/** A record of a block as a bad one. */
export function badRecordOf(
  block: RecordBlock,
  index: number,
  { what, hint, at, endless }: Problem,
): BadRecord {
  const { bytes, ranges, input, unit } = block
  const start = ranges[2 * index]!
  const end = ranges[2 * index + 1]!
  return badRecord(
    { input, line: lineOf(block, index), byte: byteOf(block, index), length: end - start, unit, endless },
    what,
    hint,
    bytes.subarray(start, Math.min(end, start + MAX_BAD_BYTES)),
    start === end ? '(empty)' : excerpt(bytes, start, end, at),
  )
}

/** Sorts the bad records out of one block, and knows which of the block remain. */
export class Sieve {
  readonly #block: RecordBlock
  readonly #onBad: OnBad
  readonly #dropped: number[] = []
  #stoppedAt: number | undefined
  /** The record at which reading is to stop. */
  stopped: BadRecord | undefined

  constructor(block: RecordBlock, onBad: OnBad) {
    this.#block = block
    this.#onBad = onBad
  }

  /** Takes a record out; false: look at no further one. */
  reject(index: number, problem: Problem): boolean {
    const { count, endless = false } = this.#block
    const bad = badRecordOf(this.#block, index, { ...problem, endless: endless && index === count - 1 })
    if (this.#onBad === 'stop') {
      this.#stoppedAt = index
      this.stopped = bad
      return false
    }
    this.#dropped.push(index)
    this.#onBad(bad)
    return true
  }

  /** What is left of the block. */
  records(): RecordBlock {
    return this.#stoppedAt === undefined
      ? dropRecords(this.#block, this.#dropped)
      : takeRecords(this.#block, this.#stoppedAt)
  }
}
