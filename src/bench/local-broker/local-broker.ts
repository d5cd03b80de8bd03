import { readFileSync } from 'node:fs'
import type { BrokerDescription } from '../../producer/topic.ts'
import { type ProcStat, readStat } from '../proc-stat.ts'
import { gcMsOf, perfDataPath } from './java-gc.ts'
import { brokerProcesses } from './processes.ts'

/** What the processes of a cluster on this machine spent in a window, all of them together. */
export interface BrokerCost {
  readonly processes: number
  readonly cpuSeconds: { readonly user: number; readonly system: number }
  /** Pauses for garbage collection, as JVMs tell them; null where one does not, or is none. */
  readonly gcMs: number | null
}

/** What there is to read of each process at one moment; told apart later, so that reading takes little. */
export type Reading = readonly { readonly stat: ProcStat; readonly perfData: Buffer | null }[]

/** A cluster all of whose brokers are processes of this machine. */
export class LocalBroker {
  readonly #processes: readonly { readonly folder: string; readonly perfData: string | null }[]

  private constructor(pids: readonly number[]) {
    this.#processes = pids.map(pid => ({ folder: `/proc/${pid}`, perfData: perfDataPath(pid) }))
  }

  /** Looks for them, which may take some 100 ms where there are thousands of processes. Null as `brokerProcesses`. */
  static async find(brokers: readonly BrokerDescription[]): Promise<LocalBroker | null> {
    const pids = await brokerProcesses(brokers)
    return pids === null ? null : new LocalBroker(pids)
  }

  /** Null where one of them has ended. */
  read(): Reading | null {
    try {
      return this.#processes.map(({ folder, perfData }) => ({
        stat: readStat(folder),
        perfData: perfData === null ? null : bytesOf(perfData),
      }))
    } catch {
      return null
    }
  }
}

function bytesOf(path: string): Buffer | null {
  try {
    return readFileSync(path)
  } catch {
    return null
  }
}

/** What was spent between two readings; null where a process ended meanwhile, or another one has its number. */
export function costBetween(before: Reading | null, after: Reading | null): BrokerCost | null {
  if (before === null || after === null || before.length === 0) return null
  let [user, system] = [0, 0]
  let gcMs: number | null = 0
  for (const [index, now] of after.entries()) {
    const then = before[index]
    if (then === undefined || then.stat.startedAt !== now.stat.startedAt) return null
    user += now.stat.userMs - then.stat.userMs
    system += now.stat.systemMs - then.stat.systemMs
    const [from, to] = [then, now].map(({ perfData }) => (perfData === null ? null : gcMsOf(perfData)))
    gcMs = gcMs === null || from == null || to == null ? null : gcMs + to - from
  }
  return { processes: after.length, cpuSeconds: { user: user / 1000, system: system / 1000 }, gcMs }
}
