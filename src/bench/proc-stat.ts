import { readFileSync } from 'node:fs'

/** Processor time so far, in ms, and when it began, in ticks since the machine did. */
export interface ProcStat {
  readonly userMs: number
  readonly systemMs: number
  readonly startedAt: number
}

/** Linux counts in these. */
const TICK_MS = 10
const ENDED = ['Z', 'X']

/**
 * Of a process or thread, by its folder in /proc; ended threads of a process included.
 * @throws Error where it has ended
 */
export function readStat(folder: string): ProcStat {
  // the name, in parentheses, may hold anything
  const fields = readFileSync(`${folder}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ')
  // who has not been waited for yet keeps its times
  if (ENDED.includes(fields[0] ?? '')) throw new Error(`${folder} has ended`)
  return {
    userMs: Number(fields[11]) * TICK_MS,
    systemMs: Number(fields[12]) * TICK_MS,
    startedAt: Number(fields[19]),
  }
}
