import fc from 'fast-check'
import { ChunkTracker } from '../../../src/load/receipt/chunks.ts'
import {
  lineWriter,
  type ReceiptHeader,
  type ReceiptLine,
  type ResumeMode,
  readReceipt,
} from '../../../src/load/receipt/format.ts'
import type { InputRange } from '../../../src/load/receipt/lines.ts'
import { ReceiptState, type Remaining, type Stretch } from '../../../src/load/receipt/remaining.ts'
import { header } from './support.ts'

/** Records of the inputs, by the offsets of their borders. */
export interface World {
  readonly inputs: readonly { readonly borders: readonly number[]; readonly packed: boolean }[]
  readonly openRecords: number
}

export const worlds: fc.Arbitrary<World> = fc.record({
  inputs: fc.array(
    fc.record({
      borders: fc
        .constantFrom(80, 3)
        .chain(maxLength => fc.array(fc.integer({ min: 1, max: 9 }), { maxLength, size: 'max' }))
        .map(sizes => [0, ...sizes].map((_, n) => sizes.slice(0, n).reduce((a, b) => a + b, 0))),
      packed: fc.boolean(),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  openRecords: fc.integer({ min: 1, max: 80 }),
})

export interface RunPlan {
  readonly mode: ResumeMode
  readonly threads: number
  /** What happens, one step after the other, until they are used up: the run is killed then. */
  readonly steps: readonly number[]
  /** Whether to end it in order instead: what has ended is written down. */
  readonly tidy: boolean
  readonly losses: boolean
}

export const runPlans = (longest: number, losses = fc.boolean()): fc.Arbitrary<RunPlan> =>
  fc.record({
    mode: fc.constantFrom<ResumeMode>('ordered', 'gaps'),
    threads: fc.integer({ min: 0, max: 3 }),
    steps: fc.array(fc.nat(), { maxLength: longest, size: 'max' }),
    tidy: fc.boolean(),
    losses,
  })

const write = await lineWriter()

export const headerOf = (world: World): ReceiptHeader =>
  header({
    inputs: world.inputs.map(({ borders, packed }, index) => ({
      path: `${index}`,
      size: packed ? 5 : (borders.at(-1) as number),
      mtimeMs: 0,
      sample: '',
      compression: packed ? 'gzip' : null,
    })),
    openRecords: world.openRecords,
  })

/** One that reads: its stretches, one after the other. */
interface Reader {
  readonly domain: number
  readonly stretches: Stretch[]
  at: number
  piece: number
  waiting: boolean
}

/** Records of a piece at most. */
export const MOST_OF_A_PIECE = 9

interface OpenPiece {
  readonly domain: number
  readonly piece: number
  readonly records: readonly string[]
}

/** A load without files and cluster: who reads what, and what becomes of it, is drawn by lot. */
export class Simulation {
  readonly world: World
  readonly log: ReceiptLine[]
  /** Records that were delivered or rejected in any run. */
  readonly ended = new Set<string>()
  /** When each record was offered last. */
  readonly offered = new Map<string, number>()
  /** Offered in the last run. */
  messages = new Set<string>()
  #clock = 0

  constructor(world: World) {
    this.world = world
    this.log = [headerOf(world)]
  }

  get text(): Buffer {
    return Buffer.concat(this.log.map(write))
  }

  state(): ReceiptState {
    const state = new ReceiptState('receipt', this.log[0] as ReceiptHeader)
    for (const line of this.log.slice(1)) state.add(line as never)
    return state
  }

  /** Messages that were offered, and are to be offered again. */
  sentInVain(): number {
    const { stretches } = this.state().remaining('ordered')
    const left = stretches.flatMap(({ input, from, to }) => this.records(input, from, to))
    return left.filter(record => this.messages.has(record)).length
  }

  /** @returns what the run began with */
  async run({ mode, threads, steps, tidy, losses }: RunPlan): Promise<Remaining> {
    const before = this.state()
    const remaining = before.remaining(mode)
    if (this.log.length > 1) this.log.push({ resumed: { at: '', mode, millrace: '', openRecords: 1 } })
    const tracker = new ChunkTracker({
      openRecords: this.world.openRecords,
      chunkRecords: 12,
      chunkMs: 1e9,
      nextChunk: before.nextChunk,
      nextDomain: before.nextDomain,
      deadLetterBytes: () => 0,
      write: async line => {
        if (!killed) this.log.push(JSON.parse(JSON.stringify(line)))
      },
    })
    let killed = false
    this.messages = new Set()
    const queue =
      threads === 0 ? [] : remaining.stretches.flatMap(stretch => this.#parts(stretch, steps.length % 5))
    const reader = (stretches: Stretch[]): Reader => ({
      domain: tracker.addDomain(),
      stretches,
      at: stretches[0]?.from ?? 0,
      piece: 0,
      waiting: false,
    })
    const readers =
      threads === 0 ? [reader([...remaining.stretches])] : Array.from({ length: threads }, () => reader([]))
    const open: OpenPiece[] = []
    const death = new AbortController()
    for (const step of steps) {
      const pick = step % 7
      if (pick < 4 && open.length > 0) {
        const [piece] = open.splice((step >> 3) % open.length, 1) as [OpenPiece]
        this.#end(tracker, piece, losses && step % 11 === 0)
      } else {
        const one = readers[(step >> 3) % readers.length] as Reader
        if (!one.waiting)
          await this.#advance(tracker, one, queue, open, 1 + ((step >> 5) % MOST_OF_A_PIECE), death.signal)
      }
      await new Promise(setImmediate)
    }
    death.abort()
    if (tidy) await tracker.finish()
    killed = true
    void tracker.finish()
    return remaining
  }

  /** Names of the records between two borders. */
  records(input: number, from: number, to: number | null): string[] {
    const { borders } = this.world.inputs[input] as World['inputs'][number]
    return borders
      .slice(0, -1)
      .flatMap(at => (at >= from && (to === null || at < to) ? [`${input}:${at}`] : []))
  }

  #parts(stretch: Stretch, every: number): Stretch[] {
    const { borders, packed } = this.world.inputs[stretch.input] as World['inputs'][number]
    if (packed || !stretch.divisible || every === 0) return [stretch]
    const cuts = borders.filter(
      (at, n) => at > stretch.from && at < (stretch.to ?? 0) && n % (every * 3) === 0,
    )
    return [stretch.from, ...cuts].map((from, index) => ({ ...stretch, from, to: cuts[index] ?? stretch.to }))
  }

  async #advance(
    tracker: ChunkTracker,
    reader: Reader,
    queue: Stretch[],
    open: OpenPiece[],
    most: number,
    signal: AbortSignal,
  ): Promise<void> {
    if (reader.stretches.length === 0) {
      const next = queue.shift()
      if (next === undefined) return
      const whole = next.to === (this.world.inputs[next.input]?.borders.at(-1) as number) && next.from === 0
      if (!whole && next.divisible) this.log.push({ part: [next.input, next.from, next.to as number] })
      reader.stretches.push(next)
      reader.at = next.from
    }
    const whole = this.#whole(reader, most)
    if (whole.length > 1) {
      const after = () => {
        reader.stretches.splice(0, whole.length)
        reader.at = reader.stretches[0]?.from ?? 0
      }
      await this.#begin(tracker, reader, open, whole, after, signal)
      return
    }
    const { input, to } = reader.stretches[0] as Stretch
    const { borders, packed } = this.world.inputs[input] as World['inputs'][number]
    const last = to ?? (borders.at(-1) as number)
    const left = borders.filter(at => at > reader.at && at <= last)
    const end = left[Math.min(most, left.length) - 1]
    const { domain } = reader
    if (end === undefined) {
      if (to === null || !packed) tracker.inputEnded(domain, input, reader.at)
      reader.stretches.shift()
      reader.at = reader.stretches[0]?.from ?? 0
      return
    }
    const after = () => {
      reader.at = end
    }
    await this.#begin(tracker, reader, open, [[input, reader.at, end]], after, signal)
  }

  /** Inputs that a reader has left to read from beginning to end, and that have no more records than that together. */
  #whole({ at, stretches }: Reader, most: number): InputRange[] {
    const ranges: InputRange[] = []
    let left = most
    for (const { input, from, to } of at === 0 ? stretches : []) {
      const { borders } = this.world.inputs[input] as World['inputs'][number]
      const end = borders.at(-1) as number
      left -= borders.length - 1
      if (from > 0 || (to ?? end) !== end || left < 0) break
      ranges.push([input, 0, end])
    }
    return ranges
  }

  /** A piece of these; several are whole inputs. */
  async #begin(
    tracker: ChunkTracker,
    reader: Reader,
    open: OpenPiece[],
    ranges: readonly InputRange[],
    after: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { domain } = reader
    const [input, from] = ranges[0] as InputRange
    const all = ranges.flatMap(([one, start, end]) => this.records(one, start, end))
    // every fifth is blank
    const records = all.filter((_, n) => (from + n) % 5 !== 0)
    reader.waiting = true
    const taken = tracker.room.take(records.length, signal).then(() => {
      if (signal.aborted) return
      reader.waiting = false
      after()
      const piece = reader.piece++
      for (const record of all) this.offered.set(record, this.#clock++)
      for (const record of records) this.messages.add(record)
      for (const record of all) if (!records.includes(record)) this.ended.add(record)
      tracker.begin({
        domain,
        piece,
        input,
        from,
        to: ranges[0]?.[2] as number,
        whole: ranges.length > 1 ? ranges : undefined,
        records: records.length,
        skipped: all.length - records.length,
      })
      if (records.length > 0) open.push({ domain, piece, records })
    })
    await Promise.race([taken, new Promise(setImmediate)])
  }

  #end(tracker: ChunkTracker, { domain, piece, records }: OpenPiece, lost: boolean): void {
    const half = Math.floor(records.length / 2)
    const first = records.slice(0, half)
    const second = records.slice(half)
    const delivered = { partitions: [], unknownOffsets: 0, bytes: 0, hash: 0n, rejected: 0, lost: 0 }
    for (const record of lost ? first : records) this.ended.add(record)
    if (half > 0) tracker.end({ ...delivered, domain, piece, delivered: first.length })
    tracker.end({
      ...delivered,
      domain,
      piece,
      delivered: lost ? 0 : second.length,
      lost: lost ? second.length : 0,
    })
  }
}

/** What a receipt's bytes say is left; undefined: nothing was begun. */
export async function remainingOf(path: string, mode: ResumeMode): Promise<Remaining | undefined> {
  const lines: ReceiptLine[] = []
  const { header } = await readReceipt(path, line => lines.push(line))
  if (header === undefined) return undefined
  const state = new ReceiptState(path, header)
  for (const line of lines) state.add(line as never)
  return state.remaining(mode)
}
