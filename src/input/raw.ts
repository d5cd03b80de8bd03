import { MAX_BAD_BYTES, type OnBad } from './bad.ts'
import type { RecordBlock } from './block.ts'
import { Carry } from './carry.ts'
import { tooLong } from './long.ts'
import type { Chunk } from './source.ts'

export interface RawOptions {
  readonly input: string
  /** An input longer than this, in bytes, is a bad record. */
  readonly maxRecordBytes: number
  readonly onBad: OnBad
  /** Offset in the input of the first chunk; behind 0 there is no record. Default: 0. */
  readonly start?: number | undefined
}

/** All of the input as one record, also if it has no bytes. Waits for the whole; at most the limit is held. */
export async function* frameRaw(
  chunks: AsyncIterable<Chunk>,
  { input, maxRecordBytes, onBad, start: first = 0 }: RawOptions,
): AsyncGenerator<RecordBlock, void, undefined> {
  if (first > 0) return
  const carry = new Carry()
  const place = { input, unit: 'record', line: 1, byte: 0 } as const
  let head: Buffer | undefined
  let length = 0
  for await (const { memory, start } of chunks) {
    const content = memory.subarray(start)
    length += content.length
    if (head !== undefined) continue
    if (carry.length === 0) carry.hold(content)
    else carry.append(content)
    if (length <= maxRecordBytes) continue
    head = Buffer.from(carry.take().subarray(0, Math.min(maxRecordBytes, MAX_BAD_BYTES)))
    if (onBad === 'stop') throw tooLong({ ...place, length }, maxRecordBytes, head, false).error
  }
  const bytes = carry.take()
  const whole = head === undefined
  if (head !== undefined && onBad !== 'stop') onBad(tooLong({ ...place, length }, maxRecordBytes, head, true))
  yield {
    input,
    bytes,
    ranges: Uint32Array.of(...(whole ? [0, length] : [])),
    count: whole ? 1 : 0,
    unit: 'record',
    firstLine: 1,
    lineOffsets: undefined,
    blank: 0,
    blanksBefore: undefined,
    startByte: 0,
    endByte: length,
  }
}
