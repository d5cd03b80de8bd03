import { NO_BYTES } from '../types.ts'
import type { MessageBlock } from './block.ts'

/** The messages of several blocks as one, which `bytes` has to hold all of. Undefined where it does not, or they say more. */
export function joined(blocks: readonly MessageBlock[], bytes: Buffer): MessageBlock | undefined {
  const full = blocks.filter(({ count }) => count > 0)
  const isKeyed = full.some(({ keys }) => keys !== undefined)
  const fits = full.every(
    ({ bytes: own, keys, details }) =>
      own.buffer === bytes.buffer &&
      details === undefined &&
      (keys !== undefined) === isKeyed &&
      (keys === undefined || keys.bytes.buffer === bytes.buffer),
  )
  if (!fits) return undefined
  const count = full.reduce((sum, block) => sum + block.count, 0)
  const values = new Uint32Array(2 * count)
  const keys = isKeyed ? new Uint32Array(2 * count) : undefined
  let at = 0
  for (const block of full) {
    shift(block.ranges, block.bytes, bytes, values, at)
    if (keys !== undefined && block.keys !== undefined)
      shift(block.keys.ranges, block.keys.bytes, bytes, keys, at)
    at += 2 * block.count
  }
  const records = {
    input: blocks[0]?.records.input ?? '',
    bytes,
    ranges: values,
    count,
    firstLine: 1,
    lineOffsets: undefined,
    blank: blocks.reduce((sum, block) => sum + block.records.blank, 0),
    blanksBefore: undefined,
    startByte: 0,
    endByte: bytes.length,
    joined: full.map(block => block.records),
  }
  return {
    bytes,
    ranges: values,
    keys: keys === undefined ? undefined : { bytes, ranges: keys },
    count,
    records,
  }
}

/** Ranges within a piece of the bytes, as ranges within them all. */
function shift(ranges: Uint32Array, piece: Buffer, bytes: Buffer, to: Uint32Array, at: number): void {
  const by = piece.byteOffset - bytes.byteOffset
  for (let index = 0; index < ranges.length; index += 2) {
    const start = ranges[index] as number
    const isNull = start === NO_BYTES
    to[at + index] = isNull ? NO_BYTES : start + by
    to[at + index + 1] = isNull ? (ranges[index + 1] as number) : (ranges[index + 1] as number) + by
  }
}
