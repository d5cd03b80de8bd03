import type { DeliveryError, MillraceError } from '../errors.ts'
import type { Histogram } from '../latency/index.ts'
import type { Delivery, Detail, Framed, Message } from '../types.ts'
import type { VisitRun } from './delivery-runs.ts'

/** Where a message offered alone reports to: exactly one of these is called, once. */
export interface Receiver {
  /** Acknowledged. */
  delivered(topic: string, partition: number, offset: number | null): void
  /** Accepted, but not acknowledged. */
  failed(error: DeliveryError): void
  /** Accepted, never sent: `close` hands it back. */
  handedBack(error: DeliveryError): void
  /** Never accepted: the message itself cannot be sent. Called inside `offer`, or later where librdkafka says so. */
  refused(error: MillraceError): void
}

/** A message of a batch that was not delivered. */
export interface Failure {
  readonly index: number
  /** A DeliveryError for what was accepted; otherwise the message was refused. */
  readonly error: MillraceError
}

/**
 * The account of one batch, kept by the engine: per message the reports only change numbers here.
 * offered = accepted + refused; accepted = delivered + failed + handedBack once `ended` resolves.
 */
export interface Tally {
  readonly offered: number
  readonly accepted: number
  readonly refused: number
  readonly delivered: number
  readonly failed: number
  /** Part of failed. */
  readonly possiblyPersisted: number
  /** Accepted, never sent, and handed back by `close`. */
  readonly handedBack: number
  /** By index, refused ones included; empty with detail `counts`. */
  readonly failures: readonly Failure[]
  /** Null with another detail than `all`, or where that message was not delivered. */
  delivery(index: number): Delivery | null
  /** Deliveries by runs, in the order of the messages; none with another detail than `all`. */
  visitRuns(visit: VisitRun): void
  /** No more messages will be offered into this tally. */
  seal(): void
  /** Resolves once the tally is sealed and every accepted message has ended. Never rejects. */
  readonly ended: Promise<void>
}

/** What the engine tells its producer. Called on the main thread, outside of `offer`. */
export interface EngineListener {
  /** There is room again after an offer found none. One call for all who wait. */
  room(): void
  /** No message will be accepted any more. */
  fatal(error: MillraceError): void
}

export interface EngineCounts {
  readonly accepted: number
  readonly refused: number
  readonly delivered: number
  readonly failed: number
  readonly possiblyPersisted: number
  readonly aborted: number
  readonly handedBack: number
  readonly inFlight: number
  /** Admission's bytes: value, key, headers and the overhead of each message in flight. */
  readonly inFlightBytes: number
}

/** How many messages and bytes may be in flight, librdkafka's queue included. */
export interface Limits {
  readonly messages: number
  readonly bytes: number
}

/**
 * How messages enter librdkafka and how deliveries come back.
 *
 * Admission belongs to the engine: an offer takes credits before it produces and a delivery gives them
 * back, so librdkafka's queue is never full. An offer that finds no room takes nothing and arms `room`.
 * The order of offers is the order of messages in each partition.
 */
export interface Engine {
  readonly name: 'callback' | 'batch'
  readonly counts: EngineCounts
  readonly limits: Limits
  listener: EngineListener
  /** Whether it times acknowledgements. */
  readonly timed: boolean

  /**
   * Offers one message. False: no room, nothing taken. True: the receiver was or will be called.
   * @param due when it was due, as latency/clock.ts tells time; 0 where it is not timed
   */
  offer(message: Message, receiver: Receiver, due: number): boolean

  /** Opens the account of a batch of `length` messages, all due at the same time. */
  tally(length: number, detail: Detail, due: number): Tally

  /**
   * Offers messages `from` to `to` (exclusive) into `tally`; returns the index of the first that was
   * not taken for want of room, `to` when all were. Those it cannot send it counts as refused.
   */
  offerMany(messages: readonly Message[] | Framed, from: number, to: number, tally: Tally): number

  /**
   * Sends without lingering until nothing is in flight, `timeoutMs` passed, or `signal` says stop.
   * Returns whether nothing is in flight.
   */
  drain(timeoutMs: number, signal?: AbortSignal): Promise<boolean>

  /** From when each delivered message was due to its acknowledgement; null where that is not timed. */
  latencies(reset: boolean): Histogram | null

  /** What it would hand back so far belonged to a transaction that was aborted: it is not handed back. */
  discardHandedBack(): void

  /**
   * Ends every message that is still in flight, as unsent or failed by what the engine can tell, and
   * frees all resources. Never rejects; bounded.
   * @returns the messages that were accepted and certainly never sent (the callback engine cannot tell)
   */
  close(): Promise<Message[]>
}
