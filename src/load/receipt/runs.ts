import type { OffsetRuns } from './lines.ts'

/** Offsets of one partition: first and last of each run, one after the other. */
export type FlatRuns = readonly number[]

/** Adds an offset, at no cost where it follows the one before it. */
export function addOffset(runs: number[], offset: number): void {
  addRun(runs, offset, offset)
}

/** Adds offsets from `first` to `last`; where they follow those before, the run becomes longer. */
export function addRun(runs: number[], first: number, last: number): void {
  const end = runs.length - 1
  if (runs[end] === first - 1) runs[end] = last
  else runs.push(first, last)
}

/** Offsets as runs, by topic and partition. */
export class RunSet {
  readonly #byPartition = new Map<string, { topic: string; partition: number; runs: FlatRuns[] }>()

  add(topic: string, partition: number, runs: FlatRuns): void {
    if (runs.length === 0) return
    const key = `${partition} ${topic}`
    const known = this.#byPartition.get(key)
    if (known === undefined) this.#byPartition.set(key, { topic, partition, runs: [runs] })
    else known.runs.push(runs)
  }

  /** Rising and apart from each other; in the order of topics and partitions. */
  lists(): OffsetRuns[] {
    return [...this.#byPartition.values()]
      .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1))
      .map(({ topic, partition, runs }) => [topic, partition, joined(runs)] as const)
  }
}

function joined(all: readonly FlatRuns[]): (readonly [number, number])[] {
  const pairs: [number, number][] = []
  for (const runs of all) {
    for (let at = 0; at < runs.length; at += 2) pairs.push([runs[at] as number, runs[at + 1] as number])
  }
  pairs.sort((a, b) => a[0] - b[0])
  const result: [number, number][] = []
  for (const [first, last] of pairs) {
    const before = result.at(-1)
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else result.push([first, last])
  }
  return result
}
