import type { MessageBlock } from '../input/index.ts'
import { NO_BYTES } from '../types.ts'

/** Records that are asked for together. */
export interface Slice {
  readonly count: number
  /** Of keys and values; 0 where nobody counts them. */
  readonly bytes: number
}

/** Bytes of key and value of a block's message. */
export function sizeAt({ ranges, keys }: MessageBlock, index: number): number {
  return length(ranges, index) + length(keys?.ranges, index)
}

function length(ranges: Uint32Array | undefined, index: number): number {
  if (ranges === undefined) return 0
  const start = ranges[2 * index] as number
  return start === NO_BYTES ? 0 : (ranges[2 * index + 1] as number) - start
}
