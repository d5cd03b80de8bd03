import type { Throttle } from '../client/producer-client.ts'

interface Throttled {
  on(event: 'throttle', listener: (throttle: Throttle) => void): unknown
}

/** What is older than this says nothing of now: an answer that is held back tells so each time. */
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

  /** By how much the slowest answer of late was held back, in ms; 0: none was. */
  get milliseconds(): number {
    const since = performance.now() - FRESH_MS
    return Math.max(
      0,
      ...[...this.#last.values()].map(({ milliseconds, at }) => (at >= since ? milliseconds : 0)),
    )
  }
}
