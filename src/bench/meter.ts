import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks'
import { type Busy, BusyMeter } from './busy.ts'
import { type BrokerCost, costBetween, type LocalBroker, type Reading } from './local-broker/local-broker.ts'

/** What this process spent between two moments, and the cluster beside it. */
export interface Spent {
  readonly seconds: number
  readonly cpuSeconds: { readonly user: number; readonly system: number }
  readonly gcMs: number
  readonly eventLoopDelayMs: { readonly p50: number; readonly p99: number }
  readonly busy: Omit<Busy, 'inFlight'>
  /** Null where the cluster is not on this machine, or cannot be read. */
  readonly broker: BrokerCost | null
}

const RESOLUTION_MS = 1

interface Pause {
  readonly startTime: number
  readonly duration: number
}

/** Measures this process from its making to `stop`. */
export class Meter {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  readonly #pauses: Pause[] = []
  readonly #observer = new PerformanceObserver(list => this.#pauses.push(...list.getEntries()))
  readonly #cpu: NodeJS.CpuUsage
  readonly #busy: BusyMeter
  readonly #broker: LocalBroker | null
  readonly #brokerBefore: Reading | null
  readonly #startedAt: number

  constructor(broker: LocalBroker | null = null) {
    this.#observer.observe({ entryTypes: ['gc'] })
    this.#delays.enable()
    this.#broker = broker
    // this process's own times are read after the cluster's, and in the end before: reading these is no part of them
    this.#brokerBefore = broker?.read() ?? null
    this.#busy = new BusyMeter()
    this.#cpu = process.cpuUsage()
    this.#startedAt = performance.now()
  }

  /** Resolves in the next turn of the event loop, once pauses of the garbage collector are known; what happens until then does not count. */
  async stop(): Promise<Spent> {
    const endedAt = performance.now()
    const cpu = process.cpuUsage(this.#cpu)
    const busy = this.#busy.stop()
    const brokerAfter = this.#broker?.read() ?? null
    this.#delays.disable()
    const eventLoopDelayMs = { p50: this.#delay(50), p99: this.#delay(99) }
    await new Promise(resolve => setImmediate(resolve))
    this.#pauses.push(...this.#observer.takeRecords())
    this.#observer.disconnect()
    const within = this.#pauses.filter(
      ({ startTime }) => startTime >= this.#startedAt && startTime <= endedAt,
    )
    return {
      seconds: (endedAt - this.#startedAt) / 1000,
      cpuSeconds: { user: cpu.user / 1e6, system: cpu.system / 1e6 },
      gcMs: within.reduce((sum, { duration }) => sum + duration, 0),
      eventLoopDelayMs,
      busy,
      broker: costBetween(this.#brokerBefore, brokerAfter),
    }
  }

  /** Node records the whole time from one tick of its timer to the next. */
  #delay(percentile: number): number {
    return Math.max(0, this.#delays.percentile(percentile) / 1e6 - RESOLUTION_MS)
  }
}

/** The most memory this process ever had resident. */
export function peakRssBytes(): number {
  try {
    // getrusage counts what the parent had at the time of the fork as well; this does not
    const [, kilobytes] = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    if (kilobytes !== undefined) return Number(kilobytes) * 1024
  } catch {
    // not Linux
  }
  return process.resourceUsage().maxRSS * 1024
}
