import { STATE } from '../../engine/batch-tally.ts'
import type { Binding, Endings } from '../../engine/binding.ts'
import { FIELDS } from '../../engine/packer.ts'

/** As the addon's lane leases credits. */
const LEASE = 256
const ID = FIELDS - 1

/**
 * An addon into which nothing crosses: what is handed over is counted and forgotten, and told as delivered in the next
 * turn of the event loop. For one channel. All that the batch engine does in JavaScript is done all the same.
 */
export class NoCrossing {
  taken = 0
  readonly binding: Binding
  #wake = () => {}
  #scheduled = false
  #told = 0
  #nextBatch = 1
  /** Messages of each batch that is open. */
  readonly #batches = new Map<number, number>()
  #finished: number[] = []
  #singles: Uint32Array[] = []

  /** `real` has what an engine asks once: errors and their names. */
  constructor(real: Binding) {
    this.binding = { ...real, ...this.#channel(), ...this.#offers(), ...this.#results() }
  }

  #channel() {
    return {
      open: (_messages: number, _bytes: number, _latency: boolean, wake: () => void) => {
        this.#wake = wake
        return 1
      },
      topic: () => 0,
      // accepted, refused, delivered, failed, unsent, possibly persisted, in flight, bytes
      counts: () => Float64Array.of(this.taken, 0, this.#told, 0, 0, 0, this.taken - this.#told, 0),
      laneCounts: () => Float64Array.of(this.taken, 0, 0),
      channelLatencies: () => false,
      flush: (_channel: number, _milliseconds: number, done: () => void) => {
        setImmediate(done)
      },
      fatalReason: () => '',
      closing() {},
      purge() {},
      busy: () => false,
      close() {},
      release() {},
      unsentOfOthers: () => [],
    }
  }

  #offers(): Pick<Binding, 'batch' | 'offer' | 'framed' | 'lease' | 'singles' | 'seal'> {
    return {
      batch: () => {
        this.#batches.set(this.#nextBatch, 0)
        return this.#nextBatch++
      },
      offer: (_channel, batch, _fields, count) => {
        this.#take(batch, count)
        return count
      },
      framed: (_channel, batch, from, to) => {
        this.#take(batch, to - from)
        return to
      },
      lease: () => LEASE,
      singles: (_channel, fields, count, _arena, errors) => {
        const ids = new Uint32Array(count)
        for (let index = 0; index < count; index++) ids[index] = fields[index * FIELDS + ID] as number
        errors.fill(0, 0, count)
        this.#singles.push(ids)
        this.taken += count
        this.#wakeSoon()
        return true
      },
      seal: (_channel, batch) => {
        this.#finished.push(batch)
        this.#wakeSoon()
      },
    }
  }

  #results(): Pick<
    Binding,
    'look' | 'endings' | 'finished' | 'batchCounts' | 'failures' | 'deliveries' | 'free'
  > {
    return {
      look: () => false,
      endings: () => this.#endings(),
      finished: () => {
        if (this.#finished.length === 0) return null
        const finished = Uint32Array.from(this.#finished)
        this.#finished = []
        for (const batch of finished) this.#told += this.#batches.get(batch) ?? 0
        return finished
      },
      batchCounts: (_channel, batch) => {
        const messages = this.#batches.get(batch) ?? 0
        return Float64Array.of(messages, 0, messages, 0, 0, 0)
      },
      failures: () => null,
      deliveries: (_channel, _batch, partitions, offsets) => {
        partitions.fill(0)
        offsets.fill(-1)
      },
      free: (_channel, batch) => {
        this.#batches.delete(batch)
      },
    }
  }

  #take(batch: number, count: number): void {
    this.#batches.set(batch, (this.#batches.get(batch) ?? 0) + count)
    this.taken += count
  }

  #endings(): Endings | null {
    const ids = this.#singles.shift()
    if (ids === undefined) return null
    this.#told += ids.length
    if (this.#singles.length > 0) this.#wakeSoon()
    return {
      ids,
      partitions: new Int32Array(ids.length),
      offsets: new Float64Array(ids.length).fill(-1),
      errors: new Int16Array(ids.length),
      states: new Uint8Array(ids.length).fill(STATE.delivered),
    }
  }

  #wakeSoon(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#wake()
    })
  }
}
