/**
 * The closest of `candidates`, the first of several; undefined where more than a third of the word would have to change.
 * A change is a letter too many, too few or another one, or two neighbours that have changed places.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(word.length / 3))
  let found: string | undefined
  let least = most + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= least) continue
    const changes = distance(word, candidate)
    if (changes >= least) continue
    found = candidate
    least = changes
  }
  return found
}

/** Changes between two words; none of them within what another one has changed. */
function distance(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, length) => length)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const at = (costs: readonly number[], index: number) => costs[index] as number
      const same = from[row - 1] === to[column - 1]
      let changes = Math.min(
        at(last, column - 1) + (same ? 0 : 1),
        at(last, column) + 1,
        at(current, column - 1) + 1,
      )
      const isSwapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      if (isSwapped) changes = Math.min(changes, at(beforeLast, column - 2) + 1)
      current.push(changes)
    }
    beforeLast = last
    last = current
  }
  return last[to.length] as number
}
