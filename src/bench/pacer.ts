import { setTimeout as wait } from 'node:timers/promises'
import { Histogram } from '../latency/index.ts'

/** When messages are due, whatever becomes of those before them. A part of it has each `step`-th message from `first` on. */
export interface Schedule {
  /** Messages a second, of the whole schedule. */
  readonly rate: number
  /** When message 0 is due, in ms on the clock of whoever keeps to it. */
  readonly startAt: number
  /** Of the whole schedule; may be endless. */
  readonly messages: number
  readonly first: number
  readonly step: number
}

/** One of so many equal parts, spread evenly: together they are the schedule again. */
export function partOf(schedule: Schedule, index: number, of: number): Schedule {
  const { first, step } = schedule
  return { ...schedule, first: first + index * step, step: step * of }
}

export interface Clock {
  /** In ms. */
  now(): number
  /** Resolves after so many ms, or later. */
  sleep(ms: number): Promise<void>
}

/** performance.now()'s, and Node's timers. */
export const realClock: Clock = {
  now: () => performance.now(),
  sleep: ms => wait(ms),
}

/** Messages for one call. */
export interface Slot {
  readonly count: number
  /** When the first of them was due, in ms. */
  readonly dueAt: number
}

/** Messages of one call are due within this time of each other, so that its one due time is that much too early at most. */
const TICK_MS = 1
/** After `stop` nobody sleeps longer. */
const LONGEST_SLEEP_MS = 50

/**
 * Gives out the messages of a schedule when they are due. Loops share one; what is late is given at once, with the
 * time at which it was due, and in as many calls as if it were not late.
 */
export class Pacer {
  /** How late calls were made though there was room, in nanoseconds: what the generator itself adds to latencies. */
  readonly lateness = new Histogram()
  readonly #schedule: Schedule
  readonly #clock: Clock
  readonly #size: number
  #taken = 0
  #behind = false
  #stopped = false

  constructor(schedule: Schedule, clock: Clock = realClock) {
    const { messages, first, step } = schedule
    this.#schedule = schedule
    this.#clock = clock
    this.#size = Math.max(0, Math.ceil((messages - first) / step))
  }

  /** How many messages are due by then, taken ones included. */
  dueBy(now: number): number {
    const { rate, startAt, first, step } = this.#schedule
    const number = ((now - startAt) * rate) / 1000
    let due = Math.max(0, Math.floor((number - first) / step) + 1)
    // rounding must not make a message due before its time, or not due at it
    while (due > 0 && this.#dueAt(due - 1) > now) due--
    while (this.#dueAt(due) <= now) due++
    return Math.min(due, this.#size)
  }

  /** Resolves once a message is due that was not taken, with as many as one call may have; null when there is none left, or after `stop`. */
  async next(most: number): Promise<Slot | null> {
    while (!this.#stopped && this.#taken < this.#size) {
      const slot = this.#take(most)
      if (slot !== null) return slot
      this.#behind = false
      const left = this.#dueAt(this.#taken) - this.#clock.now()
      await this.#clock.sleep(Math.min(Math.ceil(left), LONGEST_SLEEP_MS))
    }
    return null
  }

  /** There is no room: until it has caught up, being late is not the generator's doing. */
  held(): void {
    this.#behind = true
  }

  /** The call for a slot is being made. */
  called({ dueAt }: Slot): void {
    if (!this.#behind) this.lateness.record((this.#clock.now() - dueAt) * 1e6)
  }

  stop(): void {
    this.#stopped = true
  }

  /** What was not given out. */
  get rest(): Schedule {
    const { first, step } = this.#schedule
    return { ...this.#schedule, first: first + this.#taken * step }
  }

  /** Whether there is something that was not given out. */
  get open(): boolean {
    return this.#taken < this.#size
  }

  #dueAt(index: number): number {
    const { rate, startAt, first, step } = this.#schedule
    return startAt + ((first + index * step) * 1000) / rate
  }

  #take(most: number): Slot | null {
    const due = this.dueBy(this.#clock.now()) - this.#taken
    if (due <= 0) return null
    const dueAt = this.#dueAt(this.#taken)
    const together = due === 1 ? 1 : this.dueBy(dueAt + TICK_MS) - this.#taken
    const count = Math.min(most, due, together)
    this.#taken += count
    return { count, dueAt }
  }
}
