import { type Input, maySplit, type Part, type ReadOptions, Splitter, wholeOf } from '../input/index.ts'

/** A thread that asks late gets less to do than one that asks often: so there are several parts for each. */
const PARTS_A_THREAD = 4
const LEAST_BYTES = 16 * 1024
const MOST_BYTES = 32 * 1024 * 1024

/** The files of a load in parts, for threads to take one after the other: the largest files first. */
export class PartQueue {
  readonly #files: Input[]
  readonly #optionsFor: (input: string) => ReadOptions
  readonly #partBytes: number
  /** The file that is being handed out, and how far. */
  #open: { readonly splitter: Splitter; from: number } | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(files: readonly Input[], optionsFor: (input: string) => ReadOptions, threads: number) {
    // a pipe may go on for long
    const size = (file: Input) => file.size ?? Number.POSITIVE_INFINITY
    this.#files = [...files].sort((a, b) => (size(a) === size(b) ? 0 : size(b) - size(a)))
    this.#optionsFor = optionsFor
    const split = files.filter(file => this.#maySplit(file))
    const bytes = split.reduce((sum, file) => sum + (file.size ?? 0), 0)
    const even = Math.ceil(bytes / (threads * PARTS_A_THREAD))
    this.#partBytes = Math.min(Math.max(even, LEAST_BYTES), MOST_BYTES)
  }

  /** Parts there may be, at most; before the first is taken. */
  get atMost(): number {
    const parts = (file: Input) => (this.#maySplit(file) ? Math.ceil((file.size ?? 0) / this.#partBytes) : 1)
    return this.#files.reduce((sum, file) => sum + parts(file), 0)
  }

  /** The next part, undefined at the end. Never rejects: what cannot be read is found by who reads the part. */
  next(): Promise<Part | undefined> {
    const next = this.#turn.then(() => this.#next())
    this.#turn = next
    return next
  }

  async #next(): Promise<Part | undefined> {
    if (this.#open === undefined) {
      const file = this.#files.shift()
      if (file === undefined) return undefined
      const isSmall = (file.size ?? 0) <= this.#partBytes
      const splitter = isSmall ? undefined : await Splitter.of(file, this.#optionsFor(file.name))
      if (splitter === undefined) return wholeOf(file)
      this.#open = { splitter, from: 0 }
    }
    const { splitter, from } = this.#open
    const part = await splitter.part(from, from + this.#partBytes)
    if (part.end === null) this.#open = undefined
    else this.#open.from = part.end
    return part
  }

  #maySplit(file: Input): boolean {
    return maySplit(file, this.#optionsFor(file.name))
  }
}
