import type { Claim } from '../speed/claims.ts'

/** What is claimed of bulk loads; one number each, and nowhere else. */
export const claims = {
  /** Times kcat's rate. */
  linesToKcat: { atLeast: 1 },
  gzipToKcat: { atLeast: 1 },
  /** Times the CPU a record of kcat. */
  linesCpuToKcat: { atMost: 1.1 },
  /** Of what is asked of ndjson: `ndjsonGoal`. */
  ndjson: { atLeast: 1 },
  /** Rows a second. */
  csv: { atLeast: 250_000 },
  /** In MB, whatever the size of the input. */
  peakRss: { atMost: 256 },
  /** Times the time of one file. */
  smallFiles: { atMost: 2 },
} as const satisfies Record<string, Claim>

/** Records a second of ndjson with keys in two threads: a million, or 0.6 of the lines' rate where that is less. */
export function ndjsonGoal(linesPerSecond: number): number {
  return Math.min(1_000_000, 0.6 * linesPerSecond)
}
