import { messageOf } from '../engine/message.ts'
import { DeliveryError, describe, MillraceError } from '../errors.ts'
import {
  type BadRecord,
  blanksUpTo,
  borderBefore,
  ChunkRing,
  type Input,
  isPacked,
  type MessageBlock,
  originOf,
  type ReadOptions,
  readRecords,
} from '../input/index.ts'
import type { AttachedProducer } from '../producer/attached.ts'
import type { Producer } from '../producer/producer.ts'
import type { BatchResult } from '../producer/results.ts'
import type { Message } from '../types.ts'
import { Account } from './account.ts'
import { Backlog } from './backlog.ts'
import { Doubt } from './doubt.ts'
import { InputMeter } from './input-meter.ts'
import { type Kept, kept } from './kept.ts'
import { Lines } from './lines.ts'
import { Mixed } from './mixed.ts'
import { type Constants, type Offering, offering, sizeOf } from './offering.ts'
import { type Place, StreamWatch } from './place.ts'
import type { Burst } from './rate.ts'
import type { InputRange } from './receipt/lines.ts'
import { Pieces } from './receipt/pieces.ts'
import {
  type Copy,
  copyOf,
  type Origin,
  type Rejected,
  type Returned,
  reasonOf,
  rejectedInput,
} from './returned.ts'
import type { Spelling } from './spelling.ts'
import type { Steward } from './steward.ts'
import { Targets } from './targets.ts'
import { type Verdict, verdict } from './verdict.ts'

/** Something to read, and how. */
export interface Source {
  readonly input: Input
  readonly read: ReadOptions
  readonly place: Place
}

/** Small inputs that were read already, each from beginning to end, to be sent together. */
export interface Bundle {
  /** All of their messages, of which none is bad. */
  readonly block: MessageBlock
  /** What of which input that is. */
  readonly ranges: readonly InputRange[]
  /** In bytes. */
  readonly size: number
  /** The same, to be sent one by one. */
  readonly sources: readonly Source[]
}

export interface FeedOptions {
  readonly constants: Constants
  /** Parallel produce loops a producer. */
  readonly loops?: number | undefined
  /** The most to ask for at a time; absent: a block. */
  readonly burst?: Burst | undefined
  /** Whether bad records are rejected and reading goes on; default: the first one ends it. */
  readonly goOn?: boolean | undefined
  /** The order domain of what this one reads, for a receipt; absent: there is none. */
  readonly domain?: number | undefined
  /** How options are called towards the user; default: as a program's. */
  readonly spelling?: Spelling | undefined
}

/** Which records an offering was made of. */
interface Offered extends Kept {
  readonly from: number
  readonly lines: Lines
  /** For a receipt: the piece that it belongs to. */
  readonly piece: number
}

/** Reads sources, one after the other, and sends their messages through the producers of one thread. */
export class Feed {
  readonly #options: FeedOptions
  readonly #steward: Steward
  readonly #targets: Targets
  /** What is read into it is held there until it has ended. */
  readonly #ring = new ChunkRing()
  readonly #backlog = new Backlog()
  readonly #doubt = new Doubt()
  /** What was offered and has not ended. */
  readonly #offered = new Map<Offering, Offered>()
  /** A bad record that was granted already. */
  #granted: MillraceError | undefined
  /** For a receipt. */
  #pieces: Pieces | undefined
  /** The lines of the input being read. */
  #lines = new Lines(undefined)
  #over = false

  constructor(options: FeedOptions, steward: Steward) {
    this.#options = options
    this.#steward = steward
    this.#targets = new Targets(topic => steward.partitions(topic), options.spelling ?? 'options')
  }

