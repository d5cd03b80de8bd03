import { setMaxListeners } from 'node:events'
import { aborted, MillraceError } from '../errors.ts'

/** How long offering may hold the event loop before others get their turn. */
const TURN_MS = 1

/** `done`: all of it was offered. `full`: wait for room. `more`: there is room for more of it. */
export type Advance = 'done' | 'full' | 'more'

/** A call whose messages are not all accepted yet. */
export interface Waiter {
  advance(): Advance
  /** All was offered. */
  done(): void
  /** What was not offered yet will not be. */
  withdraw(error: MillraceError): void
}

/**
 * Those in line whom one signal withdraws. There is one listener for all of them: a signal looks through all that it has
 * for each that is added or taken away.
 */
interface Behind {
  readonly waiters: Set<Waiter>
  stop(): void
}

/**
 * Calls wait here for room in the order they were made: the first goes on until all of it is offered,
 * so messages enter each partition in the order of the calls. However many are made in one turn of the event loop (all
 * who heard of an ending, say), no more are offered in it than `TURN_MS` allows.
 */
export class Line {
  // a queue as an array and its head: shift() would move every later element, and a million may wait
  #waiting: (Waiter | undefined)[] = []
  #head = 0
  /** Who is advancing, and whether it is to be withdrawn after that. */
  #current: Waiter | undefined
  #verdict: MillraceError | undefined
  #scheduled = false
  /** When what is left of this turn is others'; 0 while nothing was offered in it. */
  #turnEnds = 0
  readonly #behind = new Map<AbortSignal, Behind>()

  get empty(): boolean {
    return this.#head === this.#waiting.length
  }

  get length(): number {
    return this.#waiting.length - this.#head
  }

  /** Offers as much as there is room and time for; the rest waits. An abort withdraws what was not accepted. */
  enter(waiter: Waiter, signal: AbortSignal | undefined): void {
    if (signal?.aborted) {
      waiter.withdraw(aborted(signal))
      return
    }
    if (signal === undefined) {
      this.#waiting.push(waiter)
    } else {
      this.#waiting.push(this.#abortable(waiter, signal))
    }
    if (this.length === 1) this.pump()
  }

  /** Goes on with the first in line; called when there is room. */
  pump(): void {
    if (this.#current !== undefined) return
    while (!this.empty) {
      if (this.#spent()) {
        this.#pumpSoon()
        return
      }
      const first = this.#waiting[this.#head] as Waiter
      const state = this.#advance(first)
      if (state === 'done') {
        this.#leave()
        first.done()
      } else if (this.#verdict !== undefined) {
        this.#leave()
        first.withdraw(this.#verdict)
      } else if (state === 'full') {
        return
      }
    }
  }

  /** Whether offering has had its share of this turn of the event loop. */
  #spent(): boolean {
    const now = performance.now()
    if (this.#turnEnds !== 0) return now >= this.#turnEnds
    this.#turnEnds = now + TURN_MS
    setImmediate(this.#turned)
    return false
  }

  readonly #turned = (): void => {
    this.#turnEnds = 0
  }

  /**
   * While a waiter advances, anything may happen: a getter or handler of the user's may abort it or close the
   * producer. It is withdrawn after that, if something of it is left.
   */
  #advance(waiter: Waiter): Advance {
    this.#current = waiter
    this.#verdict = undefined
    try {
      return waiter.advance()
    } catch (error) {
      // only what a message or a frame holds can throw anything else
      this.#verdict =
        error instanceof MillraceError
          ? error
          : new MillraceError('INVALID_MESSAGE', 'What was given to be sent cannot be read', { cause: error })
      return 'full'
    } finally {
      this.#current = undefined
    }
  }

  /** Sends everyone home. */
  clear(error: MillraceError): void {
    const waiting = this.#waiting.slice(this.#head)
    this.#waiting = this.#current === undefined ? [] : [this.#current]
    this.#head = 0
    for (const waiter of waiting) this.#sendHome(waiter as Waiter, error)
  }

  #sendHome(waiter: Waiter, error: MillraceError): void {
    if (waiter === this.#current) this.#verdict ??= error
    else waiter.withdraw(error)
  }

  #leave(): void {
    // or the memory of its messages would be held until the array is cut
    this.#waiting[this.#head] = undefined
    this.#head++
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
  }

  #pumpSoon(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.pump()
    })
  }

  #abortable(waiter: Waiter, signal: AbortSignal): Waiter {
    const behind = this.#behind.get(signal) ?? this.#watch(signal)
    const leave = () => {
      behind.waiters.delete(inLine)
      if (behind.waiters.size === 0) behind.stop()
    }
    const inLine: Waiter = {
      advance: () => waiter.advance(),
      done: () => {
        leave()
        waiter.done()
      },
      withdraw: error => {
        leave()
        waiter.withdraw(error)
      },
    }
    behind.waiters.add(inLine)
    return inLine
  }

  #watch(signal: AbortSignal): Behind {
    const onAbort = () => this.#withdrawBehind(signal)
    const stop = () => {
      this.#behind.delete(signal)
      signal.removeEventListener('abort', onAbort)
    }
    const behind: Behind = { waiters: new Set(), stop }
    this.#behind.set(signal, behind)
    // other lines listen, too; Node would warn of a leak from the eleventh on
    setMaxListeners(0, signal)
    signal.addEventListener('abort', onAbort, { once: true })
    return behind
  }

  #withdrawBehind(signal: AbortSignal): void {
    const gone = new Set(this.#behind.get(signal)?.waiters)
    const error = aborted(signal)
    if (this.#current !== undefined && gone.delete(this.#current)) this.#verdict ??= error
    if (gone.size === 0) return
    const first = this.#waiting[this.#head] as Waiter
    this.#waiting = this.#waiting.slice(this.#head).filter(waiter => !gone.has(waiter as Waiter))
    this.#head = 0
    for (const waiter of gone) waiter.withdraw(error)
    if (gone.has(first)) this.#pumpSoon()
  }
}
