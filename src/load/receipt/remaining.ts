import type {
  ChunkLine,
  InputRange,
  PartLine,
  ReceiptHeader,
  ReceiptLine,
  ReceiptTopic,
  ResumeMode,
} from './lines.ts'
import { isChunk, isPart, isResumed, isTopics } from './lines.ts'
import { unreadable } from './unreadable.ts'

/** What is still to be read of an input: from one record's border to another. */
export interface Stretch {
  /** Index of the input in the receipt's header. */
  readonly input: number
  readonly from: number
  /** Null: the input's end. */
  readonly to: number | null
  /** Whether threads may share it: nobody has begun to read it in one go. */
  readonly divisible: boolean
  /** Of an input that can be read from its beginning only: the hash of what stands before `from`. */
  readonly prefix: string | undefined
}

/** What a load has done, and what it has left to do. */
export interface Remaining {
  /** In the order of the inputs; empty: all is done. */
  readonly stretches: readonly Stretch[]
  /** Of what is done. */
  readonly read: number
  readonly skipped: number
  readonly rejected: number
  readonly delivered: number
  /** Delivered, and to be sent again all the same to keep the order. */
  readonly again: number
  /** Length of the file of dead letters when the last line was written. */
  readonly deadLetterBytes: number
}

type Chunk = Omit<ChunkLine, 'offsets'>

/** All that a receipt tells of a load. Give it the lines in their order. */
export class ReceiptState {
  readonly header: ReceiptHeader
  readonly #path: string
  /** Those that count, by number. */
  #chunks = new Map<number, Chunk>()
  readonly #parts = new Map<number, PartLine['part'][]>()
  /** Inputs of which something has been read. */
  readonly #started = new Set<number>()
  readonly #topics: ReceiptTopic[]
  #chunkNumbers = 0
  #domains = 0
  #deadLetterBytes = 0
  #openRecords: number

  constructor(path: string, header: ReceiptHeader) {
    this.#path = path
    this.header = header
    this.#topics = [...header.topics]
    this.#openRecords = header.openRecords
  }

  /** All topics that were sent to. */
  get topics(): readonly ReceiptTopic[] {
    return this.#topics
  }

  /** Greater than any number of a chunk that was, or may have been, given. */
  get nextChunk(): number {
    return this.#chunkNumbers
  }

  get nextDomain(): number {
    return this.#domains
  }

  /** Records that the last run had open at most. */
  get openRecords(): number {
    return this.#openRecords
  }

  /** @throws MillraceError RECEIPT_UNREADABLE for a line that cannot stand behind the ones before */
  add(line: Exclude<ReceiptLine, ReceiptHeader>): void {
    if (isChunk(line)) this.#addChunk(line)
    else if (isPart(line)) this.#addPart(line)
    else if (isTopics(line)) this.#topics.push(...line.topics)
    else if (isResumed(line)) {
      // whatever precedes them is sent now, or was not missed
      const kept = this.#kept(line.resumed.mode).map(chunk => ({ ...chunk, after: undefined }))
      this.#chunks = new Map(kept.map(chunk => [chunk.chunk, chunk]))
      this.#openRecords = line.resumed.openRecords
    }
  }

  remaining(mode: ResumeMode): Remaining {
    const kept = this.#kept(mode)
    const sum = (field: 'read' | 'skipped' | 'rejected' | 'delivered', chunks: Iterable<Chunk> = kept) => {
      let total = 0
      for (const chunk of chunks) total += chunk[field]
      return total
    }
    const done = doneOf(kept)
    return {
      stretches: this.header.inputs.flatMap((_, input) => this.#stretches(input, done.get(input) ?? NONE)),
      read: sum('read'),
      skipped: sum('skipped'),
      rejected: sum('rejected'),
      delivered: sum('delivered'),
      again: sum('delivered', this.#chunks.values()) - sum('delivered'),
      deadLetterBytes: this.#deadLetterBytes,
    }
  }

  #addChunk({ offsets: _, ...chunk }: ChunkLine): void {
    if (this.#chunks.has(chunk.chunk)) throw this.#odd(`two of its chunks have the number ${chunk.chunk}`)
    for (const [input, , to] of chunk.ranges) this.#check(input, to)
    this.#chunks.set(chunk.chunk, chunk)
    for (const [input] of chunk.ranges) this.#started.add(input)
    this.#chunkNumbers = Math.max(this.#chunkNumbers, chunk.chunk + 1)
    this.#domains = Math.max(this.#domains, chunk.domain + 1)
    this.#deadLetterBytes = Math.max(this.#deadLetterBytes, chunk.deadLetterBytes)
  }

  #addPart({ part }: PartLine): void {
    const [input, , to] = part
    this.#check(input, to ?? 0)
    this.#parts.set(input, [...(this.#parts.get(input) ?? []), part])
  }

  #check(input: number, to: number): void {
    const { size, compression } = this.header.inputs[input] ?? {}
    if (size === undefined)
      throw this.#odd(`it tells of input ${input}, and names ${this.header.inputs.length}`)
    if (compression === null && size !== null && to > size)
      throw this.#odd(`it tells of byte ${to} of an input of ${size} bytes`)
  }

