import { NO_BYTES } from '../types.ts'
import type { Extracted } from './bad.ts'

/** The messages with null for each value that is just `text`. */
export function nullValues({ block, stopped }: Extracted, text: Buffer): Extracted {
  const { bytes, ranges } = block
  let own: Uint32Array | undefined
  for (let at = 0; at < ranges.length; at += 2) {
    const start = ranges[at]!
    if (ranges[at + 1]! - start !== text.length) continue
    if (text.compare(bytes, start, start + text.length) !== 0) continue
    // the records keep theirs
    own ??= ranges.slice()
    own[at] = NO_BYTES
    own[at + 1] = NO_BYTES
  }
  return own === undefined ? { block, stopped } : { block: { ...block, ranges: own }, stopped }
}
