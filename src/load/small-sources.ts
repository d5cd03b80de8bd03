import { borrowableMemory } from '../engine/borrow.ts'
import {
  type Chunk,
  type Input,
  joined,
  type MessageBlock,
  type ReadOptions,
  readFiles,
  readWhole,
} from '../input/index.ts'
import type { Bundle, Source } from './feed.ts'
import { type InputStretch, placeOf } from './stretch.ts'

/** A small plain file, to be read whole. */
export interface SmallStretch extends InputStretch {
  readonly input: Input & { readonly size: number }
}

/** A source whose content is at hand. */
interface Held {
  readonly source: Source
  readonly content: Buffer
  readonly blocks: readonly MessageBlock[]
}

/** As a block has at most. */
const MOST_RECORDS = 10_000

/** Small plain files, which are read together, in one memory, from the moment this is made. */
export class SmallSources {
  readonly #stretches: readonly SmallStretch[]
  readonly #readFor: (name: string) => ReadOptions
  readonly #memory: Buffer
  readonly #areThere: Promise<readonly boolean[]>

  constructor(stretches: readonly SmallStretch[], readFor: (name: string) => ReadOptions) {
    this.#stretches = stretches
    this.#readFor = readFor
    this.#memory = borrowableMemory(stretches.reduce((sum, { input }) => sum + input.size, 0))
    const files = stretches.map(({ input: { name, size } }) => ({ name, size }))
    this.#areThere = readFiles(files, this.#memory)
  }

  /**
   * In their order. Those that cannot be read so, or have something bad in them, come alone, and tell when they are read.
   * @param together whether the others come as bundles
   */
  async *sources(together: boolean): AsyncGenerator<Source | Bundle> {
    const areThere = await this.#areThere
    let held: Held[] = []
    let records = 0
    let end = 0
    for (const [index, stretch] of this.#stretches.entries()) {
      const { input } = stretch
      const content = this.#memory.subarray(end, end + input.size)
      end += input.size
      const read = this.#readFor(input.name)
      const source = { input: areThere[index] ? at(input, content) : input, read, place: placeOf(stretch) }
      const blocks = together && areThere[index] ? readWhole(input.name, content, read) : undefined
      const count = blocks?.reduce((sum, block) => sum + block.count, 0) ?? Number.POSITIVE_INFINITY
      if (records + count > MOST_RECORDS) {
        yield* this.#bundled(held)
        held = []
        records = 0
      }
      if (blocks === undefined || count > MOST_RECORDS) yield source
      else {
        held.push({ source, content, blocks })
        records += count
      }
    }
    yield* this.#bundled(held)
  }

  *#bundled(held: readonly Held[]): Generator<Source | Bundle> {
    if (held.length === 0) return
    const sources = held.map(({ source }) => source)
    const first = held[0]?.content.byteOffset ?? 0
    const size = held.reduce((sum, { content }) => sum + content.length, 0)
    // they lie one behind the other
    const bytes = this.#memory.subarray(first, first + size)
    const blocks = held.flatMap(({ blocks }) => blocks)
    const block = joined(blocks, bytes)
    if (block === undefined) yield* sources
    else {
      const ranges = held.map(({ source, content }) => [source.place.input, 0, content.length] as const)
      yield { block, ranges, size, sources }
    }
  }
}

function at(input: Input, content: Buffer): Input {
  return { ...input, chunks: () => chunkOf(content) }
}

async function* chunkOf(memory: Buffer): AsyncGenerator<Chunk, void, undefined> {
  if (memory.length > 0) yield { memory, start: 0 }
}
