import { type Random, seeded, shuffled } from '../random.ts'

export type Value = string | number

/** A value for each dimension, by its name. */
export type Configuration = Readonly<Record<string, Value>>

export interface Dimension {
  readonly name: string
  /** The first is where the search starts. */
  readonly values: readonly Value[]
}

/** What came of one dimension. */
export interface Step {
  readonly name: string
  readonly from: Value
  /** As `from` where nothing was better. */
  readonly to: Value
  readonly tried: readonly Tried[]
}

export interface Tried {
  readonly value: Value
  readonly trials: number
  /** Throughput: by which factor it was faster than `from`, over the rounds that had both; null where there is none. */
  readonly gain: number | null
  /** Latency: the highest rate at which it kept the goal here; null where it did at none. */
  readonly rate: number | null
}

export interface Found {
  readonly winner: Configuration
  readonly steps: readonly Step[]
  /** Latency: the highest rate at which the start, and the winner, kept the goal; null at none. */
  readonly rates: { readonly start: number | null; readonly winner: number | null } | null
}

export interface SearchOptions {
  readonly seed: number
  /** A step is taken where it gains more than so many percent. */
  readonly leastGain: number
  /** After each dimension, with all so far. */
  readonly onStep?: (found: Found) => void
}

/** Of each value of a dimension that is left, in rounds next to each other. */
const ROUNDS = 4
/** Two rounds in which even the best is slower than where it stands by so much are enough. */
const HOPELESS = Math.log(0.97)

export function startOf(dimensions: readonly Dimension[]): Configuration {
  return Object.fromEntries(dimensions.map(({ name, values }) => [name, values[0] as Value]))
}

/**
 * Looks for the fastest configuration, one dimension after the other: all its values run in rounds, next to each other;
 * after each round the slower half is dropped, but never the value held so far, which all are compared with. What comes
 * out was picked because it came out ahead, so it looks better than it is: it has to be measured again.
 * `measure`: messages a second; null where a trial tells nothing, which takes its value out.
 */
export async function searchThroughput(
  dimensions: readonly Dimension[],
  measure: (configuration: Configuration) => Promise<number | null>,
  { seed, leastGain, onStep }: SearchOptions,
): Promise<Found> {
  const random = seeded(seed)
  let winner = startOf(dimensions)
  const steps: Step[] = []
  for (const { name, values } of dimensions) {
    const from = winner[name] as Value
    const contest = new Contest(values, from, random)
    for (let round = 0; round < ROUNDS && contest.goesOn; round++) {
      for (const value of contest.round()) {
        contest.note(value, await measure({ ...winner, [name]: value }))
      }
      contest.halve()
    }
    const { value: to, gain } = contest.best()
    const taken = gain > 1 + leastGain / 100 ? to : from
    winner = { ...winner, [name]: taken }
    steps.push({ name, from, to: taken, tried: contest.tried() })
    onStep?.({ winner, steps: [...steps], rates: null })
  }
  return { winner, steps, rates: null }
}

/** How many trials `searchThroughput` makes at most. */
export function mostTrialsForThroughput(dimensions: readonly Dimension[]): number {
  let trials = 0
  for (const { values } of dimensions) {
    let others = values.length - 1
    for (let round = 0; round < ROUNDS && others > 0; round++) {
      trials += others + 1
      others = Math.ceil(others / 2)
    }
  }
  return trials
}

/** The values of one dimension against the one held so far. */
class Contest {
  readonly #from: Value
  readonly #random: Random
  readonly #all: readonly Value[]
  /** Logarithms of rates, by round; null where a trial told nothing. */
  readonly #rates = new Map<Value, (number | null)[]>()
  #left: Value[]
  #order: Value[] = []
  #rounds = 0
  #hopeless = false

  constructor(values: readonly Value[], from: Value, random: Random) {
    this.#from = from
    this.#random = random
    this.#all = values
    this.#left = values.filter(value => value !== from)
    for (const value of values) this.#rates.set(value, [])
  }

  get goesOn(): boolean {
    return this.#left.length > 0 && !this.#hopeless
  }

  /** Who runs, in order; every second round backwards, so that nobody always comes first. */
  round(): readonly Value[] {
    const runs = [this.#from, ...this.#left]
    this.#order =
      this.#rounds % 2 === 1
        ? this.#order.toReversed().filter(value => runs.includes(value))
        : shuffled(runs, this.#random)
    this.#rounds++
    return this.#order
  }

  note(value: Value, rate: number | null): void {
    this.#rates.get(value)?.push(rate === null || rate <= 0 ? null : Math.log(rate))
  }

  /** Drops the slower half of the others, and who told nothing. */
  halve(): void {
    const fit = this.#left.filter(value => this.#rates.get(value)?.at(-1) !== null)
    fit.sort((a, b) => this.#gain(b) - this.#gain(a))
    this.#left = fit.slice(0, Math.ceil(fit.length / 2))
    const [best] = this.#left
    this.#hopeless = this.#rounds >= 2 && (best === undefined || this.#gain(best) < HOPELESS)
  }

  /** Who is left, and by which factor it is faster than the value held so far. */
  best(): { readonly value: Value; readonly gain: number } {
    const [value] = this.#left
    if (value === undefined) return { value: this.#from, gain: 1 }
    return { value, gain: Math.exp(this.#gain(value)) }
  }

  tried(): Tried[] {
    return this.#all.map(value => {
      const gain = value === this.#from ? 0 : this.#gain(value)
      return {
        value,
        trials: this.#rates.get(value)?.length ?? 0,
        gain: Number.isFinite(gain) ? Math.exp(gain) : null,
        rate: null,
      }
    })
  }

  /** The mean over rounds that had both. */
  #gain(value: Value): number {
    const held = this.#rates.get(this.#from) ?? []
    const differences = (this.#rates.get(value) ?? []).flatMap((rate, round) => {
      const other = held[round]
      return rate === null || other === null || other === undefined ? [] : [rate - other]
    })
    if (differences.length === 0) return Number.NEGATIVE_INFINITY
    return differences.reduce((sum, difference) => sum + difference, 0) / differences.length
  }
}