  /** Waits until all that was offered has ended. Never rejects: what goes wrong is told. */
  async run(
    producers: readonly (Producer | AttachedProducer)[],
    sources: Iterable<Source | Bundle> | AsyncIterable<Source | Bundle>,
  ): Promise<void> {
    const { domain } = this.#options
    if (domain !== undefined) this.#pieces = await Pieces.of(domain, this.#steward)
    const offerings = sharedBy(this.#offerings(sources))
    await Promise.all(producers.map(producer => this.#produce(producer, offerings)))
    await this.#backlog.ended()
  }

  async #produce(producer: Producer | AttachedProducer, offerings: AsyncIterable<Offering>): Promise<void> {
    const { abort } = this.#steward
    try {
      await producer.produceFrom(offerings, {
        loops: this.#options.loops,
        detail: 'all',
        onBatch: (result, messages) => this.#settle(result, messages),
        signal: abort,
      })
    } catch (error) {
      // aborted by the load: the reason is known already
      if (!abort.aborted) this.#steward.tell({ kind: 'broken', error: asMillraceError(error) })
    }
  }

  async *#offerings(
    sources: Iterable<Source | Bundle> | AsyncIterable<Source | Bundle>,
  ): AsyncGenerator<Offering> {
    try {
      for await (const source of sources) {
        if ('block' in source) yield* this.#ofBundle(source)
        else yield* this.#ofSource(source)
        if (this.#over) return
      }
    } catch (cause) {
      await this.#fail(asMillraceError(cause))
    }
  }

  async *#ofBundle({ block, ranges, size, sources }: Bundle): AsyncGenerator<Offering> {
    const steward = this.#steward
    const { count } = block
    this.#lines = new Lines(undefined)
    await unlessAborted(this.#calm(), steward.finish)
    if (this.#doubt.is) {
      for (const source of sources) {
        if (!this.#over) yield* this.#ofSource(source)
      }
      return
    }
    const grant = count === 0 ? NONE_NEEDED : await steward.take(count, 0)
    this.#over ||= grant.last || grant.count < count
    if (grant.count < count) return
    const { blank } = block.records
    const piece = this.#pieces?.beginWhole(ranges, count, blank)
    steward.tell({ kind: 'read', records: count, blank, bytes: size, piece })
    if (count > 0) yield this.#offering({ block, memory: undefined }, 0, count)
  }

  async *#ofSource({ input, read, place }: Source): AsyncGenerator<Offering> {
    this.#lines = new Lines(input)
    const { finish } = this.#steward
    const bad: BadRecord[] = []
    const onBad = this.#options.goOn ? (record: BadRecord) => bad.push(record) : ('stop' as const)
    const stream =
      place.isStream && this.#pieces !== undefined
        ? await StreamWatch.of(input.name, place.passed)
        : undefined
    const meter = new InputMeter(input, isPacked(input.name, read.decompress))
    const blocks = readRecords(meter.input, { ...read, onBad }, this.#ring)
    this.#pieces?.open(place.input, place.passed?.to ?? input.start ?? 0, stream)
    try {
      while (!this.#over) {
        const next = await unlessAborted(blocks.next(), finish)
        this.#over ||= next === undefined
        if (next === undefined) return
        if (next.done === true) {
          stream?.end()
          if (place.ends) this.#pieces?.inputEnded()
          return
        }
        const { records } = next.value
        const bytes = meter.upTo(records.endByte)
        const first = stream?.pass(records) ?? 0
        const { to = 0 } = place.passed ?? {}
        const found = bad.splice(0).filter(({ byte }) => byte >= to)
        if (records.endByte <= to) this.#steward.tell({ kind: 'read', records: 0, blank: 0, bytes })
        else yield* this.#ofBlock(next.value, new Mixed(next.value, found, first), bytes)
      }
    } finally {
      // not awaited: who waits for input would never answer
      void blocks.return().catch(() => {})
    }
  }

  /** A block's messages, as many at a time as are granted; `bytes` of the input went into it. */
  async *#ofBlock(given: MessageBlock, mixed: Mixed, bytes: number): AsyncGenerator<Offering> {
    const held = kept(given, this.#ring)
    const { block } = held
    const { burst = {} } = this.#options
    const steward = this.#steward
    const pieces = this.#pieces
    let blanks = mixed.blanksBefore
    let unread = bytes
    do {
      await unlessAborted(this.#calm(), steward.finish)
      const next = mixed.slice(this.#doubt.is ? { ...burst, records: 1 } : burst)
      const wanted = next.count
      const grant = wanted === 0 ? NONE_NEEDED : await steward.take(wanted, next.bytes)
      this.#over ||= grant.last
      if (grant.count < wanted) this.#over = true
      if (grant.count === 0 && wanted > 0) return
      const share = mixed.take(grant.count)
      const { border } = mixed
      const blank = border.blanks - blanks
      blanks = border.blanks
      const told = { kind: 'read', bytes: unread } as const
      unread = 0
      if (this.#options.goOn) {
        const piece = pieces?.begin(given.records, border.at, grant.count, blank)
        steward.tell({ ...told, records: grant.count, blank, piece })
        await this.#rejectAll(share.bad)
        yield* this.#found(held, share.from, share.to)
        continue
      }
      const lost = await this.#targets.firstLost(block, share.from, share.to, this.#options.constants)
      const to = lost?.index ?? share.to
      const end = lost === undefined ? border.at : borderBefore(given.records, to)
      const passed = lost === undefined ? blank : blank - (blanks - blanksUpTo(given.records, to))
      const piece = pieces?.begin(given.records, end, to - share.from, passed)
      steward.tell({ ...told, records: to - share.from, blank: passed, piece })
      if (to > share.from) yield this.#offering(held, share.from, to)
      if (lost === undefined) continue
      this.#granted = lost.record.error
      throw lost.record.error
    } while (mixed.left > 0 && !this.#over)
  }

  /** Those of a block's messages that have somewhere to go; the others are rejected. */
  async *#found(held: Kept, from: number, to: number): AsyncGenerator<Offering> {
    for (let at = from; at < to; ) {
      const lost = await this.#targets.firstLost(held.block, at, to, this.#options.constants)
      const end = lost?.index ?? to
      if (end > at) yield this.#offering(held, at, end)
      if (lost !== undefined) await this.#rejectAll([lost.record])
      at = end + 1
    }
  }

  /** Waits until more may be read. */
  async #calm(): Promise<void> {
    await this.#doubt.calm()
    await this.#backlog.clear()
  }

  #offering({ block, memory }: Kept, from: number, to: number): Offering {
    const offered = offering(block, from, to, this.#options.constants)
    const piece = this.#pieces?.current ?? 0
    this.#offered.set(offered, { block, memory, from, lines: this.#lines, piece })
    if (memory !== undefined) this.#ring.hold(memory)
    this.#doubt.offered()
    return offered
  }

  /** @throws MillraceError INPUT_UNREADABLE at one behind which nothing can be read */
  async #rejectAll(bad: readonly BadRecord[]): Promise<void> {
    if (bad.length === 0) return
    const lines = this.#lines
    const { topic } = this.#options.constants
    const before = await lines.before()
    const found = bad.map(record => ({
      record,
      rejected: rejectedInput(record, lines.ofBad(record, before), topic),
    }))
    const endless = found.find(({ record }) => record.endless)
    const rejected = found.filter(one => one !== endless).map(({ rejected }) => rejected)
    const piece = this.#pieces?.current ?? 0
    const isAside = rejected.length === 0 || (await this.#steward.reject(rejected))
    this.#pieces?.aside(piece, isAside ? rejected.length : 0, bad.length - (isAside ? rejected.length : 0))
    if (endless !== undefined) throw cutOff(endless.record)
  }

  async #fail(error: MillraceError): Promise<void> {
    const steward = this.#steward
    let told = error
    if (error.code === 'BAD_RECORD') {
      // it counts as read, too
      if (error !== this.#granted && (await steward.take(1, 0)).count === 0) return
      told = await this.#lines.inWhole(error)
    }
    steward.tell({ kind: 'input', error: told })
  }

  /** Notes how each record of an offering ended. What was not offered stays open, and is unsent in the end. */
  #settle(result: BatchResult, offered: Offering): void {
    const pieces = this.#pieces
    const account = new Account(pieces !== undefined)
    account.addDeliveries(result, (from, to) => sizeOf(offered, from, to))
    const back: GivenBack[] = []
    let failure: MillraceError | undefined
    let broken: MillraceError | undefined
    for (const { index, error } of result.failures) {
      const found = verdict(error)
      if (found === 'unsent') continue
      if (found === 'failed' || found === 'fatal') {
        if (error.code === 'DELIVERY_FAILED') account.failed++
        failure ??= error
        if (found === 'fatal') broken ??= error
        // copied before the memory is used again
      } else back.push({ index, error, found, copy: copyOf(messageAt(offered, index)) })
    }
    const { delivered, failed, bytes, partitions } = account
    const { possiblyPersisted } = result
    this.#doubt.settled({ delivered, lost: possiblyPersisted > 0 })
    const sums = { delivered, failed, possiblyPersisted, bytes, partitions }
    const origin = this.#offered.get(offered) as Offered
    this.#offered.delete(offered)
    const end = pieces?.settled(origin.piece, { offered, result, account, returned: back.length })
    this.#steward.tell({ kind: 'settled', ...sums, failure, broken, end })
    if (origin.memory !== undefined) this.#ring.release(origin.memory)
    if (back.length === 0) return
    const waiting = back.filter(({ found }) => found === 'wait').length
    this.#backlog.add({ suspects: back.length - waiting, waiting }, this.#giveBack(back, origin))
  }

  /** Rejects what is itself the cause, has the others offered again, and waits until all of them have ended. */
  async #giveBack(back: readonly GivenBack[], { block, from, lines, piece }: Offered): Promise<void> {
    const before = await lines.before()
    const rejected: Rejected[] = []
    const returned: Returned[] = []
    for (const { index, error, found, copy } of back) {
      const { input, line, byte } = originOf(block.records, from + index)
      const origin: Origin = { file: input, byte, line: before === null ? null : before + line }
      const reason = reasonOf(error)
      if (found === 'reject') rejected.push({ origin, reason, copy })
      else returned.push({ origin, reason, copy, verdict: found, refusedBy: partitionOf(error) })
    }
    const steward = this.#steward
    const [isAside, fates] = await Promise.all([
      rejected.length === 0 ? true : steward.reject(rejected),
      returned.length === 0 ? [] : steward.again(returned),
    ])
    this.#pieces?.aside(piece, isAside ? rejected.length : 0, isAside ? 0 : rejected.length)
    this.#pieces?.fated(piece, returned, fates)
  }
}

/** What an input ends inside of is no record: it may be many. So it was read, and is neither rejected nor sent. */
export function cutOff({ input, byte, error }: BadRecord): MillraceError {
  return new MillraceError('INPUT_UNREADABLE', `${error.message}. The input ends inside of it`, {
    context: { input, byte },
    cause: error,
  })
}

/** A message that was not delivered, and is not lost for that. */
interface GivenBack {
  readonly index: number
  readonly error: MillraceError
  readonly found: Exclude<Verdict, 'unsent' | 'failed' | 'fatal'>
  readonly copy: Copy
}

function messageAt(offered: Offering, index: number): Message {
  return 'ranges' in offered ? messageOf(offered, index) : (offered[index] as Message)
}

function partitionOf(error: MillraceError): number | undefined {
  return error instanceof DeliveryError ? (error.partition ?? undefined) : undefined
}

const NONE_NEEDED = { count: 0, last: false }

/** One generator for several consumers; none of them may end it for the others. */
function sharedBy<T>(generator: AsyncGenerator<T>): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => ({ next: () => generator.next() }) }
}

/** What was promised, or undefined where the signal comes first. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const leave = () => signal.removeEventListener('abort', onAbort)
    const onAbort = () => resolve(undefined)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(leave)
  })
}

export function asMillraceError(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error
  return new MillraceError('SOURCE_FAILED', `The load failed unexpectedly: ${describe(error)}`, {
    cause: error,
  })
}
