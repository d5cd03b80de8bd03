import { hashText } from '../record-hash.ts'
import type { ChunkLine, InputRange } from './lines.ts'
import { OpenRoom } from './room.ts'
import { type FlatRuns, RunSet } from './runs.ts'

/** Records of one input that follow one another, and are offered together. */
export interface PieceStart {
  readonly domain: number
  /** Its number in the domain. */
  readonly piece: number
  readonly input: number
  readonly from: number
  readonly to: number
  /** Where inputs were offered together, each from beginning to end: all of them, that one first. */
  readonly whole?: readonly InputRange[] | undefined
  /** Those of which an end will be told. */
  readonly records: number
  readonly skipped: number
  /** Of an input that cannot be read from a position: the hash of what stands before `to`. */
  readonly prefix?: string | undefined
}

/** How records of a piece have ended; a piece may be told of in several of these. */
export interface PieceEnd {
  readonly domain: number
  readonly piece: number
  readonly delivered: number
  readonly rejected: number
  /** Neither: they failed, or were not sent. The piece is not done, then. */
  readonly lost: number
  /** Of the delivered ones, key and value. */
  readonly bytes: number
  readonly partitions: readonly {
    readonly topic: string
    readonly partition: number
    readonly runs: FlatRuns
  }[]
  readonly unknownOffsets: number
  readonly hash: bigint
}

export interface ChunkOptions {
  /** Records that may be open at most. */
  readonly openRecords: number
  /** Records after which a chunk is closed. */
  readonly chunkRecords: number
  /** Milliseconds after which it is closed. */
  readonly chunkMs: number
  readonly nextChunk: number
  readonly nextDomain: number
  /** Length of the file of dead letters. */
  readonly deadLetterBytes: () => number
  /** Resolves when the line is on the disk. When it rejects, nothing is written any more. */
  readonly write: (line: ChunkLine) => Promise<void>
}

interface Piece extends PieceStart {
  /** Records that have not ended yet. */
  open: number
  lost: boolean
  rejected: number
  delivered: number
  bytes: number
  unknownOffsets: number
  hash: bigint
  readonly offsets: PieceEnd['partitions'][number][]
}

interface Chunk {
  readonly number: number
  /** For what precedes the first record that was lost, where one was. */
  readonly spareNumber: number
  readonly after: number | undefined
  readonly domain: number
  readonly pieces: Piece[]
  /** Inputs that end in it, and where. */
  readonly ends: Map<number, number>
  readonly since: number
  /** Offered. */
  records: number
  /** Pieces that have not ended. */
  open: number
  closed: boolean
  /** Written down, or never to be: what it held is no longer open. */
  settled: boolean
}

interface Domain {
  /** From the first that is not settled on. */
  readonly chunks: Chunk[]
  filling: Chunk | undefined
  last: number | undefined
  readonly pieces: Map<number, { readonly chunk: Chunk; readonly piece: Piece }>
}

/**
 * Gathers pieces into chunks, and has a chunk written down once all its records have ended. Chunks of a domain may be
 * written in any order; each says which one precedes it.
 */
export class ChunkTracker {
  readonly room: OpenRoom
  readonly #options: ChunkOptions
  readonly #domains = new Map<number, Domain>()
  readonly #writes = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout
  #nextChunk: number
  #nextDomain: number

