/** Offsets of one partition, in order, none in two of them, each with those who claim it. */
export interface Segments {
  /** First and last offset of each. */
  readonly ends: Float64Array
  /** Of each: one claimant, or several where their runs overlap. */
  readonly owners: readonly (number | readonly number[])[]
}

/**
 * Runs of offsets of one partition as they are claimed, in any order. A log that was cut and written to again gives an offset
 * to two records, so that runs may overlap.
 */
export class ClaimedRuns {
  readonly #firsts: number[] = []
  readonly #lasts: number[] = []
  readonly #owners: number[] = []

  add(first: number, last: number, owner: number): void {
    this.#firsts.push(first)
    this.#lasts.push(last)
    this.#owners.push(owner)
  }

  /** The runs of those owners that are wanted. */
  segments(wanted: (owner: number) => boolean): Segments {
    const order = Array.from(this.#owners.keys()).filter(run => wanted(this.#owners[run] as number))
    order.sort((a, b) => (this.#firsts[a] as number) - (this.#firsts[b] as number))
    const ends: number[] = []
    const owners: (number | number[])[] = []
    for (let from = 0; from < order.length; ) {
      // those that reach into one another
      let to = from + 1
      let reach = this.#lasts[order[from] as number] as number
      for (; to < order.length && (this.#firsts[order[to] as number] as number) <= reach; to++)
        reach = Math.max(reach, this.#lasts[order[to] as number] as number)
      if (to === from + 1) {
        const run = order[from] as number
        ends.push(this.#firsts[run] as number, this.#lasts[run] as number)
        owners.push(this.#owners[run] as number)
      } else this.#cut(order.slice(from, to), ends, owners)
      from = to
    }
    return { ends: Float64Array.from(ends), owners }
  }

  /** Cuts runs that overlap where any of them begins or ends. */
  #cut(runs: readonly number[], ends: number[], owners: (number | number[])[]): void {
    const begins = (run: number) => this.#firsts[run] as number
    const stops = (run: number) => (this.#lasts[run] as number) + 1
    const borders = [...new Set(runs.flatMap(run => [begins(run), stops(run)]))].sort((a, b) => a - b)
    const leaving = [...runs].sort((a, b) => stops(a) - stops(b))
    const here = new Set<number>()
    let entered = 0
    let left = 0
    for (const [index, first] of borders.slice(0, -1).entries()) {
      while (left < leaving.length && stops(leaving[left] as number) <= first)
        here.delete(leaving[left++] as number)
      while (entered < runs.length && begins(runs[entered] as number) <= first)
        here.add(runs[entered++] as number)
      if (here.size === 0) continue
      ends.push(first, (borders[index + 1] as number) - 1)
      const mine = [...here].map(run => this.#owners[run] as number)
      owners.push(mine.length === 1 ? (mine[0] as number) : mine)
    }
  }
}
