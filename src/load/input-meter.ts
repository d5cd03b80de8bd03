import type { Chunk, Input } from '../input/index.ts'

/** How much of an input has been read, in bytes of the input itself: of a packed one, as they are packed. */
export class InputMeter {
  /** To be read instead of the one that was given. */
  readonly input: Input
  readonly #packed: boolean
  #taken = 0
  #told: number

  constructor(input: Input, packed: boolean) {
    this.#packed = packed
    this.#told = packed ? 0 : (input.start ?? 0)
    this.input = packed ? { ...input, chunks: () => this.#counted(input) } : input
  }

  /** Bytes since it was asked last, when all before `endByte` of what comes out has been given out. */
  upTo(endByte: number): number {
    const reached = this.#packed ? this.#taken : endByte
    const more = reached - this.#told
    this.#told = reached
    return more
  }

  async *#counted(input: Input): AsyncGenerator<Chunk, void, undefined> {
    for await (const chunk of input.chunks()) {
      this.#taken += chunk.memory.length - chunk.start
      yield chunk
    }
  }
}
