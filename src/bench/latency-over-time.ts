import { encode, Histogram, percentile } from '../latency/index.ts'
import type { LatencyPoint } from './trial.ts'

/** So that a day's trial has no more to tell than one of ten minutes. */
export const MOST_POINTS = 600
/** Below this the one in a hundred would be the greatest. */
const ENOUGH_FOR_P99 = 100

/** Collects what was acknowledged in each second of a window, or in longer parts of a long one. */
export class LatencyOverTime {
  /** How long each part is, in seconds. */
  readonly width: number
  readonly #points: LatencyPoint[] = []
  readonly #encoded: string[] = []
  #current = new Histogram()

  /** `seconds`: how long the window is going to be. */
  constructor(seconds: number) {
    // some are left for what comes after the window
    this.width = Math.max(1, Math.ceil(seconds / (MOST_POINTS / 2)))
  }

  add(latencies: Histogram): void {
    this.#current.merge(latencies)
  }

  /** So many seconds have passed: the parts that are over by then end. What comes beyond the last there may be belongs to that. */
  pass(seconds: number): void {
    while (this.#from + this.width <= seconds && this.#points.length < MOST_POINTS - 1) {
      this.#close(this.#from + this.width)
    }
  }

  /** Nothing comes any more. @returns all parts, the last as long as it was */
  end(seconds: number): readonly LatencyPoint[] {
    this.pass(seconds)
    if (seconds > this.#from) this.#close(seconds)
    return this.#points
  }

  /** The latencies of each part that has ended. */
  get encoded(): readonly string[] {
    return this.#encoded
  }

  get #from(): number {
    return this.#points.length * this.width
  }

  #close(to: number): void {
    const second = this.#from
    this.#points.push({ second, seconds: to - second, ...figuresOf(this.#current) })
    this.#encoded.push(encode(this.#current))
    this.#current = new Histogram()
  }
}

/** What is told of the latencies of one part. */
export function figuresOf(latencies: Histogram): Pick<LatencyPoint, 'count' | 'p50' | 'p99' | 'max'> {
  const { count, max } = latencies
  const ms = (nanoseconds: number | null) => (nanoseconds === null ? null : nanoseconds / 1e6)
  return {
    count,
    p50: ms(percentile(latencies, 'p50')),
    p99: count < ENOUGH_FOR_P99 ? null : ms(percentile(latencies, 'p99')),
    max: ms(max),
  }
}
