import type { Header } from '../types.ts'

/**
 * Framed records of one input: no object per record.
 *
 * The blocks of an input tile it: each consumed what lies between the `endByte` of the one before
 * (0 for the first) and its own, and the last one's `endByte` is the input's length. A block may
 * have no records, where everything that it consumed was blank or bad.
 */
export interface RecordBlock {
  /** The input's name; `-` is standard input. */
  readonly input: string
  /** Belongs to the blocks made from it alone: the reader never writes to it again. */
  readonly bytes: Buffer
  /** Start and end (exclusive) of each record in `bytes`; exactly two numbers a record. */
  readonly ranges: Uint32Array
  readonly count: number
  /**
   * The line, from 1, at which the block begins. A line is whatever the input's delimiter ends; in formats
   * without lines, a record.
   */
  readonly firstLine: number
  /** What is counted so; absent: lines. */
  readonly unit?: 'line' | 'record' | undefined
  /** Lines between `firstLine` and each record, where records are not consecutive lines. */
  readonly lineOffsets: Uint32Array | undefined
  /** How many blank lines were skipped. */
  readonly blank: number
  /** Blank lines of the block before each record, where any was skipped. */
  readonly blanksBefore: Uint32Array | undefined
  /** Offset of `bytes[0]` in the input. */
  readonly startByte: number
  /** Offset in the input after the last byte that this block consumed. */
  readonly endByte: number
  /** The input ended inside its last record. */
  readonly endless?: boolean | undefined
  /** Of several inputs, the blocks that this one was joined of, in their order: only `originOf` tells where a record stands. */
  readonly joined?: readonly RecordBlock[] | undefined
}

/** Values and keys as `Framed` takes them, and the records that they came from, index by index. */
export interface MessageBlock {
  readonly bytes: Buffer
  readonly ranges: Uint32Array
  readonly keys: { readonly bytes: Buffer; readonly ranges: Uint32Array } | undefined
  /** What the records themselves say of their messages, index by index; absent: nothing. */
  readonly details?: readonly MessageDetails[] | undefined
  readonly count: number
  readonly records: RecordBlock
}

/** What a record says of its message beside key and value. Absent: nothing. */
export interface MessageDetails {
  readonly topic?: string | undefined
  readonly partition?: number | undefined
  /** Milliseconds since the epoch, greater than 0. */
  readonly timestamp?: number | undefined
  readonly headers?: readonly Header[] | undefined
}

/** Where a record stands. */
export function originOf(
  block: RecordBlock,
  index: number,
): { readonly input: string; readonly line: number; readonly byte: number } {
  let own = index
  for (const part of block.joined ?? []) {
    if (own < part.count) return originOf(part, own)
    own -= part.count
  }
  return { input: block.input, line: lineOf(block, own), byte: byteOf(block, own) }
}

/** The line number, from 1, of a record. */
export function lineOf(block: RecordBlock, index: number): number {
  return block.firstLine + (block.lineOffsets === undefined ? index : block.lineOffsets[index]!)
}

/** The offset in the input of a record's first byte. */
export function byteOf(block: RecordBlock, index: number): number {
  return block.startByte + block.ranges[2 * index]!
}

/**
 * Where reading can begin again with record `index`: all before it was consumed. Of the first record, where the block
 * begins.
 */
export function borderBefore(block: RecordBlock, index: number): number {
  if (index === block.count) return block.endByte
  if (index === 0) return block.startByte
  // what stands before a record's own bytes, such as its length, belongs to it
  return block.unit === 'record' ? block.startByte + block.ranges[2 * index - 1]! : byteOf(block, index)
}

/** Blank lines of the block before that border. */
export function blanksUpTo(block: RecordBlock, index: number): number {
  if (index === block.count) return block.blank
  if (index === 0) return 0
  return block.blanksBefore?.[block.unit === 'record' ? index - 1 : index] ?? 0
}

/** The block as if the input had ended before record `index`; for blocks from which none was dropped. */
export function takeRecords(block: RecordBlock, index: number): RecordBlock {
  return {
    ...block,
    ranges: block.ranges.slice(0, 2 * index),
    count: index,
    lineOffsets: block.lineOffsets?.slice(0, index),
    blank: block.blanksBefore?.[index] ?? 0,
    blanksBefore: block.blanksBefore?.slice(0, index),
    endByte: byteOf(block, index),
  }
}

/** The block without the records at `dropped`, which are in rising order. What it consumed stays. */
export function dropRecords(block: RecordBlock, dropped: readonly number[]): RecordBlock {
  if (dropped.length === 0) return block
  const count = block.count - dropped.length
  const ranges = new Uint32Array(2 * count)
  const lineOffsets = new Uint32Array(count)
  const blanksBefore = block.blanksBefore === undefined ? undefined : new Uint32Array(count)
  let kept = 0
  let next = 0
  for (let index = 0; index < block.count; index++) {
    if (dropped[next] === index) {
      next++
      continue
    }
    ranges[2 * kept] = block.ranges[2 * index]!
    ranges[2 * kept + 1] = block.ranges[2 * index + 1]!
    lineOffsets[kept] = lineOf(block, index) - block.firstLine
    if (blanksBefore !== undefined) blanksBefore[kept] = block.blanksBefore![index]!
    kept++
  }
  return { ...block, ranges, count, lineOffsets, blanksBefore }
}
