import { isPacked, type ReadOptions } from '../input/index.ts'
import type { Load } from './load.ts'
import type { Waiting } from './stall.ts'
import type { InputStretch } from './stretch.ts'

/** How a load gets on. */
export interface LoadProgress {
  /** Of the inputs, from 0 to 1: what waits for its broker is not done. Null where one of them has no known end. */
  readonly share: number | null
  /** Null where that cannot be told (yet). */
  readonly etaSeconds: number | null
  /** Since it began to read. */
  readonly seconds: number
  /** Acknowledged a second, over the last five seconds. */
  readonly messagesPerSecond: number
  /** Keys and values of these. */
  readonly bytesPerSecond: number
  /** Messages on their way, and those that wait to be offered again. */
  readonly inFlight: number
  /** Records, by earlier runs of the load included. */
  readonly read: number
  /** Records, by this run. */
  readonly delivered: number
  readonly failed: number
  readonly rejected: number
  /** For how long a broker holds back its answers now, for a quota, in ms; 0: none does. */
  readonly throttledMs: number
  /** Absent while it gets on. */
  readonly waiting: Waiting | undefined
  /** Whether the load is over: this is the last one. */
  readonly ended: boolean
}

/** How long the rate looks back. */
const RATE_WINDOW_MS = 5_000

interface Rates {
  readonly messages: number
  readonly bytes: number
}

/** What was acknowledged a second, over the last seconds. */
class RecentRates {
  readonly #samples = [{ at: performance.now(), messages: 0, bytes: 0 }]

  update({ delivered, bytes }: Load['account']): Rates {
    const at = performance.now()
    this.#samples.push({ at, messages: delivered, bytes })
    while (this.#samples.length > 2 && at - (this.#samples[0]?.at ?? at) > RATE_WINDOW_MS)
      this.#samples.shift()
    const first = this.#samples[0] as Rates & { at: number }
    const perSecond = (now: number, then: number) =>
      at === first.at ? 0 : ((now - then) * 1000) / (at - first.at)
    return { messages: perSecond(delivered, first.messages), bytes: perSecond(bytes, first.bytes) }
  }
}

/** Looks at a load that runs. */
export class ProgressMeter {
  readonly #load: Load
  readonly #total: number | null
  readonly #recent = new RecentRates()

  /** @param total what there is to read, in bytes, as `bytesOf` has it */
  constructor(load: Load, total: number | null) {
    this.#load = load
    this.#total = total
  }

  look(ended: boolean): LoadProgress {
    const load = this.#load
    const { account, bytesRead, seconds } = load
    const { messages, bytes } = this.#recent.update(account)
    const done = account.read === 0 ? 0 : bytesRead * (1 - account.open / account.read)
    const share = this.#total === null || this.#total === 0 ? null : Math.min(1, done / this.#total)
    return {
      share,
      etaSeconds: share === null || share === 0 ? null : (seconds * (1 - share)) / share,
      seconds,
      messagesPerSecond: messages,
      bytesPerSecond: bytes,
      inFlight: load.inFlight,
      read: account.read,
      delivered: account.delivered,
      failed: account.failed,
      rejected: account.rejected,
      throttledMs: load.throttling.milliseconds,
      waiting: load.waiting,
      ended,
    }
  }
}

/** The size of all that is to be read, packed inputs as they are; null where one of them has no known end. */
export function bytesOf(
  stretches: readonly InputStretch[],
  { decompress }: Pick<ReadOptions, 'decompress'>,
): number | null {
  const sizes = stretches.map(({ input, from, to }) => {
    // of a packed one only the whole's packed size is known
    if (isPacked(input.name, decompress)) return from === 0 ? input.size : null
    const end = to ?? input.size
    return end === null ? null : end - from
  })
  return sizes.every(size => size !== null) ? sizes.reduce((sum, size) => sum + size, 0) : null
}