  constructor(options: ChunkOptions) {
    this.#options = options
    this.#nextChunk = options.nextChunk
    this.#nextDomain = options.nextDomain
    this.room = new OpenRoom(options.openRecords, () => this.#closeAll(0))
    this.#timer = setInterval(() => this.#closeAll(options.chunkMs), options.chunkMs / 4)
    this.#timer.unref()
  }

  /** For one who reads: his pieces come in order. */
  addDomain(): number {
    const domain = this.#nextDomain++
    this.#domains.set(domain, { chunks: [], filling: undefined, last: undefined, pieces: new Map() })
    return domain
  }

  /** A piece was read. Its records were given room before. */
  begin(start: PieceStart): void {
    const domain = this.#domain(start.domain)
    const chunk = this.#filling(start.domain)
    const piece: Piece = {
      ...start,
      open: start.records,
      lost: false,
      rejected: 0,
      delivered: 0,
      bytes: 0,
      unknownOffsets: 0,
      hash: 0n,
      offsets: [],
    }
    chunk.pieces.push(piece)
    for (const [input, , to] of piece.whole ?? []) chunk.ends.set(input, to)
    chunk.records += start.records
    if (start.records > 0) {
      chunk.open++
      domain.pieces.set(start.piece, { chunk, piece })
    }
    const size = chunk.pieces.length >= MOST_PIECES || chunk.records >= this.#options.chunkRecords
    if (size || this.room.full) this.#close(chunk)
  }

  /** An input was read to its end, which is at `at`. */
  inputEnded(number: number, input: number, at: number): void {
    this.#filling(number).ends.set(input, at)
  }

  end(end: PieceEnd): void {
    const domain = this.#domain(end.domain)
    const found = domain.pieces.get(end.piece)
    if (found === undefined) return
    const { chunk, piece } = found
    piece.open -= end.delivered + end.rejected + end.lost
    piece.lost ||= end.lost > 0
    piece.delivered += end.delivered
    piece.rejected += end.rejected
    piece.bytes += end.bytes
    piece.unknownOffsets += end.unknownOffsets
    piece.hash += end.hash
    piece.offsets.push(...end.partitions)
    if (piece.open > 0) return
    domain.pieces.delete(end.piece)
    chunk.open--
    this.#settle(chunk)
  }

  /** Writes down what has ended, and waits until that is on the disk. Nothing more may come. Never rejects. */
  async finish(): Promise<void> {
    clearInterval(this.#timer)
    for (const domain of this.#domains.values()) {
      for (const { piece } of domain.pieces.values()) piece.lost = true
      if (domain.filling !== undefined) this.#close(domain.filling)
      for (const chunk of [...domain.chunks]) {
        chunk.open = 0
        this.#settle(chunk)
      }
    }
    while (this.#writes.size > 0) await Promise.all(this.#writes)
  }

  #domain(number: number): Domain {
    return this.#domains.get(number) as Domain
  }

  #filling(number: number): Chunk {
    const domain = this.#domain(number)
    domain.filling ??= this.#open(number, domain)
    return domain.filling
  }

  #open(number: number, domain: Domain): Chunk {
    const chunk: Chunk = {
      spareNumber: this.#nextChunk++,
      number: this.#nextChunk++,
      after: domain.last,
      domain: number,
      pieces: [],
      ends: new Map(),
      since: performance.now(),
      records: 0,
      open: 0,
      closed: false,
      settled: false,
    }
    domain.last = chunk.number
    domain.chunks.push(chunk)
    return chunk
  }

