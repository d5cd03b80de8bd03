/** A piece of a frame for the decoder; `checksum` where it is the frame's last: null if the frame has none. */
export interface FramePiece {
  readonly bytes: Buffer
  readonly checksum?: number | null
}

const MAGIC_BYTES = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
const MAGIC = MAGIC_BYTES.readUInt32LE()
const SKIPPABLE = 0x184d2a50

/** A stream that ended in the middle of a frame. */
export class CutOff extends Error {
  readonly code = 'CUT_OFF'
}

type Field = 'magic' | 'skippable size' | 'descriptor' | 'header' | 'block header' | 'block' | 'checksum'

const CONTENT_SIZES = [0, 2, 4, 8] as const
const DICTIONARY_SIZES = [0, 1, 2, 4] as const
const BLOCK_OF_ONE_BYTE = 1
const RESERVED = 3

/**
 * Walks through the frames of a zstd stream (RFC 8878): where each block and frame ends. So a decoder gets
 * no more than a block at a time, however well that is packed, and checksums can be had.
 */
export class FrameWalker {
  #field: Field = 'magic'
  /** Of the field: bytes still to come, bytes seen, and its value so far, the least significant byte first. */
  #left = 4
  #seen = 0
  #value = 0
  /** Bytes of a skippable frame still to come. */
  #skip = 0
  #hasChecksum = false
  #lastBlock = false
  #sum = 0
  #frames = 0

  /** Throws where the stream may not end. */
  end(): void {
    const between = this.#field === 'magic' && this.#seen === 0 && this.#skip === 0
    if (!between || this.#frames === 0) throw new CutOff('the stream ends inside a frame')
  }

  /** The pieces that these bytes hold, none beyond a block's end. Throws where they are no frame. */
  *pieces(bytes: Buffer): Generator<FramePiece, void, undefined> {
    let from = 0
    let at = 0
    while (at < bytes.length || (this.#field === 'block' && this.#left === 0)) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, bytes.length - at)
        this.#skip -= skipped
        at += skipped
        continue
      }
      const before = this.#field
      // what may yet be skipped is not handed on
      if (before === 'magic' || before === 'skippable size') from = at
      at = this.#read(bytes, at)
      if (this.#left > 0) break
      this.#step(before, this.#value)
      if (before === 'magic' && this.#field === 'descriptor') {
        yield { bytes: MAGIC_BYTES }
        from = at
      } else if (before === 'block' || before === 'checksum') {
        const ended = this.#field === 'magic'
        const piece = bytes.subarray(from, at)
        yield ended ? { bytes: piece, checksum: before === 'checksum' ? this.#sum : null } : { bytes: piece }
        from = at
      }
    }
    const inFrame = this.#field !== 'magic' && this.#field !== 'skippable size'
    if (inFrame && at > from) yield { bytes: bytes.subarray(from, at) }
  }

  #read(bytes: Buffer, from: number): number {
    if (this.#field === 'block') {
      const passed = Math.min(this.#left, bytes.length - from)
      this.#left -= passed
      return from + passed
    }
    let at = from
    while (at < bytes.length && this.#left > 0) {
      this.#value += bytes[at++]! * 2 ** (8 * this.#seen++)
      this.#left--
    }
    return at
  }

  #expect(field: Field, bytes: number): void {
    this.#field = field
    this.#left = bytes
    this.#seen = 0
    this.#value = 0
  }

  #step(field: Field, value: number): void {
    switch (field) {
      case 'magic':
        this.#magic(value)
        break
      case 'skippable size':
        this.#skip = value
        this.#endFrame()
        break
      case 'descriptor':
        this.#descriptor(value)
        break
      case 'header':
        this.#expect('block header', 3)
        break
      case 'block header':
        this.#blockHeader(value)
        break
      case 'block':
        if (!this.#lastBlock) this.#expect('block header', 3)
        else if (this.#hasChecksum) this.#expect('checksum', 4)
        else this.#endFrame()
        break
      case 'checksum':
        this.#sum = value
        this.#endFrame()
    }
  }

  #magic(value: number): void {
    if (value === MAGIC) this.#expect('descriptor', 1)
    else if ((value & 0xffff_fff0) === SKIPPABLE) this.#expect('skippable size', 4)
    else throw new Error('no frame begins where one should')
  }

  #descriptor(value: number): void {
    const single = (value >> 5) & 1
    const content = CONTENT_SIZES[(value >> 6) as 0 | 1 | 2 | 3] || single
    this.#hasChecksum = (value & 4) !== 0
    this.#expect('header', 1 - single + DICTIONARY_SIZES[(value & 3) as 0 | 1 | 2 | 3] + content)
  }

  #blockHeader(value: number): void {
    const type = (value >> 1) & 3
    if (type === RESERVED) throw new Error('a block has a type that does not exist')
    this.#lastBlock = (value & 1) === 1
    this.#expect('block', type === BLOCK_OF_ONE_BYTE ? 1 : value >> 3)
  }

  #endFrame(): void {
    this.#frames++
    this.#expect('magic', 4)
  }
}
