import { holm } from './holm.ts'
import { fewestPairs, pairsNeeded } from './power.ts'
import { SubsetMeans } from './subset-means.ts'

/** The probability of any false `faster` or `slower` among all verdicts of a run; likewise of any false `equivalent`. */
export const ALPHA = 0.05
/** Above this share of disturbed trials a cell gets no verdict. */
const MOST_DISTURBED = 0.1

/**
 * `faster`, `slower`: shown, whatever the size. `equivalent`: shown to differ by less than the margin, and no
 * difference shown. `undecided`: neither. `none`: what was measured is not fit for a verdict.
 */
export type VerdictKind = 'faster' | 'slower' | 'equivalent' | 'undecided' | 'none'

/** By which factor one is faster than the other. */
export interface Ratio {
  /** The geometric mean of the pairs' ratios. */
  readonly estimate: number
  readonly low: number
  readonly high: number
  /** Probability that low to high holds the true one; null: too few pairs, these are the least and greatest seen. */
  readonly coverage: number | null
}

export interface Verdict {
  readonly kind: VerdictKind
  /** In words. */
  readonly text: string
  readonly pairs: number
  /** Null without pairs. */
  readonly ratio: Ratio | null
  /** Of no difference, after Holm's correction; null without pairs. */
  readonly p: number | null
  /** Of a difference of the margin or more, after Holm's correction; null without pairs. */
  readonly pEquivalent: number | null
  /** Where undecided: about how many more pairs would decide, going by the spread so far; null where that is unknown. */
  readonly morePairs: number | null
}

/** What is needed of a trial; states that are not valid are left out of pairs. */
export interface JudgedTrial {
  readonly state: string
  readonly messagesPerSecond?: number | undefined
}

/** Trials that share an index ran next to each other. */
export interface Contest {
  readonly trials: readonly JudgedTrial[]
  readonly against: readonly JudgedTrial[]
}

export interface Rules {
  /** In percent: a difference that does not matter. */
  readonly margin: number
  /** For what is drawn at random. */
  readonly seed: number
}

/** A verdict for each contest, all of one run together, so that more of them do not make for more false ones. */
export function judge(contests: readonly Contest[], rules: Rules): Verdict[] {
  const evidence = contests.map(contest => evidenceOf(contest, rules))
  const tested = evidence.filter(found => 'differences' in found)
  const differ = holm(tested.map(({ means }) => means.pEither()))
  const same = holm(tested.map(({ pEquivalent }) => pEquivalent))
  let at = 0
  return evidence.map(found => {
    if (!('differences' in found)) return none(found.why)
    const verdict = decide(found, differ[at] as number, same[at] as number, tested.length, rules)
    at++
    return verdict
  })
}

interface Evidence {
  readonly differences: readonly number[]
  readonly means: SubsetMeans
  readonly pEquivalent: number
}

function evidenceOf(contest: Contest, { margin, seed }: Rules): Evidence | { readonly why: string } {
  const disturbance = disturbed(contest.trials) ?? disturbed(contest.against)
  if (disturbance !== undefined) return { why: disturbance }
  const differences = differencesOf(contest)
  if (differences.length === 0) return { why: 'no pair of valid trials' }
  const means = new SubsetMeans(differences, seed)
  const limit = Math.log1p(margin / 100)
  return { differences, means, pEquivalent: Math.max(means.pAbove(-limit), means.pBelow(limit)) }
}

function disturbed(trials: readonly JudgedTrial[]): string | undefined {
  const count = trials.filter(({ state }) => state === 'disturbed').length
  return count > MOST_DISTURBED * trials.length
    ? `${count} of ${trials.length} trials were disturbed`
    : undefined
}

/** Logarithms of the ratios of what ran next to each other, so that twice and half are equally far from the same. */
function differencesOf({ trials, against }: Contest): number[] {
  return trials.flatMap((trial, index) => {
    const here = rateOf(trial)
    const there = rateOf(against[index])
    return here === undefined || there === undefined ? [] : [Math.log(here / there)]
  })
}

function rateOf(trial: JudgedTrial | undefined): number | undefined {
  const rate = trial?.state === 'valid' ? trial.messagesPerSecond : undefined
  return rate !== undefined && rate > 0 ? rate : undefined
}

function decide(
  { differences, means }: Evidence,
  p: number,
  pEquivalent: number,
  comparisons: number,
  { margin }: Rules,
): Verdict {
  const pairs = differences.length
  const effect = differences.reduce((sum, difference) => sum + difference, 0) / pairs
  const ratio = ratioOf(differences, effect, means)
  const found = { pairs, ratio, p, pEquivalent, morePairs: null }
  if (p <= ALPHA) {
    const kind = effect > 0 ? 'faster' : 'slower'
    return { ...found, kind, text: `${kind} by ${difference(ratio)}` }
  }
  if (pEquivalent <= ALPHA) return { ...found, kind: 'equivalent', text: `equivalent within ${margin} %` }
  const alpha = ALPHA / comparisons
  const assumed = Math.max(Math.abs(effect), Math.log1p(margin / 100))
  const needed = pairs < 2 ? fewestPairs(alpha) : pairsNeeded(assumed, deviation(differences, effect), alpha)
  const morePairs = Math.max(1, needed - pairs)
  const about = pairs < 2 ? 'at least' : 'about'
  const text = `undecided (${about} ${morePairs} more ${morePairs === 1 ? 'pair' : 'pairs'} needed)`
  return { ...found, kind: 'undecided', text, morePairs }
}

function ratioOf(differences: readonly number[], effect: number, means: SubsetMeans): Ratio {
  const interval = means.interval(ALPHA)
  return {
    estimate: Math.exp(effect),
    low: Math.exp(interval?.low ?? Math.min(...differences)),
    high: Math.exp(interval?.high ?? Math.max(...differences)),
    coverage: interval === null ? null : 1 - ALPHA,
  }
}

/** `12 % (8 to 16 %)`: by how much, without its sign. */
function difference({ estimate, low, high }: Ratio): string {
  const [near, far] = estimate > 1 ? [low, high] : [high, low]
  const sign = estimate > 1 ? 1 : -1
  const percent = (ratio: number) => (sign * (ratio - 1) * 100).toPrecision(2)
  return `${plain(percent(estimate))} % (${plain(percent(near))} to ${plain(percent(far))} %)`
}

/** `1.2e+2` as 120. */
function plain(number: string): string {
  return String(Number(number))
}

function deviation(values: readonly number[], mean: number): number {
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1))
}

function none(why: string): Verdict {
  return {
    kind: 'none',
    text: `no verdict: ${why}`,
    pairs: 0,
    ratio: null,
    p: null,
    pEquivalent: null,
    morePairs: null,
  }
}