  #odd(reason: string) {
    return unreadable(this.#path, reason, 'It was put together from several, perhaps; restore the original')
  }

  /** The chunks that need not be sent again, by rising number. */
  #kept(mode: ResumeMode): Chunk[] {
    const all = [...this.#chunks.values()].sort((a, b) => a.chunk - b.chunk)
    if (mode === 'gaps') return all
    // a chunk has a greater number than the one before it in its domain
    const kept = new Set<number>()
    return all.filter(({ chunk, after }) => {
      const counts = after === undefined || kept.has(after)
      if (counts) kept.add(chunk)
      return counts
    })
  }

  #stretches(input: number, { ranges, end, prefixes }: Done): Stretch[] {
    const { size, compression } = this.header.inputs[input]!
    // an empty file may still be a record, where all of a file is one
    const last = compression === null && size !== null && size > 0 ? size : end
    const left: Stretch[] = []
    let from = 0
    const leave = (to: number | null) => {
      if (to === null || from < to) left.push(...this.#cut(input, from, to, prefixes.get(from)))
    }
    for (const [start, stop] of ranges) {
      leave(start)
      from = stop
    }
    leave(last)
    return left
  }

  /** Cuts what is left where the parts end that it was read in: within one of them, the order holds. */
  #cut(input: number, from: number, to: number | null, prefix: string | undefined): Stretch[] {
    const parts = this.#parts.get(input)
    if (parts === undefined) return [{ input, from, to, divisible: !this.#started.has(input), prefix }]
    const inside = parts.flatMap(([, start, end]) => (end === null ? [start] : [start, end]))
    const borders = [...new Set(inside)]
      .filter(at => at > from && (to === null || at < to))
      .sort((a, b) => a - b)
    return [from, ...borders].map((start, index) => {
      const known = parts.some(([, begin, end]) => begin <= start && (end === null || start < end))
      return { input, from: start, to: borders[index] ?? to, divisible: !known, prefix }
    })
  }
}

/** What is done of one input. */
interface Done {
  /** Apart from each other, rising. */
  readonly ranges: readonly (readonly [from: number, to: number])[]
  /** Where the input ends, if that was seen. */
  readonly end: number | null
  readonly prefixes: ReadonlyMap<number, string>
}

const NONE: Done = { ranges: [], end: null, prefixes: new Map() }

interface Gathered {
  readonly ranges: InputRange[]
  end: number | null
  readonly prefixes: Map<number, string>
}

function doneOf(chunks: readonly Chunk[]): Map<number, Done> {
  const byInput = new Map<number, Gathered>()
  for (const { ranges, ends = [], prefixes = [] } of chunks) {
    for (const range of ranges) {
      const [input] = range
      const done: Gathered = byInput.get(input) ?? { ranges: [], end: null, prefixes: new Map() }
      byInput.set(input, done)
      done.ranges.push(range)
    }
    const lastOf = (input: number) =>
      ranges.reduce((last, [of, , to]) => (of === input ? Math.max(last, to) : last), 0)
    for (const input of ends) {
      const done = byInput.get(input)
      if (done !== undefined) done.end = lastOf(input)
    }
    for (const [input, hash] of prefixes) byInput.get(input)?.prefixes.set(lastOf(input), hash)
  }
  return new Map(
    [...byInput].map(([input, { ranges, end, prefixes }]) => [
      input,
      { ranges: joined(ranges), end, prefixes },
    ]),
  )
}

function joined(ranges: readonly InputRange[]): [number, number][] {
  const result: [number, number][] = []
  for (const [, from, to] of [...ranges].sort((a, b) => a[1] - b[1] || a[2] - b[2])) {
    const last = result.at(-1)
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to)
    else result.push([from, to])
  }
  return result
}
