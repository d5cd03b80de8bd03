import { DeliveryError, describe, type ErrorCode, MillraceError } from '../errors.ts'
import {
  type Input,
  inWhole,
  isPacked,
  type MessageBlock,
  type ReadOptions,
  readRecords,
} from '../input/index.ts'
import type { AttachedProducer } from '../producer/attached.ts'
import type { Producer } from '../producer/producer.ts'
import type { BatchResult } from '../producer/results.ts'
import { Account } from './account.ts'
import { InputMeter } from './input-meter.ts'
import { type Constants, type Offering, offering, sizeOf } from './offering.ts'
import type { Burst } from './rate.ts'
import { nextSlice } from './slice.ts'
import type { Steward } from './steward.ts'
import { Targets } from './targets.ts'

/** Something to read, and how. */
export interface Source {
  readonly input: Input
  readonly read: ReadOptions
}

export interface FeedOptions {
  readonly constants: Constants
  /** Parallel produce loops a producer. */
  readonly loops?: number | undefined
  /** The most to ask for at a time; absent: a block. */
  readonly burst?: Burst | undefined
}

/** Reads sources, one after the other, and sends their messages through the producers of one thread. */
export class Feed {
  readonly #options: FeedOptions
  readonly #steward: Steward
  readonly #targets: Targets
  /** A bad record that was granted already. */
  #granted: MillraceError | undefined
  /** The input being read. */
  #input: Input | undefined
  #over = false

  constructor(options: FeedOptions, steward: Steward) {
    this.#options = options
    this.#steward = steward
    this.#targets = new Targets(topic => steward.partitions(topic))
  }

  /** Waits until all that was offered has ended. Never rejects: what goes wrong is told. */
  async run(
    producers: readonly (Producer | AttachedProducer)[],
    sources: Iterable<Source> | AsyncIterable<Source>,
  ): Promise<void> {
    const offerings = sharedBy(this.#offerings(sources))
    await Promise.all(producers.map(producer => this.#produce(producer, offerings)))
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

  async *#offerings(sources: Iterable<Source> | AsyncIterable<Source>): AsyncGenerator<Offering> {
    try {
      for await (const source of sources) {
        this.#input = source.input
        yield* this.#ofSource(source)
        if (this.#over) return
      }
    } catch (cause) {
      await this.#fail(asMillraceError(cause))
    }
  }

  async *#ofSource({ input, read }: Source): AsyncGenerator<Offering> {
    const { finish } = this.#steward
    const meter = new InputMeter(input, isPacked(input.name, read.decompress))
    const blocks = readRecords(meter.input, { ...read, onBad: 'stop' })
    try {
      while (!this.#over) {
        const next = await unlessAborted(blocks.next(), finish)
        this.#over ||= next === undefined
        if (next === undefined || next.done === true) return
        yield* this.#ofBlock(next.value, meter.upTo(next.value.records.endByte))
      }
    } finally {
      // not awaited: who waits for input would never answer
      void blocks.return().catch(() => {})
    }
  }

  /** A block's messages, as many at a time as are granted; `bytes` of the input went into it. */
  async *#ofBlock(block: MessageBlock, bytes: number): AsyncGenerator<Offering> {
    const { constants, burst = {} } = this.#options
    const steward = this.#steward
    let { blank } = block.records
    let unread = bytes
    let from = 0
    do {
      const { count: wanted, bytes: wantedBytes } = nextSlice(block, from, burst)
      const grant = wanted === 0 ? NONE_NEEDED : await steward.take(wanted, wantedBytes)
      this.#over ||= grant.last
      if (grant.count < wanted) this.#over = true
      if (grant.count === 0 && wanted > 0) return
      const lost = await this.#targets.firstLost(block, from, from + grant.count, constants)
      const to = lost?.index ?? from + grant.count
      steward.tell({ kind: 'read', records: to - from, blank, bytes: unread })
      blank = 0
      unread = 0
      if (to > from) yield offering(block, from, to, constants)
      if (lost !== undefined) {
        this.#granted = lost.record.error
        throw lost.record.error
      }
      from = to
    } while (from < block.count && !this.#over)
  }

  async #fail(error: MillraceError): Promise<void> {
    const steward = this.#steward
    let told = error
    if (error.code === 'BAD_RECORD') {
      // it counts as read, too
      if (error !== this.#granted && (await steward.take(1, 0)).count === 0) return
      told = await this.#inWhole(error)
    }
    steward.tell({ kind: 'input', error: told })
  }

  /** In a part of a file lines are counted from its beginning; people count from the file's. */
  async #inWhole(error: MillraceError): Promise<MillraceError> {
    const { start = 0, linesBefore } = this.#input ?? {}
    if (start === 0 || linesBefore === undefined) return error
    return inWhole(error, await linesBefore().catch(() => null))
  }

  /** Notes how each record of an offering ended. What was not offered stays open, and is unsent in the end. */
  #settle(result: BatchResult, offered: Offering): void {
    const account = new Account()
    account.addDeliveries(result, index => sizeOf(offered, index))
    let rejected = 0
    let failed = 0
    let rejection: MillraceError | undefined
    let failure: MillraceError | undefined
    let broken: MillraceError | undefined
    for (const { error } of result.failures) {
      if (RECORDS_FAULT.includes(error.code)) {
        rejected++
        rejection ??= error
      } else if (error.code === 'DELIVERY_FAILED') {
        if (!wasHandedBack(error)) failed++
        // the broker refuses whole batches: which record of it is to blame is not known, so none is called rejected
        if ((error as DeliveryError).fault === 'record') failure ??= error
        else broken ??= error
      } else broken ??= error
    }
    const { delivered, bytes, partitions } = account
    const { possiblyPersisted } = result
    const sums = { delivered, failed, possiblyPersisted, rejected, bytes, partitions }
    this.#steward.tell({ kind: 'settled', ...sums, rejection, failure, broken })
  }
}

const NONE_NEEDED = { count: 0, last: false }

/** What is found in a message itself, before it is accepted. */
const RECORDS_FAULT: readonly ErrorCode[] = ['INVALID_MESSAGE', 'UNSUPPORTED_MESSAGE', 'MESSAGE_TOO_LARGE']

/** Accepted, but dropped unsent when its producer was closed: unsent, as what was never accepted. */
function wasHandedBack(error: MillraceError): boolean {
  return error instanceof DeliveryError && error.kafkaName === '_PURGE_QUEUE' && !error.possiblyPersisted
}

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