  #closeAll(olderThanMs: number): void {
    const now = performance.now()
    for (const { filling } of this.#domains.values()) {
      if (filling !== undefined && now - filling.since >= olderThanMs) this.#close(filling)
    }
  }

  #close(chunk: Chunk): void {
    chunk.closed = true
    this.#domain(chunk.domain).filling = undefined
    this.#settle(chunk)
  }

  /** Writes a chunk down when it is its time. */
  #settle(chunk: Chunk): void {
    if (!chunk.closed || chunk.open > 0 || chunk.settled) return
    chunk.settled = true
    const lines = this.#linesOf(chunk)
    const written = Promise.all(lines.map(line => this.#options.write(line))).then(
      () => {
        this.#release(chunk)
        this.#writes.delete(written)
      },
      // nothing is written any more, and who writes has told why
      () => {
        this.#writes.delete(written)
      },
    )
    this.#writes.add(written)
  }

  /** In a domain room is given back from its beginning on: what follows on an open chunk would be sent again. */
  #release(chunk: Chunk): void {
    const { chunks } = this.#domain(chunk.domain)
    this.#ready.add(chunk)
    for (let first = chunks[0]; first !== undefined && this.#ready.delete(first); first = chunks[0]) {
      chunks.shift()
      this.room.give(first.records)
    }
  }

  readonly #ready = new Set<Chunk>()

  /** One line; several where a piece in the middle was lost. */
  #linesOf(chunk: Chunk): ChunkLine[] {
    const { pieces, number, spareNumber, after, ends } = chunk
    const lost = pieces.findIndex(piece => piece.lost)
    if (lost < 0) return [this.#line(chunk, number, after, pieces, ends)]
    const runs = apart(pieces)
    return runs.map((run, index) => {
      const begins = index === 0 && lost > 0
      const endings = new Map([...ends].filter(([input, at]) => run.some(piece => reaches(piece, input, at))))
      return begins
        ? this.#line(chunk, spareNumber, after, run, endings)
        : this.#line(chunk, this.#nextChunk++, number, run, endings)
    })
  }

  #line(
    { domain }: Chunk,
    number: number,
    after: number | undefined,
    pieces: readonly Piece[],
    ends: ReadonlyMap<number, number>,
  ): ChunkLine {
    const sum = (field: 'records' | 'skipped' | 'rejected' | 'delivered' | 'bytes' | 'unknownOffsets') =>
      pieces.reduce((total, piece) => total + piece[field], 0)
    const runs = new RunSet()
    for (const { offsets } of pieces)
      for (const { topic, partition, runs: some } of offsets) runs.add(topic, partition, some)
    const prefixes = new Map(
      pieces.flatMap(({ input, prefix }) => (prefix === undefined ? [] : ([[input, prefix]] as const))),
    )
    return {
      chunk: number,
      domain,
      after,
      ranges: rangesOf(pieces, ends),
      ends: ends.size === 0 ? undefined : [...ends.keys()],
      read: sum('records') + sum('skipped'),
      skipped: sum('skipped'),
      rejected: sum('rejected'),
      delivered: sum('delivered'),
      bytes: sum('bytes'),
      offsets: runs.lists(),
      unknownOffsets: sum('unknownOffsets'),
      hash: hashText(pieces.reduce((total, { hash }) => total + hash, 0n)),
      deadLetterBytes: this.#options.deadLetterBytes(),
      prefixes: prefixes.size === 0 ? undefined : [...prefixes],
    }
  }
}

/** With a rate pieces can be of one record each. */
const MOST_PIECES = 10_000

/** Pieces that follow one another without a lost one between them. */
function apart(pieces: readonly Piece[]): Piece[][] {
  const runs: Piece[][] = [[]]
  for (const piece of pieces) {
    if (piece.lost) runs.push([])
    else runs.at(-1)?.push(piece)
  }
  return runs.filter(run => run.length > 0)
}

/** Whether the input is read up to there with that piece. */
function reaches({ input, to, whole }: Piece, ended: number, at: number): boolean {
  if (whole === undefined) return input === ended && to === at
  return whole.some(([one, , end]) => one === ended && end === at)
}

/** The ranges of pieces in their order; inputs that end without a piece have an empty one. */
function rangesOf(pieces: readonly Piece[], ends: ReadonlyMap<number, number>): InputRange[] {
  const ranges: [number, number, number][] = []
  for (const piece of pieces) {
    for (const [input, from, to] of piece.whole ?? [[piece.input, piece.from, piece.to] as const]) {
      const last = ranges.at(-1)
      if (last !== undefined && last[0] === input && last[2] === from) last[2] = to
      else ranges.push([input, from, to])
    }
  }
  const known = new Set(ranges.map(([input]) => input))
  for (const [input, at] of ends) {
    if (!known.has(input)) ranges.push([input, at, at])
  }
  return ranges
}
