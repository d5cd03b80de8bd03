import type { Throttle } from '../client/producer-client.ts'

interface Throttled {
  on(event: 'throttle', listener: (throttle: Throttle) => void): unknown
}

/** Each answer tells for how long the broker takes nothing more; so long after that, it says nothing of now. */
const FRESH_MS = 2000

/** Hears whether brokers hold producers back, for quotas. */
export class Throttling {
  readonly #last = new Map<string, { readonly milliseconds: number; readonly at: number }>()

  constructor(producers: readonly Throttled[]) {
    for (const producer of producers) {
      producer.on('throttle', ({ broker, milliseconds }) =>
        this.#last.set(broker, { milliseconds, at: performance.now() }),
      )
    }
  }

  /** For how long the slowest broker takes nothing, as it said last, in ms; 0: none holds back. */
  get milliseconds(): number {
    const now = performance.now()
    const current = [...this.#last.values()].filter(
      ({ milliseconds, at }) => now <= at + milliseconds + FRESH_MS,
    )
    return Math.max(0, ...current.map(({ milliseconds }) => milliseconds))
  }
}
