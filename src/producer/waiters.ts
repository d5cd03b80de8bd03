import type { Engine, Receiver, Tally } from '../engine/engine.ts'
import type { DeliveryError, MillraceError } from '../errors.ts'
import type { Delivery, Framed, Message } from '../types.ts'
import type { Advance, Waiter } from './line.ts'

/** Messages offered before the clock is looked at: up to 2 ms' worth on the callback engine. */
const SLICE = 1000

type Resolve = (delivery: Delivery) => void
type Reject = (error: MillraceError) => void

let lastResolve: Resolve
let lastReject: Reject

// one function for all promises: a closure a message is memory that lives as long as the message is in flight, and
// the garbage collector was a third of what `send` took
const capture = (resolve: Resolve, reject: Reject): void => {
  lastResolve = resolve
  lastReject = reject
}

/** One message with a promise. */
export class SendReceiver implements Receiver {
  readonly promise = new Promise<Delivery>(capture)
  readonly #resolve = lastResolve
  readonly #reject = lastReject

  delivered(topic: string, partition: number, offset: number | null): void {
    this.#resolve({ topic, partition, offset })
  }

  failed(error: DeliveryError): void {
    this.#reject(error)
  }

  handedBack(error: DeliveryError): void {
    this.#reject(error)
  }

  refused(error: MillraceError): void {
    this.#reject(error)
  }
}

/** One message that waits for room. */
export class MessageWaiter implements Waiter {
  readonly #engine: Engine
  readonly #message: Message
  readonly #receiver: Receiver
  readonly #due: number
  readonly #done: () => void
  readonly #withdraw: (error: MillraceError) => void

  constructor(
    engine: Engine,
    message: Message,
    receiver: Receiver,
    due: number,
    done: () => void,
    withdraw: (error: MillraceError) => void,
  ) {
    this.#engine = engine
    this.#message = message
    this.#receiver = receiver
    this.#due = due
    this.#done = done
    this.#withdraw = withdraw
  }

  advance(): Advance {
    return this.#engine.offer(this.#message, this.#receiver, this.#due) ? 'done' : 'full'
  }

  done(): void {
    this.#done()
  }

  withdraw(error: MillraceError): void {
    this.#withdraw(error)
  }
}

/** Many messages that enter as there is room; `offered` resolves when all have been, and rejects when withdrawn. */
export class BatchWaiter implements Waiter {
  readonly offered: Promise<void>
  #resolve!: () => void
  #reject!: (error: MillraceError) => void
  readonly #engine: Engine
  readonly #messages: readonly Message[] | Framed
  readonly #length: number
  readonly #tally: Tally
  #next = 0

  constructor(engine: Engine, messages: readonly Message[] | Framed, length: number, tally: Tally) {
    this.#engine = engine
    this.#messages = messages
    this.#length = length
    this.#tally = tally
    this.offered = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  advance(): Advance {
    const to = Math.min(this.#next + SLICE, this.#length)
    this.#next = this.#engine.offerMany(this.#messages, this.#next, to, this.#tally)
    if (this.#next === this.#length) return 'done'
    return this.#next === to ? 'more' : 'full'
  }

  done(): void {
    this.#resolve()
  }

  withdraw(error: MillraceError): void {
    this.#reject(error)
  }
}
