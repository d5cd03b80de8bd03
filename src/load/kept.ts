import type { ChunkRing, MessageBlock } from '../input/index.ts'
import type { Header } from '../types.ts'

/** A smaller block would hold much more memory than is its own. */
const WORTH_HOLDING = 128 * 1024

/** A block whose messages may have to be looked at until they have ended. */
export interface Kept {
  readonly block: MessageBlock
  /** What is to be held of the ring until then; absent: nothing of the block lies in it. */
  readonly memory: Buffer | undefined
}

/**
 * The block, with all that its messages are made of kept until they have ended, for one may have to be offered again, and
 * each is told of to a receipt then: held in the ring that it was read into, or copied where that is little. What was taken
 * out of the records as it stands, keys for instance, lies there even where the values have memory of their own.
 */
export function kept(block: MessageBlock, ring: ChunkRing): Kept {
  const { bytes: read } = block.records
  if (!ring.owns(read) || !liesIn(read, block)) return { block, memory: undefined }
  if (read.length >= WORTH_HOLDING) return { block, memory: read }
  const { keys, details } = block
  const own = Buffer.from(read)
  const moved = (bytes: Buffer) => (bytes.buffer === read.buffer ? within(own, read, bytes) : bytes)
  const copy = {
    ...block,
    bytes: moved(block.bytes),
    keys: keys === undefined ? undefined : { ...keys, bytes: moved(keys.bytes) },
    details: details?.map(one =>
      one.headers === undefined ? one : { ...one, headers: one.headers.map(copied) },
    ),
  }
  return { block: copy, memory: undefined }
}

/** Whether anything of the messages lies where the records were read to. */
function liesIn({ buffer }: Buffer, { bytes, keys, details }: MessageBlock): boolean {
  return bytes.buffer === buffer || keys?.bytes.buffer === buffer || details !== undefined
}

/** The bytes of a copy that `bytes` are of what was copied. */
function within(copy: Buffer, { byteOffset }: Buffer, bytes: Buffer): Buffer {
  const start = bytes.byteOffset - byteOffset
  return copy.subarray(start, start + bytes.length)
}

function copied([name, value]: Header): Header {
  return [name, value === null ? null : Buffer.from(value as Uint8Array)]
}
