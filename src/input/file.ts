import { type FileHandle, open } from 'node:fs/promises'
import { borrowableMemory } from '../engine/borrow.ts'
import type { Chunk } from './source.ts'
import { brokenError, whyUnreadable } from './unreadable.ts'

// Reading and searching lines of 90 bytes on two cores: 256 KiB 2.3 GB/s, 512 KiB 3.0, 1 MiB 3.4,
// 2 MiB 3.8; but each chunk lives on while its messages are in flight.
const FILE_CHUNK = 512 * 1024
const FILE_HEADROOM = 64 * 1024
// what a pipe holds on Linux: one read does not return more
const PIPE_CHUNK = 64 * 1024
const PIPE_HEADROOM = 8 * 1024

/** Which bytes of a regular file to read, by default all; no `end`: up to its end, which may move on. */
export interface ByteRange {
  readonly start?: number
  readonly end?: number | null
}

/**
 * Memory of chunks, used again: a chunk is valid until the second one after it is asked for, and for as long as somebody
 * holds it. For readers of which nobody looks at what the last chunk but one gave, unless it is held: there are the chunk
 * that is worked on, the one before, of which a record's beginning may not be copied yet, and the one that is being read
 * into.
 */
export class ChunkRing {
  /** By age: the one that was taken first comes first. */
  readonly #slots: Buffer[] = []
  readonly #holds = new Map<ArrayBufferLike, number>()

  take(length: number): Buffer {
    const oldest = this.#slots.length - (SLOTS - 1)
    const free = this.#slots.findIndex((slot, age) => age < oldest && !this.#holds.has(slot.buffer))
    const [slot = borrowableMemory(FILE_HEADROOM + FILE_CHUNK)] = free < 0 ? [] : this.#slots.splice(free, 1)
    this.#slots.push(slot)
    return slot.subarray(0, length)
  }

  /** Whether those bytes lie in it, and not in memory of their own. */
  owns({ buffer }: Uint8Array): boolean {
    return this.#slots.some(slot => slot.buffer === buffer)
  }

  /** Keeps the memory behind those bytes as it is, until it was released as often. */
  hold({ buffer }: Uint8Array): void {
    this.#holds.set(buffer, (this.#holds.get(buffer) ?? 0) + 1)
  }

  release({ buffer }: Uint8Array): void {
    const holds = (this.#holds.get(buffer) ?? 1) - 1
    if (holds === 0) this.#holds.delete(buffer)
    else this.#holds.set(buffer, holds)
  }
}

const SLOTS = 3

class FileReader {
  readonly #name: string
  readonly #handle: FileHandle
  /** Of the file when it was opened, or the end of the range to read. */
  readonly #size: number | null
  readonly #ends: boolean
  readonly #ring: ChunkRing | undefined
  readonly #whole: boolean
  #byte: number

  constructor(
    name: string,
    handle: FileHandle,
    size: number | null,
    { start = 0, end = null }: ByteRange,
    ring: ChunkRing | undefined,
  ) {
    this.#name = name
    this.#handle = handle
    this.#size = end ?? size
    this.#ends = end !== null
    this.#whole = start === 0 && end === null
    this.#byte = start
    this.#ring = ring
  }

  /** The next chunk, in memory of its own unless there is a ring; null at the end. */
  async read(): Promise<Chunk | null> {
    const start = this.#size === null ? PIPE_HEADROOM : FILE_HEADROOM
    const length = this.#nextLength()
    if (length === 0) return null
    const memory = this.#ring?.take(start + length) ?? borrowableMemory(start + length)
    const bytesRead = await this.#fill(memory, start, length)
    this.#byte += bytesRead
    if (bytesRead > 0) return { memory: memory.subarray(0, start + bytesRead), start }
    if (this.#size !== null && this.#byte < this.#size) throw this.#shrunk(this.#size)
    return null
  }

  // a small file gets no more memory than it needs; one that grows, or whose size is not told (/proc), is
  // read on in smaller steps
  #nextLength(): number {
    if (this.#size === null || this.#byte >= this.#size) return this.#ends ? 0 : PIPE_CHUNK
    return Math.min(FILE_CHUNK, this.#size - this.#byte)
  }

  async #fill(memory: Buffer, start: number, length: number): Promise<number> {
    try {
      // a pipe has no positions, nor have all files of /proc
      const position = this.#whole ? null : this.#byte
      return (await this.#handle.read(memory, start, length, position)).bytesRead
    } catch (error) {
      throw brokenError(whyUnreadable(this.#name, error), this.#byte, error)
    }
  }

  #shrunk(size: number): Error {
    const least = this.#ends ? `at least ${size}` : size
    const reason = `it ended there, but had ${least} bytes when it was opened`
    const hint = 'Something cut or replaced the file while it was read; read a copy that nobody writes to'
    return brokenError({ input: this.#name, reason, hint }, this.#byte)
  }
}

/**
 * A file's bytes up to its end, which may have moved on since it was opened, or those of a range. Of a
 * regular file (`size` known) the next chunk is read while the caller works on this one.
 */
export async function* readFile(
  name: string,
  size: number | null,
  range: ByteRange = {},
  ring?: ChunkRing,
): AsyncGenerator<Chunk, void, undefined> {
  const handle = await open(name, 'r').catch((error: unknown) => {
    throw brokenError(whyUnreadable(name, error), 0, error)
  })
  const reader = new FileReader(name, handle, size, range, ring)
  // no reading ahead in a pipe: such a read ends when its writer pleases, and closing would wait for it
  const ahead = size !== null
  let reading: Promise<Chunk | null> | undefined
  try {
    for (;;) {
      const chunk = await (reading ?? reader.read())
      if (chunk === null) return
      if (ahead) {
        reading = reader.read()
        // its failure is thrown where it is awaited; until then it is not unhandled
        reading.catch(() => {})
      }
      yield chunk
    }
  } finally {
    // memory that is being read into must outlive the read
    await reading?.catch(() => {})
    await handle.close()
  }
}
