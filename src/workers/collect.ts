import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Keeps a thread's dead buffers from piling up. V8 collects them once there are 64 MB, in each thread: four threads
 * that read files would hold 256 MB of what nobody needs any more. A collection takes a few milliseconds.
 */
export class Collector {
  readonly #collect: () => void
  readonly #most: number
  #next: number

  /** @param most bytes of buffers that may come to be between two collections */
  constructor(most: number) {
    // what `node --expose-gc` gives, for this thread alone
    setFlagsFromString('--expose-gc')
    this.#collect = runInNewContext('gc') as () => void
    setFlagsFromString('--no-expose-gc')
    this.#most = most
    this.#next = getHeapStatistics().external_memory + most
  }

  /** To be called now and then: some microseconds, unless it is time. */
  check(): void {
    if (getHeapStatistics().external_memory < this.#next) return
    this.#collect()
    this.#next = getHeapStatistics().external_memory + this.#most
  }
}
