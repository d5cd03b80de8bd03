import { isUint8Array, isUint32Array } from 'node:util/types'
import { MillraceError } from '../errors.ts'
import { type Framed, NO_BYTES } from '../types.ts'

export function isFramed(item: unknown): item is Framed {
  return typeof item === 'object' && item !== null && 'ranges' in item && 'bytes' in item
}

/**
 * The number of messages in a frame.
 * @throws MillraceError INVALID_MESSAGE when its ranges do not fit its bytes
 */
export function checkFramed({ bytes, ranges, keys, key }: Framed): number {
  if (!isUint8Array(bytes)) throw invalidFrame('`bytes` is no Uint8Array')
  checkRanges('ranges', bytes, ranges)
  if (keys !== undefined && keys !== null) {
    if (key !== undefined && key !== null) throw invalidFrame('both `key` and `keys` are given')
    if (!isUint8Array(keys.bytes)) throw invalidFrame('`keys.bytes` is no Uint8Array')
    checkRanges('keys.ranges', keys.bytes, keys.ranges)
    if (keys.ranges.length !== ranges.length) {
      throw invalidFrame(`there are ${ranges.length / 2} values and ${keys.ranges.length / 2} keys`)
    }
  }
  return ranges.length / 2
}

function checkRanges(what: string, bytes: Uint8Array, ranges: Uint32Array): void {
  if (!isUint32Array(ranges)) throw invalidFrame(`\`${what}\` is no Uint32Array`)
  if (ranges.length % 2 !== 0)
    throw invalidFrame(`\`${what}\` has ${ranges.length} numbers, not two a message`)
  const size = bytes.byteLength
  for (let i = 0; i < ranges.length; i += 2) {
    const start = ranges[i] as number
    const end = ranges[i + 1] as number
    if (start === NO_BYTES) continue
    if (start > end || end > size) {
      throw invalidFrame(`\`${what}\` of message ${i / 2} are ${start} to ${end}, of ${size} bytes`)
    }
  }
}

function invalidFrame(why: string): MillraceError {
  return new MillraceError('INVALID_MESSAGE', `The framed messages cannot be read: ${why}`, {
    hint: 'See the type Framed; nothing of them was accepted',
  })
}
