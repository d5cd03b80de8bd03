import { maySplit, type Part, partBetween, type ReadOptions, Splitter, wholeOf } from '../input/index.ts'
import { type InputStretch, isStream, isWhole } from './stretch.ts'

/** A thread that asks late gets less to do than one that asks often: so there are several parts for each. */
const PARTS_A_THREAD = 4
const LEAST_BYTES = 16 * 1024
const MOST_BYTES = 32 * 1024 * 1024

/** What a thread is to read next, of which stretch. */
export interface QueuedPart {
  readonly part: Part
  readonly stretch: InputStretch
}

/** What a load is to read in parts, for threads to take one after the other: the largest first. */
export class PartQueue {
  readonly #stretches: InputStretch[]
  readonly #optionsFor: (input: string) => ReadOptions
  readonly #partBytes: number
  /** The stretch that is being handed out, and how far. */
  #open: { readonly stretch: InputStretch; readonly splitter: Splitter; from: number } | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(
    stretches: readonly InputStretch[],
    optionsFor: (input: string) => ReadOptions,
    threads: number,
  ) {
    // a pipe may go on for long
    const length = (stretch: InputStretch) => lengthOf(stretch) ?? Number.POSITIVE_INFINITY
    this.#stretches = [...stretches].sort((a, b) => (length(a) === length(b) ? 0 : length(b) - length(a)))
    this.#optionsFor = optionsFor
    const split = stretches.filter(stretch => this.#maySplit(stretch))
    const bytes = split.reduce((sum, stretch) => sum + (lengthOf(stretch) ?? 0), 0)
    const even = Math.ceil(bytes / (threads * PARTS_A_THREAD))
    this.#partBytes = Math.min(Math.max(even, LEAST_BYTES), MOST_BYTES)
  }

  /** Parts there may be, at most; before the first is taken. */
  get atMost(): number {
    const parts = (stretch: InputStretch) =>
      this.#maySplit(stretch) ? Math.ceil((lengthOf(stretch) ?? 0) / this.#partBytes) : 1
    return this.#stretches.reduce((sum, stretch) => sum + parts(stretch), 0)
  }

  /**
   * The next part, undefined at the end. What cannot be read is found by who reads the part; rejects where the columns
   * of a csv file, of which a part is left, cannot be read any more.
   */
  next(): Promise<QueuedPart | undefined> {
    const next = this.#turn.then(() => this.#next())
    this.#turn = next.catch(() => {})
    return next
  }

  async #next(): Promise<QueuedPart | undefined> {
    if (this.#open === undefined) {
      const stretch = this.#stretches.shift()
      if (stretch === undefined) return undefined
      const { input, from, to } = stretch
      const options = this.#optionsFor(input.name)
      const isSmall = (lengthOf(stretch) ?? 0) <= this.#partBytes
      const splitter = isSmall || !this.#maySplit(stretch) ? undefined : await Splitter.of(input, options)
      if (splitter === undefined) {
        const isAll = isWhole(stretch) || isStream(stretch)
        return { stretch, part: isAll ? wholeOf(input) : await partBetween(input, options, from, to) }
      }
      this.#open = { stretch, splitter, from }
    }
    const { stretch, splitter, from } = this.#open
    const found = await splitter.part(from, from + this.#partBytes)
    const isLast = found.end === null || (stretch.to !== null && found.end >= stretch.to)
    const part = isLast ? { ...found, end: stretch.to } : found
    if (part.end === null || isLast) this.#open = undefined
    else this.#open.from = part.end
    return { part, stretch }
  }

  #maySplit({ input, divisible }: InputStretch): boolean {
    return divisible && maySplit(input, this.#optionsFor(input.name))
  }
}

/** In bytes as far as that is known: of what is packed, as it stands. */
function lengthOf({ input, from, to }: InputStretch): number | undefined {
  return input.size === null ? undefined : (to ?? Math.max(input.size, from)) - from
}
