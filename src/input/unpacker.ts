import { type Binding, loadAddon } from '../engine/binding.ts'
import { borrowableMemory } from '../engine/borrow.ts'
import { unpackError } from './decoder.ts'
import type { ChunkRing } from './file.ts'
import type { Chunk } from './source.ts'

/** As chunks of files are: larger ones save hardly anything, and each lives on while its messages are in flight. */
const CHUNK = 512 * 1024
const HEADROOM = 64 * 1024
/** Text is rarely packed better than this: a small input gets no more memory than it needs. */
const USUAL_RATIO = 16
const LEAST_CHUNK = 16 * 1024

const packings = { gzip: 0, zstd: 1 } as const

/** Of the addon's states; the others go on. */
const INSIDE = 0
const FAILED = 2

export interface UnpackOptions {
  readonly name: string
  readonly packing: keyof typeof packings
  /** Whether to ask for chunks before they are needed: not of a pipe, which would have to be waited for to be closed. */
  readonly ahead: boolean
  /** Whose memory is unpacked into, as large as chunks are here; absent: each has its own. */
  readonly ring?: ChunkRing | undefined
}

/** An unpacker of the addon, to be closed. */
export class Unpacker {
  readonly #binding: Binding
  readonly #handle: object

  private constructor(binding: Binding, handle: object) {
    this.#binding = binding
    this.#handle = handle
  }

  /** Undefined where there is no addon, or no library in this process that could. */
  static open(packing: keyof typeof packings): Unpacker | undefined {
    let binding: Binding
    try {
      binding = loadAddon().binding
    } catch {
      return undefined
    }
    const handle = binding.unpacker(packings[packing])
    return handle === null ? undefined : new Unpacker(binding, handle)
  }

  /** Unpacks from `from` on to `at` on, in libuv's pool, until one of both is used up or the stream is damaged. */
  step(input: Buffer, from: number, output: Buffer, at: number): Promise<Step> {
    return new Promise(resolve => {
      this.#binding.unpack(this.#handle, input, from, output, at, (taken, made, state) =>
        resolve({ taken, made, state }),
      )
    })
  }

  /** Why the last step failed. */
  get failure(): Error {
    return new Error(this.#binding.unpackFailure(this.#handle))
  }

  close(): void {
    this.#binding.unpackClose(this.#handle)
  }
}

interface Step {
  readonly taken: number
  readonly made: number
  readonly state: number
}

/** The input ended in the middle of what is packed. */
class CutOff extends Error {
  readonly code = 'CUT_OFF'
}

/** What is packed in the chunks, one step after the other. */
class Unpacking {
  readonly #unpacker: Unpacker
  readonly #source: AsyncIterator<Chunk>
  readonly #ring: ChunkRing | undefined
  /** Taken of the ring, and nothing came of it: what is taken and not given out would age those that were. */
  #spare: Buffer | undefined
  #input: Buffer = Buffer.alloc(0)
  #from = 0
  /** More may come of what was taken. */
  #isFull = false
  #state: number = INSIDE

  constructor(unpacker: Unpacker, source: AsyncIterator<Chunk>, ring: ChunkRing | undefined) {
    this.#unpacker = unpacker
    this.#source = source
    this.#ring = ring
  }

  /** Whether there is something to unpack without asking for more. */
  get hasInput(): boolean {
    return this.#isFull || this.#from < this.#input.length || this.#state === FAILED
  }

  /** The next chunk, null at the end. Rejects when all before what cannot be unpacked was given out. */
  async next(): Promise<Chunk | null> {
    for (;;) {
      if (this.#state === FAILED) throw this.#unpacker.failure
      if (!this.hasInput && !(await this.#more())) {
        if (this.#state === INSIDE) throw new CutOff('the stream ends inside')
        return null
      }
      const chunk = await this.#step()
      if (chunk !== undefined) return chunk
    }
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next()
    if (done === true) return false
    this.#input = value.memory
    this.#from = value.start
    return true
  }

  async #step(): Promise<Chunk | undefined> {
    const left = this.#input.length - this.#from
    const room = Math.min(CHUNK, Math.max(LEAST_CHUNK, USUAL_RATIO * left))
    const whole = this.#whole(HEADROOM + room)
    const memory = whole.subarray(0, HEADROOM + room)
    const { taken, made, state } = await this.#unpacker.step(this.#input, this.#from, memory, HEADROOM)
    this.#from += taken
    this.#isFull = made === room
    this.#state = state
    if (made === 0 && this.#ring !== undefined) this.#spare = whole
    return made === 0 ? undefined : { memory: memory.subarray(0, HEADROOM + made), start: HEADROOM }
  }

  #whole(length: number): Buffer {
    if (this.#ring === undefined) return borrowableMemory(length)
    const spare = this.#spare
    this.#spare = undefined
    return spare ?? this.#ring.take(HEADROOM + CHUNK)
  }
}

/**
 * What the addon makes of the chunks: the next one is unpacked while the caller works on this one. Nothing of what comes
 * before damage is lost, and no more than two chunks are held, however well they were packed. Closes the unpacker.
 */
export async function* throughUnpacker(
  unpacker: Unpacker,
  chunks: AsyncIterable<Chunk>,
  { name, packing, ahead, ring }: UnpackOptions,
): AsyncGenerator<Chunk, void, undefined> {
  const source = chunks[Symbol.asyncIterator]()
  const unpacking = new Unpacking(unpacker, source, ring)
  let byte = 0
  let coming: Promise<Chunk | null> | undefined
  try {
    for (;;) {
      const chunk = await (coming ?? unpacking.next())
      coming = undefined
      if (chunk === null) return
      if (ahead || unpacking.hasInput) {
        coming = unpacking.next()
        // its failure is thrown where it is awaited; until then it is not unhandled
        coming.catch(() => {})
      }
      yield chunk
      byte += chunk.memory.length - chunk.start
    }
  } catch (error) {
    throw unpackError(name, packing, byte, error)
  } finally {
    await coming?.catch(() => {})
    unpacker.close()
    await source.return?.()
  }
}
