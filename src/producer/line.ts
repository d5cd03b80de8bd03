import { aborted, type MillraceError } from '../errors.ts'

/** `done`: all of it was offered. `full`: wait for room. `more`: there is room, but others want a turn. */
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
 * Calls wait here for room in the order they were made: the first goes on until all of it is offered,
 * so messages enter each partition in the order of the calls.
 */
export class Line {
  // a queue as an array and its head: shift() would move every later element, and a million may wait
  #waiting: (Waiter | undefined)[] = []
  #head = 0
  #pumping = false
  #scheduled = false

  get empty(): boolean {
    return this.#head === this.#waiting.length
  }

  get length(): number {
    return this.#waiting.length - this.#head
  }

  /** Offers as much as there is room for; the rest waits. An abort withdraws what was not accepted. */
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
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (!this.empty) {
        const first = this.#waiting[this.#head] as Waiter
        const state = first.advance()
        if (state === 'full') return
        if (state === 'more') {
          this.#pumpSoon()
          return
        }
        // a fatal error inside advance may have sent everyone home
        if (this.#waiting[this.#head] !== first) return
        this.#leave()
        first.done()
      }
    } finally {
      this.#pumping = false
    }
  }

  /** Sends everyone home. */
  clear(error: MillraceError): void {
    const waiting = this.#waiting.slice(this.#head)
    this.#waiting = []
    this.#head = 0
    for (const waiter of waiting) waiter?.withdraw(error)
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
    const onAbort = () => {
      const place = this.#waiting.indexOf(inLine, this.#head)
      if (place === -1) return
      this.#waiting.splice(place, 1)
      waiter.withdraw(aborted(signal))
      if (place === this.#head) this.#pumpSoon()
    }
    const leave = () => signal.removeEventListener('abort', onAbort)
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
    signal.addEventListener('abort', onAbort, { once: true })
    return inLine
  }
}
