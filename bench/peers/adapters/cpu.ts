import { readFileSync } from 'node:fs'

/** Of USER_HZ, which is 100 wherever Linux runs. */
const TICK_SECONDS = 0.01

/** What Linux counts for a process, user and system; null where there is no such process, or no Linux. */
export function cpuSecondsOf(pid: number | undefined): number | null {
  try {
    // its name, in parentheses, may hold anything
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_SECONDS
  } catch {
    return null
  }
}
