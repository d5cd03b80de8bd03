import type { Chunk, Input } from '../input/index.ts'

/** An input that is read from the moment this is made. */
export class EarlyInput {
  readonly input: Input
  readonly #chunks: AsyncIterator<Chunk>
  readonly #first: Promise<IteratorResult<Chunk>>
  #isTaken = false

  constructor(input: Input) {
    this.#chunks = input.chunks()[Symbol.asyncIterator]()
    this.#first = this.#chunks.next()
    // thrown where it is awaited; until then it is not unhandled
    this.#first.catch(() => {})
    this.input = {
      ...input,
      chunks: () => {
        this.#isTaken = true
        return this.#rest()
      },
    }
  }

  /** Closes it, unless somebody has begun to iterate, who does. Not waited for. */
  abandon(): void {
    if (!this.#isTaken) void this.#chunks.return?.().catch(() => {})
  }

  async *#rest(): AsyncGenerator<Chunk, void, undefined> {
    try {
      for (let next = await this.#first; next.done !== true; next = await this.#chunks.next())
        yield next.value
    } finally {
      await this.#chunks.return?.()
    }
  }
}
