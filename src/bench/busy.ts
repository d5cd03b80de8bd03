import { readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { type EventLoopUtilization, performance } from 'node:perf_hooks'
import type { Properties } from '../client/producer-client.ts'
import { canonicalName } from '../config/index.ts'
import { readStat } from './proc-stat.ts'

/** How near to its end each thing was that can be what limits a trial: 0 to 1; null where this machine does not tell. */
export interface Busy {
  /** All cores of the machine together, whoever used them. */
  readonly machine: number | null
  /** The event loop of the busiest thread that offers messages. */
  readonly loop: number
  /** Of a core: the busiest of librdkafka's threads that serve one connection each. */
  readonly connection: number | null
  /** In so many of librdkafka's statistics the fullest connection had as many requests on their way as it may have. */
  readonly inFlight: number | null
}

/** librdkafka's name for a thread that serves a broker's connection; others serve the addresses that it was given. */
const CONNECTION = /^rdk:broker\d+$/
/** With idempotence librdkafka has no more requests on their way to a broker. */
const IDEMPOTENT_IN_FLIGHT = 5

/** Looks from its making to `stop`. */
export class BusyMeter {
  readonly #startedAt = performance.now()
  readonly #loop: EventLoopUtilization = performance.eventLoopUtilization()
  readonly #machine = coresTime()
  readonly #connections = connectionTimes()

  stop(): Omit<Busy, 'inFlight'> {
    const elapsedMs = performance.now() - this.#startedAt
    const now = coresTime()
    const all = now.all - this.#machine.all
    const times = [...connectionTimes()].map(
      ([thread, milliseconds]) => milliseconds - (this.#connections.get(thread) ?? 0),
    )
    return {
      machine: all > 0 ? 1 - (now.idle - this.#machine.idle) / all : null,
      loop: performance.eventLoopUtilization(this.#loop).utilization,
      connection: times.length === 0 ? null : Math.min(1, Math.max(...times) / elapsedMs),
    }
  }
}

function coresTime(): { all: number; idle: number } {
  let all = 0
  let idle = 0
  for (const { times } of cpus()) {
    idle += times.idle
    all += times.user + times.nice + times.sys + times.idle + times.irq
  }
  return { all, idle }
}

/** Processor time of each connection's thread so far, in ms; empty where the system does not tell. */
function connectionTimes(): Map<string, number> {
  const found = new Map<string, number>()
  for (const thread of threads()) {
    try {
      const folder = `/proc/self/task/${thread}`
      if (!CONNECTION.test(readFileSync(`${folder}/comm`, 'utf8').trim())) continue
      const { userMs, systemMs } = readStat(folder)
      found.set(thread, userMs + systemMs)
    } catch {
      // it has ended
    }
  }
  return found
}

function threads(): string[] {
  try {
    return readdirSync('/proc/self/task')
  } catch {
    return []
  }
}

/** How many requests may be on their way on one connection. */
export function inFlightLimit(properties: Properties, acks: string): number {
  const of = (name: string) =>
    Object.entries(properties).findLast(([given]) => canonicalName(given) === canonicalName(name))?.[1]
  const given = Number(of('max.in.flight.requests.per.connection') ?? 1_000_000)
  const idempotent = acks === 'all' && String(of('enable.idempotence') ?? true) === 'true'
  return idempotent ? Math.min(IDEMPOTENT_IN_FLIGHT, given) : given
}
