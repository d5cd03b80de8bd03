import type { MessageBlock } from '../input/index.ts'
import { NO_BYTES } from '../types.ts'
import type { Burst } from './rate.ts'

/** Records of a block that are asked for together. */
export interface Slice {
  readonly count: number
  /** Of keys and values; 0 where nobody counts them. */
  readonly bytes: number
}

/** What comes next of a block, from record `from` on: as much as a burst allows, and one record at least. */
export function nextSlice(block: MessageBlock, from: number, { records, bytes: mostBytes }: Burst): Slice {
  const most = Math.min(records ?? block.count, block.count - from)
  if (mostBytes === undefined) return { count: most, bytes: 0 }
  let count = 0
  let bytes = 0
  while (count < most) {
    const size = sizeAt(block.ranges, from + count) + sizeAt(block.keys?.ranges, from + count)
    if (count > 0 && bytes + size > mostBytes) break
    bytes += size
    count++
  }
  return { count, bytes }
}

function sizeAt(ranges: Uint32Array | undefined, index: number): number {
  if (ranges === undefined) return 0
  const start = ranges[2 * index] as number
  return start === NO_BYTES ? 0 : (ranges[2 * index + 1] as number) - start
}
