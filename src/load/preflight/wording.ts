export { count as number } from '../../wording.ts'

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
] as const

/** Milliseconds as 7 d, 36 h, 1.5 min, 20 ms: in the largest unit of which there is one at least. */
export function span(milliseconds: number): string {
  const [size, unit] = UNITS.find(([size]) => milliseconds >= size) ?? [1, 'ms']
  return `${Number((milliseconds / size).toFixed(1))} ${unit}`
}

/** ISO 8601; beyond what that can tell, the milliseconds. */
export function date(timestamp: number): string {
  const when = new Date(timestamp)
  return Number.isNaN(when.getTime()) ? `${timestamp} ms` : when.toISOString()
}
