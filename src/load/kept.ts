import type { ChunkRing, MessageBlock } from '../input/index.ts'
import type { Header } from '../types.ts'

/** A smaller block would hold much more memory than is its own. */
const WORTH_HOLDING = 128 * 1024

/**
 * The block, with its bytes kept until it has ended, for a message of it may have to be offered again: held in the ring
 * that they were read into, or copied where they are few.
 */
export function kept(block: MessageBlock, ring: ChunkRing): MessageBlock {
  if (block.bytes.length >= WORTH_HOLDING || !ring.owns(block.bytes)) return block
  const bytes = Buffer.from(block.bytes)
  const { keys, details } = block
  return {
    ...block,
    bytes,
    keys:
      keys === undefined
        ? undefined
        : { ...keys, bytes: keys.bytes === block.bytes ? bytes : Buffer.from(keys.bytes) },
    details: details?.map(own =>
      own.headers === undefined ? own : { ...own, headers: own.headers.map(copied) },
    ),
  }
}

function copied([name, value]: Header): Header {
  return [name, value === null ? null : Buffer.from(value as Uint8Array)]
}
