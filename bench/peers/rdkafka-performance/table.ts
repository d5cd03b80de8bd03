/** A row of rdkafka_performance's table; counts are of its whole life. */
export interface Row {
  readonly elapsedMs: number
  readonly offered: number
  readonly delivered: number
  readonly failed: number
}

const COLUMNS = 11
const FEWEST_SECONDS = 0.5

/** `| elapsed | msgs | bytes | rtt | dr | dr_m/s | dr_MB/s | dr_err | tx_err | outq | offset`, of which times are in ms. */
export function rowsOf(output: string): Row[] {
  return output.split('\n').flatMap(line => {
    const numbers = line.split('|').slice(1).map(Number)
    const [elapsedMs, offered, , , delivered, , , failed] = numbers
    if (numbers.length < COLUMNS || numbers.some(Number.isNaN)) return []
    return [{ elapsedMs, offered, delivered, failed } as Row]
  })
}

/** Between the end of the warm-up and the last row before it had offered all; ms since its start. */
export function windowOf(
  rows: readonly Row[],
  messages: number,
  warmupSeconds: number,
): { from: number; to: number; delivered: number } | 'too soon' {
  const first = rows.find(({ elapsedMs }) => elapsedMs >= warmupSeconds * 1000)
  const end = rows.findLast(({ offered }) => offered < messages)
  if (first === undefined || end === undefined || end.elapsedMs - first.elapsedMs < FEWEST_SECONDS * 1000) {
    return 'too soon'
  }
  return { from: first.elapsedMs, to: end.elapsedMs, delivered: end.delivered - first.delivered }
}
