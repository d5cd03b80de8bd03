import xxhash from 'xxhash-wasm'

/** Which chunks are looked at: so many percent of them, chosen by a number that chooses the same ones again. */
export interface Sample {
  /** Above 0, to 100. */
  readonly percent: number
  readonly seed: number
}

/** The positions chosen, of those given: at least one, where there is any. */
export async function chosen(
  positions: readonly number[],
  { percent, seed }: Sample,
): Promise<ReadonlySet<number>> {
  const { h64 } = await xxhash()
  const lots = new Map(positions.map(position => [position, h64(`${seed} ${position}`)]))
  const drawn = [...positions].sort((a, b) => ((lots.get(a) as bigint) < (lots.get(b) as bigint) ? -1 : 1))
  return new Set(drawn.slice(0, Math.ceil((positions.length * percent) / 100)))
}
