import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Keeps a thread's dead buffers and objects from piling up. V8 collects them once there are 64 MB, in each thread: four threads
 * that read files would hold 256 MB of what nobody needs any more. A collection takes a few milliseconds.
 */
export class Collector {
  readonly #collect: () => void
  readonly #most: number
  #next: number

  /** @param most bytes that may come to be held between two collections */
  constructor(most: number) {
    // what `node --expose-gc` gives; the flag is the process's, so it stays: another thread may be doing the same
    setFlagsFromString('--expose-gc')
    this.#collect = runInNewContext('gc') as () => void
    this.#most = most
    this.#next = held() + most
  }

  /** To be called now and then: some microseconds, unless it is time. */
  check(): void {
    if (held() < this.#next) return
    this.#collect()
    this.#next = held() + this.#most
  }
}

function held(): number {
  const { external_memory: buffers, used_heap_size: objects } = getHeapStatistics()
  return buffers + objects
}
