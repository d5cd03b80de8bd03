import { Histogram } from '../latency/index.ts'
import type { Contender } from './contender.ts'

/**
 * The latencies of a trial's producers, given to all who want them: each producer's own histogram can be emptied once
 * only.
 */
export class LatencyFeed {
  readonly #contenders: readonly Contender[]
  readonly #hearers = new Set<(latencies: Histogram) => void>()

  constructor(contenders: readonly Contender[]) {
    this.#contenders = contenders
  }

  /** `hear` gets all that is acknowledged from now on; returns what ends that. */
  hear(hear: (latencies: Histogram) => void): () => void {
    this.read()
    this.#hearers.add(hear)
    return () => {
      this.read()
      this.#hearers.delete(hear)
    }
  }

  /** Hands out what was acknowledged since the last time. */
  read(): void {
    const latencies = new Histogram()
    for (const contender of this.#contenders) latencies.merge(contender.latency({ reset: true }))
    for (const hear of this.#hearers) hear(latencies)
  }
}
