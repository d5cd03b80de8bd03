import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** V8's own, as `node --expose-gc` gives it. */
type Collect = (options?: { readonly type: 'minor' }) => void

/**
 * Keeps a thread's dead buffers and objects from piling up. V8 collects them once there are 64 MB, in each thread: four threads
 * that read files would hold 256 MB of what nobody needs any more. Young ones are collected within a millisecond, all of
 * them in ten.
 */
export class Collector {
  readonly #collect: Collect
  readonly #most: number
  /** The least that was held since the last collection, and since the last one of all: V8 frees buffers for a while after. */
  #least: number
  #leastOfAll: number

  /** @param most bytes that may come to be held between two collections */
  constructor(most: number) {
    // the flag is the process's, so it stays: another thread may be doing the same
    setFlagsFromString('--expose-gc')
    this.#collect = runInNewContext('gc') as Collect
    this.#most = most
    this.#least = held()
    this.#leastOfAll = this.#least
  }

  /** To be called now and then: some microseconds, unless it is time. */
  check(): void {
    const now = held()
    this.#least = Math.min(this.#least, now)
    this.#leastOfAll = Math.min(this.#leastOfAll, now)
    if (now < this.#least + this.#most) return
    // what had grown old before it died is left by collections of young ones
    if (this.#least < this.#leastOfAll + this.#most) {
      this.#collect({ type: 'minor' })
      this.#least = held()
    } else {
      this.#collect()
      this.#least = held()
      this.#leastOfAll = this.#least
    }
  }
}

function held(): number {
  const { external_memory: buffers, used_heap_size: objects } = getHeapStatistics()
  return buffers + objects
}
