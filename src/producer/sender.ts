import type { Engine } from '../engine/engine.ts'
import { MillraceError } from '../errors.ts'
import { nanoseconds, now } from '../latency/index.ts'
import type { Delivery, Detail, Framed, Message } from '../types.ts'
import { batchLength } from './batch-length.ts'
import { checkSignal, optionsOf, timeout } from './call-options.ts'
import { Line } from './line.ts'
import { type Item, type ProduceFromOptions, ProduceRun, type Source, withResult } from './produce-from.ts'
import { type BatchResult, batchResult, type ProduceResult, type ProducerCounts } from './results.ts'
import { BatchWaiter, MessageWaiter, SendReceiver } from './waiters.ts'

/** Beyond some, loops only take turns at the source. */
const MOST_LOOPS = 10_000

export interface SendOptions {
  /** Withdraws the message if it was not accepted yet. */
  readonly signal?: AbortSignal | undefined
  /**
   * When it was due, on performance.now()'s clock: its latency counts from then, waiting for room included.
   * Default: the call. Without effect where latencies are not measured.
   */
  readonly dueAt?: number | undefined
}

export interface BatchOptions extends SendOptions {
  /** What to keep of each delivery; default `failures`. */
  readonly detail?: Detail | undefined
}

export interface FlushOptions {
  /** Default: as long as it takes; every message ends within delivery.timeout.ms. */
  readonly timeoutMs?: number | undefined
}

export const NO_OPTIONS: SendOptions = {}

/** Throws where no message may be sent now. */
export type Check = () => void

/**
 * The ways to send, over one engine and one line of calls that wait for room. A producer has one, and so has each
 * thread that is attached to it. What each call waits for and how it fails stands with `Producer`'s methods.
 */
export class Sender {
  readonly #engine: Engine
  readonly #line = new Line()
  readonly #runs = new Set<{ stop(error: MillraceError): void }>()

  /** @param onFatal hears once that no message will be accepted any more */
  constructor(engine: Engine, onFatal: (error: MillraceError) => void) {
    this.#engine = engine
    engine.listener = { room: () => this.#line.pump(), fatal: onFatal }
  }

  get counts(): ProducerCounts {
    return { ...this.#engine.counts, waiting: this.#line.length }
  }

  send(message: Message, options: SendOptions): Promise<Delivery> {
    const { signal, dueAt } = optionsOf('send', options)
    checkSignal(signal)
    const receiver = new SendReceiver()
    const due = this.#due(dueAt)
    if (signal === undefined && this.#line.empty && this.#engine.offer(message, receiver, due))
      return receiver.promise
    const withdraw = (error: MillraceError) => receiver.refused(error)
    this.#line.enter(new MessageWaiter(this.#engine, message, receiver, due, () => {}, withdraw), signal)
    return receiver.promise
  }

  trySend(message: Message): Promise<Delivery> | null {
    if (!this.#line.empty) return null
    const receiver = new SendReceiver()
    return this.#engine.offer(message, receiver, this.#due(undefined)) ? receiver.promise : null
  }

  async sendBatch(
    messages: readonly Message[] | Framed,
    options: BatchOptions,
    check: Check,
  ): Promise<BatchResult> {
    const { detail = 'failures', signal, dueAt } = optionsOf('sendBatch', options)
    checkDetail(detail)
    checkSignal(signal)
    const length = batchLength(messages)
    check()
    const tally = this.#engine.tally(length, detail, this.#due(dueAt))
    const waiter = new BatchWaiter(this.#engine, messages, length, tally)
    this.#line.enter(waiter, signal)
    let cut: MillraceError | undefined
    await waiter.offered.catch(error => {
      cut = error
    })
    tally.seal()
    await tally.ended
    const result = batchResult(tally, length)
    if (cut !== undefined) throw withResult(cut, result)
    return result
  }

  async produceFrom<T = Item>(
    source: Source<T>,
    options: ProduceFromOptions<T>,
    check: Check,
  ): Promise<ProduceResult> {
    const { loops = 1, detail = 'failures', signal } = optionsOf('produceFrom', options)
    checkDetail(detail)
    checkSignal(signal)
    if (!Number.isInteger(loops) || loops < 1 || loops > MOST_LOOPS) {
      throw new MillraceError(
        'USAGE',
        `produceFrom takes a whole number of loops from 1 to ${MOST_LOOPS}, not ${typeof loops === 'number' ? loops : typeof loops}`,
      )
    }
    check()
    const run = new ProduceRun({ engine: this.#engine, line: this.#line, check }, source, options)
    this.#runs.add(run)
    try {
      return await run.run()
    } finally {
      this.#runs.delete(run)
    }
  }

  #due(dueAt: number | undefined): number {
    if (
      dueAt !== undefined &&
      !(typeof dueAt === 'number' && Number.isFinite(dueAt) && nanoseconds(dueAt) >= 0)
    ) {
      throw new MillraceError('USAGE', 'dueAt is no moment of performance.now()', {
        hint: 'Give milliseconds as performance.now() tells them',
      })
    }
    if (!this.#engine.timed) return 0
    return dueAt === undefined ? now() : nanoseconds(dueAt)
  }

  async flush(options: FlushOptions): Promise<void> {
    const { timeoutMs = Number.POSITIVE_INFINITY } = optionsOf('flush', options)
    if (await this.drain(timeout(timeoutMs))) return
    const { inFlight, waiting } = this.counts
    throw new MillraceError(
      'FLUSH_TIMEOUT',
      `${inFlight} messages were still on their way after ${timeoutMs} ms`,
      {
        hint: 'They go on; flush again, or close() to account for them',
        context: { inFlight, waiting },
      },
    )
  }

  /** Until neither the line nor the engine holds a message; returns whether that is so. */
  async drain(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const left = Math.max(0, deadline - performance.now())
      const drained = await this.#engine.drain(left, signal)
      if (drained && this.#line.empty) return true
      if (left === 0 || signal?.aborted) return false
      // nothing in flight and someone in line: it is offered in the next turns
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  /** Produce loops take no more from their sources; what they took goes on. */
  stopRuns(error: MillraceError): void {
    for (const run of this.#runs) run.stop(error)
  }

  /** What was not accepted yet is withdrawn. */
  withdraw(error: MillraceError): void {
    this.stopRuns(error)
    this.#line.clear(error)
  }
}

const details: readonly Detail[] = ['counts', 'failures', 'all']

function checkDetail(detail: Detail): void {
  if (details.includes(detail)) return
  throw new MillraceError(
    'USAGE',
    `There is no detail ${typeof detail === 'string' ? JSON.stringify(detail) : typeof detail}`,
    {
      hint: `Give ${details.join(', ')}`,
    },
  )
}
