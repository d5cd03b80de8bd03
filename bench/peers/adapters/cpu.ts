import { readFileSync } from 'node:fs'

/** Of USER_HZ, which is 100 wherever Linux runs. */
const TICK_SECONDS = 0.01

/** Of user and system time, the former's field in what Linux tells of a process. */
const OWN_TIMES = 11
const TIMES_OF_ENDED_CHILDREN = 13

/** What Linux counts for a process, user and system; null where there is no such process, or no Linux. */
export function cpuSecondsOf(pid: number | undefined): number | null {
  return secondsAt(pid, OWN_TIMES)
}

/**
 * What this process's children took that have ended, with those of theirs that they waited for: exact, where one runs at
 * a time. Null where there is no Linux.
 */
export function cpuSecondsOfEndedChildren(): number | null {
  return secondsAt('self', TIMES_OF_ENDED_CHILDREN)
}

function secondsAt(process: number | 'self' | undefined, field: number): number | null {
  try {
    // its name, in parentheses, may hold anything
    const fields = readFileSync(`/proc/${process}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
    return (Number(fields[field]) + Number(fields[field + 1])) * TICK_SECONDS
  } catch {
    return null
  }
}
