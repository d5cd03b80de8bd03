import { setTimeout as sleep } from 'node:timers/promises'
import { nanoseconds } from '../latency/index.ts'

/** What librdkafka sent within a window, as its statistics tell. */
export interface Sent {
  /** Produce requests, each of one batch. */
  readonly requests: number
  /** Of them those that were no retries, at least. */
  readonly distinct: number
  readonly messages: number
  readonly seconds: number
}

interface Snapshot {
  readonly atMs: number
  readonly requests: number
  readonly retries: number
  readonly messages: number
  /** Most of all connections. */
  readonly inFlight: number
}

/** Statistics reach JavaScript at the next poll, 100 ms later at most. */
const PATIENCE_MS = 500
const LOOK_MS = 10
const COUNT_KEYS = ['requests', 'retries', 'messages'] as const

/**
 * How often librdkafka is to tell its statistics of a topic with so many partitions: a tenth of a second, or longer
 * where reading them would take more than about a thousandth of the time (650 bytes a partition).
 */
export function statisticsIntervalMs(partitions: number | null): number {
  return Math.max(100, 10 * (partitions ?? 50))
}

/** What one producer sent, by librdkafka's statistics over time. */
export class Requests {
  readonly #snapshots: Snapshot[] = []
  readonly #intervalMs: number

  /** `intervalMs`: 0 where there are no statistics. */
  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs
  }

  /** Counters in statistics are of the producer's whole life. */
  note(statistics: Readonly<Record<string, unknown>>): void {
    const brokers = Object.values((statistics.brokers ?? {}) as Readonly<Record<string, BrokerStatistics>>)
    this.#snapshots.push({
      atMs: emittedAt(Number(statistics.ts)),
      // one batch of one partition each, other than `tx`, which counts every kind of request
      requests: brokers.reduce((sum, { req }) => sum + (req?.Produce ?? 0), 0),
      retries: brokers.reduce((sum, { txretries }) => sum + (txretries ?? 0), 0),
      messages: Number(statistics.txmsgs),
      inFlight: Math.max(0, ...brokers.map(({ waitresp_cnt }) => waitresp_cnt ?? 0)),
    })
  }

  /** Waits until what was sent by then is known; not for long. Times are of the monotonic clock, in ms. */
  async knownUntil(atMs: number): Promise<void> {
    if (this.#intervalMs === 0) return
    const deadline = performance.now() + this.#intervalMs + PATIENCE_MS
    while ((this.#snapshots.at(-1)?.atMs ?? 0) < atMs && performance.now() < deadline) await sleep(LOOK_MS)
  }

  /** In which share of the statistics the fullest connection had so many requests on their way, or more; null without statistics. */
  fullWithin(limit: number, fromMs: number, toMs: number): number | null {
    const inside = this.#snapshots.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs)
    if (inside.length === 0) return null
    return inside.filter(({ inFlight }) => inFlight >= limit).length / inside.length
  }

  /** Between the first statistics and the last that fall within; null where there are not two. */
  within(fromMs: number, toMs: number): Sent | null {
    const inside = this.#snapshots.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs)
    const [first, last] = [inside[0], inside.at(-1)]
    if (first === undefined || last === undefined || first === last) return null
    const [requests, retries, messages] = COUNT_KEYS.map(key => last[key] - first[key]) as [
      number,
      number,
      number,
    ]
    return {
      requests,
      distinct: Math.max(0, requests - retries),
      messages,
      seconds: (last.atMs - first.atMs) / 1000,
    }
  }
}

/** librdkafka's clock is the monotonic one in microseconds, but the time of day where the system is macOS. */
function emittedAt(microseconds: number): number {
  const now = nanoseconds(performance.now()) / 1e6
  const age = Date.now() - microseconds / 1000
  return Math.abs(age) < 60_000 ? now - age : microseconds / 1000
}

interface BrokerStatistics {
  readonly req?: { readonly Produce?: number }
  readonly txretries?: number
  readonly waitresp_cnt?: number
}

/** Of several producers together; null where one of them does not know. */
export function together(all: readonly (Sent | null)[]): Sent | null {
  const known = all.filter(sent => sent !== null)
  if (known.length < all.length || known.length === 0) return null
  const sum = (key: keyof Sent) => known.reduce((total, sent) => total + sent[key], 0)
  return {
    requests: sum('requests'),
    distinct: sum('distinct'),
    messages: sum('messages'),
    // they ran at the same time
    seconds: sum('seconds') / known.length,
  }
}
