import type { Limits } from './engine.ts'

/**
 * What a message costs beside its own bytes: librdkafka's message struct with its allocation, the handle
 * that carries our slot number through it, and the slot. Measured as growth of RSS a message in flight.
 */
export const MESSAGE_OVERHEAD = 256

export const DEFAULT_LIMITS: Limits = { messages: 100_000, bytes: 64 * 1024 * 1024 }

/** The user's limits stand in librdkafka's own properties; ours are the credits, librdkafka's are lifted. */
export function limitsFrom(properties: Readonly<Record<string, string | number | boolean>>): Limits {
  const messages = properties['queue.buffering.max.messages']
  const kilobytes = properties['queue.buffering.max.kbytes']
  return {
    // 0 is librdkafka's "no limit"
    messages: messages === undefined ? DEFAULT_LIMITS.messages : Number(messages) || Number.POSITIVE_INFINITY,
    bytes: kilobytes === undefined ? DEFAULT_LIMITS.bytes : Number(kilobytes) * 1024,
  }
}

/** Properties that lift librdkafka's own limits, so that it never reports a full queue. */
export const LIFTED = {
  'queue.buffering.max.messages': 0,
  'queue.buffering.max.kbytes': 2_147_483_647,
} as const

/**
 * Credits by messages and bytes. A refused `take` arms the wake-up; `give` says when to call it: once,
 * when a quarter of the limits is free again or nothing is in flight. Everything taken is given back in
 * the end, so an armed wake-up always comes.
 */
export class Admission {
  readonly limits: Limits
  readonly #wakeAtMessages: number
  readonly #wakeAtBytes: number
  #messages = 0
  #bytes = 0
  #armed = false

  constructor(limits: Limits) {
    this.limits = limits
    this.#wakeAtMessages = Math.floor(limits.messages * 0.75)
    this.#wakeAtBytes = Math.floor(limits.bytes * 0.75)
  }

  get messages(): number {
    return this.#messages
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Whether a message of this cost could ever be taken. */
  fits(bytes: number): boolean {
    return bytes <= this.limits.bytes
  }

  take(bytes: number): boolean {
    if (this.#messages + 1 > this.limits.messages || this.#bytes + bytes > this.limits.bytes) {
      this.arm()
      return false
    }
    this.#messages++
    this.#bytes += bytes
    return true
  }

  /** Has the next `give`s wake who waits, as a refused `take` does. */
  arm(): void {
    this.#armed = true
  }

  give(bytes: number): void {
    this.#messages--
    this.#bytes -= bytes
  }

  /** Whether those who wait are to be woken now; disarms. */
  wakes(): boolean {
    if (!this.#armed) return false
    const room = this.#messages <= this.#wakeAtMessages && this.#bytes <= this.#wakeAtBytes
    if (!room && this.#messages > 0) return false
    this.#armed = false
    return true
  }
}
