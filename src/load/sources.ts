import type { Chunk, Input, ReadOptions } from '../input/index.ts'
import type { Source } from './feed.ts'
import { type InputStretch, isWhole, sourceOf } from './stretch.ts'

/** Opening, reading and closing a file are a wait each, which is most of what a small file takes. */
const SMALL_BYTES = 128 * 1024
const AHEAD = 16

/** What is to be read, one after the other; small files are opened and read while those before them are worked on. */
export async function* sourcesOf(
  stretches: readonly InputStretch[],
  readFor: (name: string) => ReadOptions,
): AsyncGenerator<Source> {
  const early = new Map<InputStretch, EarlyInput>()
  let begun = 0
  try {
    for (const [at, stretch] of stretches.entries()) {
      for (; begun < Math.min(stretches.length, at + AHEAD); begun++) {
        const next = stretches[begun] as InputStretch
        if (isSmall(next)) early.set(next, new EarlyInput(next.input, () => early.delete(next)))
      }
      const source = await sourceOf(stretch, readFor(stretch.input.name))
      yield { ...source, input: early.get(stretch)?.input ?? source.input }
    }
  } finally {
    for (const input of early.values()) input.abandon()
  }
}

function isSmall(stretch: InputStretch): boolean {
  const { size } = stretch.input
  return size !== null && size <= SMALL_BYTES && isWhole(stretch)
}

/** An input that is read from the moment this is made. */
class EarlyInput {
  readonly input: Input
  readonly #chunks: AsyncIterator<Chunk>
  readonly #first: Promise<IteratorResult<Chunk>>

  /** @param taken is called when somebody begins to iterate, who then has to end it */
  constructor(input: Input, taken: () => void) {
    this.#chunks = input.chunks()[Symbol.asyncIterator]()
    this.#first = this.#chunks.next()
    // thrown where it is awaited; until then it is not unhandled
    this.#first.catch(() => {})
    this.input = {
      ...input,
      chunks: () => {
        taken()
        return this.#rest()
      },
    }
  }

  /** Closes what nobody has begun to iterate. Not waited for. */
  abandon(): void {
    void this.#chunks.return?.().catch(() => {})
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
