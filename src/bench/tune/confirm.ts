import { seeded, shuffled } from '../random.ts'
import type { Trial } from '../trial.ts'
import { holm } from '../verdicts/holm.ts'
import { ALPHA, judge, type Rules, type VerdictKind } from '../verdicts/verdict.ts'
import { type Goal, keeps } from './goal.ts'
import type { Configuration } from './search.ts'
import { changesOf } from './space.ts'

/** Who is measured again on fresh rounds: the start, the winner, and the winner without each of its changes. */
export interface Contender {
  readonly name: string
  readonly configuration: Configuration
  /** The change that is taken back. */
  readonly without: string | null
}

export function contendersOf(start: Configuration, winner: Configuration): Contender[] {
  const changes = changesOf(start, winner)
  return [
    { name: 'start', configuration: start, without: null },
    { name: 'winner', configuration: winner, without: null },
    // without its only change, the winner is the start
    ...(changes.length < 2 ? [] : changes).map(name => ({
      name: `without ${name}`,
      configuration: { ...winner, [name]: start[name] as string | number },
      without: name,
    })),
  ]
}

/** By index, a round each; every second one backwards. */
export function roundsOf(contenders: number, rounds: number, seed: number): number[][] {
  const random = seeded(seed)
  const all = Array.from({ length: contenders }, (_, index) => index)
  const orders: number[][] = []
  for (let round = 0; round < rounds; round++) {
    const before = orders[round - 1]
    orders.push(round % 2 === 1 && before ? before.toReversed() : shuffled(all, random))
  }
  return orders
}

/** The winner against another contender, on fresh pairs. */
export interface TuneVerdict {
  readonly kind: VerdictKind
  /** In words. */
  readonly text: string
  readonly pairs: number
  /** Throughput: by which factor the winner is faster; null for latency, and without pairs. */
  readonly ratio: { readonly estimate: number; readonly low: number; readonly high: number } | null
  /** Of no difference, after Holm's correction over all of them; null without pairs. */
  readonly p: number | null
  /** Latency: in how many of the pairs the goal was kept. */
  readonly kept: { readonly winner: number; readonly other: number } | null
}

/** Of the winner against each of `others`, which are trials by round; 5 % error over all. */
export function verdictsOf(
  goal: Goal,
  winner: readonly Trial[],
  others: readonly (readonly Trial[])[],
  rules: Rules,
): TuneVerdict[] {
  if (goal.kind === 'latency') return jumpVerdicts(goal.p99Ms, winner, others)
  return judge(
    others.map(against => ({ trials: winner, against })),
    rules,
  ).map(({ kind, text, pairs, ratio, p }) => ({ kind, text, pairs, ratio, p, kept: null }))
}

/** Pairs in which both kept the goal, or neither, tell nothing; of the others chance gives half to each (McNemar, exact). */
function jumpVerdicts(
  p99Ms: number,
  winner: readonly Trial[],
  others: readonly (readonly Trial[])[],
): TuneVerdict[] {
  const counts = others.map(other => {
    const pairs = winner.flatMap((trial, round) => {
      const against = other[round]
      const tells = (one: Trial | undefined) =>
        one !== undefined && one.state !== 'void' && one.state !== 'disturbed'
      return tells(trial) && tells(against)
        ? [{ here: keeps(trial, p99Ms), there: keeps(against as Trial, p99Ms) }]
        : []
    })
    const better = pairs.filter(({ here, there }) => here && !there).length
    const worse = pairs.filter(({ here, there }) => !here && there).length
    return {
      pairs: pairs.length,
      better,
      worse,
      kept: {
        winner: pairs.filter(({ here }) => here).length,
        other: pairs.filter(({ there }) => there).length,
      },
      p: signTest(better, worse),
    }
  })
  const adjusted = holm(counts.map(({ p }) => p))
  return counts.map(({ pairs, better, worse, kept }, at) => {
    const p = adjusted[at] as number
    const found = { pairs, ratio: null, kept, p: pairs === 0 ? null : p }
    if (pairs === 0) return { ...found, kind: 'none', text: 'no verdict: no pair of trials that tell' }
    const score = `the goal kept in ${kept.winner} of ${pairs} trials, against ${kept.other}`
    if (p > ALPHA) return { ...found, kind: 'undecided', text: `undecided: ${score}` }
    return better > worse
      ? { ...found, kind: 'faster', text: `better: ${score}` }
      : { ...found, kind: 'slower', text: `worse: ${score}` }
  })
}

/** How likely it is to be so one-sided, or more, if either side were equally likely. */
export function signTest(one: number, other: number): number {
  const count = one + other
  let probability = 0.5 ** count
  let tail = 0
  for (let k = 0; k <= Math.min(one, other); k++) {
    tail += probability
    probability *= (count - k) / (k + 1)
  }
  return Math.min(1, 2 * tail)
}
