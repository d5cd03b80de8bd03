const OFFSET = Number(process.hrtime.bigint()) - performance.now() * 1e6

/** A moment of performance.now(), in nanoseconds of the clock that the addon reads. */
export function nanoseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1e6 + OFFSET)
}

/** Now, as `nanoseconds`. */
export function now(): number {
  return nanoseconds(performance.now())
}
