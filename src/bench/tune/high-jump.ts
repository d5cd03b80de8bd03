import { seeded, shuffled } from '../random.ts'
import {
  type Configuration,
  type Dimension,
  type Found,
  type SearchOptions,
  type Step,
  startOf,
  type Tried,
  type Value,
} from './search.ts'

/** Whether a configuration kept the goal at a rate; `p99Ms` where the trial could tell, to choose among equals. */
export interface Jump {
  readonly kept: boolean
  readonly p99Ms: number | null
}

/** From one bar to the next. */
const RAISE = 1.2
/** The lowest bar is about a hundredth of what the start carries at full speed. */
const LOWEST = -25
/** The highest that the start may begin at: all of that. */
const HIGHEST = 0
/** How often the bar is raised within one dimension, at most. */
const RAISES = 3
const ATTEMPTS = 2

/**
 * Looks for the configuration that keeps the goal at the highest rate, one dimension after the other, as a high jump: all
 * values try the bar above the highest that was cleared so far, next to each other, those that fail a second time too;
 * it is raised as long as somebody clears it. The value held so far keeps its place unless somebody clears a
 * bar that it does not. One attempt of two is enough, so that the rate that comes out looks better than it is.
 * `capacity`: messages a second that the start carries at full speed.
 */
export async function searchLatency(
  dimensions: readonly Dimension[],
  capacity: number,
  jump: (configuration: Configuration, rate: number) => Promise<Jump>,
  { seed, onStep }: SearchOptions,
): Promise<Found> {
  const random = seeded(seed)
  const rateOf = (bar: number) => rateAt(capacity, bar)
  let winner = startOf(dimensions)
  let cleared = await highestBar(bar => jump(winner, rateOf(bar)))
  const atStart = cleared
  const found = (steps: readonly Step[]): Found => ({
    winner,
    steps: [...steps],
    rates: {
      start: atStart === null ? null : rateOf(atStart),
      winner: cleared === null ? null : rateOf(cleared),
    },
  })
  const steps: Step[] = []
  for (const { name, values } of dimensions) {
    const from = winner[name] as Value
    const record = new Map<Value, { trials: number; bar: number | null }>(
      values.map(value => [value, { trials: 0, bar: null }]),
    )
    let left: readonly Value[] = values
    let p99s = new Map<Value, number>()
    for (let raise = 0; raise < RAISES && left.length > 0; raise++) {
      const bar: number = cleared === null ? LOWEST : cleared + 1
      const over = new Map<Value, number>()
      let order = shuffled(left, random)
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        for (const value of order.filter(value => !over.has(value))) {
          const { kept, p99Ms } = await jump({ ...winner, [name]: value }, rateOf(bar))
          const entry = record.get(value) as { trials: number; bar: number | null }
          entry.trials++
          if (!kept) continue
          entry.bar = bar
          over.set(value, p99Ms ?? Number.POSITIVE_INFINITY)
        }
        order = order.toReversed()
      }
      if (over.size === 0) break
      cleared = bar
      p99s = over
      left = [...over.keys()]
    }
    const best = Math.max(...[...record.values()].map(({ bar }) => bar ?? Number.NEGATIVE_INFINITY))
    const first = Number.isFinite(best)
      ? [...record].filter(([, { bar }]) => bar === best).map(([value]) => value)
      : []
    const to = first.length === 0 || first.includes(from) ? from : fastest(first, p99s)
    winner = { ...winner, [name]: to }
    const tried: Tried[] = [...record].map(([value, { trials, bar }]) => ({
      value,
      trials,
      gain: null,
      rate: bar === null ? null : rateOf(bar),
    }))
    steps.push({ name, from, to, tried })
    onStep?.(found(steps))
  }
  return found(steps)
}

/** How many trials `searchLatency` makes at most. */
export function mostTrialsForLatency(dimensions: readonly Dimension[]): number {
  const bisection = ATTEMPTS * Math.ceil(Math.log2(HIGHEST - LOWEST + 2))
  return dimensions.reduce((sum, { values }) => sum + ATTEMPTS * RAISES * values.length, bisection)
}

/** Messages a second, with no more digits than make a difference. */
function rateAt(capacity: number, bar: number): number {
  return Number((capacity * RAISE ** bar).toPrecision(3))
}

/** By halving, with two attempts at each, so that a held up machine is not taken for a low bar; null where even the lowest is too high. */
async function highestBar(jump: (bar: number) => Promise<Jump>): Promise<number | null> {
  let low = LOWEST - 1
  let high = HIGHEST + 1
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if ((await jump(middle)).kept || (await jump(middle)).kept) low = middle
    else high = middle
  }
  return low < LOWEST ? null : low
}

function fastest(values: readonly Value[], p99s: ReadonlyMap<Value, number>): Value {
  const p99 = (value: Value) => p99s.get(value) ?? Number.POSITIVE_INFINITY
  return values.toSorted((a, b) => p99(a) - p99(b))[0] as Value
}
