import { MillraceError } from '../../errors.ts'
import type { BenchOutcome } from '../bench.ts'
import { whyNotApplicable } from '../cell.ts'
import { group, setting } from '../columns.ts'
import { describeEnvironment } from '../environment.ts'
import { type Plan, secondsOfTrial, settingsOf } from '../plan.ts'
import { type BenchReport, reportCell } from '../report.ts'
import { isMeasured, type Progress, type Trial } from '../trial.ts'
import { TrialRunner, trialOf } from '../trial-runner.ts'
import { type Contender, contendersOf, roundsOf, verdictsOf } from './confirm.ts'
import { type Goal, keeps, p99Of, rateOf } from './goal.ts'
import { mostTrialsForLatency, searchLatency } from './high-jump.ts'
import {
  type Configuration,
  type Dimension,
  type Found,
  mostTrialsForThroughput,
  type Step,
  searchThroughput,
  startOf,
} from './search.ts'
import { changesOf, setUp } from './space.ts'
import { type SearchTrial, type TuneReport, tuneReport } from './tune-report.ts'

/** What is to be tuned. The plan has one cell, where the search starts; its `repeat` are the fresh pairs. */
export interface Tuning {
  readonly goal: Goal
  readonly dimensions: readonly Dimension[]
  /** In percent: what does not matter. */
  readonly margin: number
}

export interface TuneListener {
  /** After each trial, and before the first. */
  report(report: BenchReport): void
  /** What was measured or found, for people. */
  line(text: string): void
  /** While a trial goes on, where the plan asks for it. */
  progress(progress: Progress): void
  warning(text: string): void
}

const EXIT_VOID = 3

/** The most trials that tuning takes: those of the search, and fresh ones. */
export function mostTrials(
  { goal, dimensions }: Tuning,
  repeat: number,
): { readonly search: number; readonly fresh: number } {
  // a latency goal is looked for from what is carried at full speed
  const search =
    goal.kind === 'throughput' ? mostTrialsForThroughput(dimensions) : 2 + mostTrialsForLatency(dimensions)
  const contenders = dimensions.length < 2 ? 2 : 2 + dimensions.length
  return { search, fresh: repeat * contenders }
}

/** How long that takes at most, about. */
export function mostSeconds(plan: Plan, tuning: Tuning): number {
  const { search, fresh } = mostTrials(tuning, plan.repeat)
  return secondsOfTrial(plan, plan.cells[0]?.rate) * (search + fresh)
}

/**
 * Searches for a configuration that serves the goal, then measures what it found against the start on fresh trials, since
 * whatever is picked because it came out ahead looks better than it is. Ends as `runBench` does.
 * @throws MillraceError only what `describeEnvironment` does
 */
export async function runTune(
  plan: Plan,
  tuning: Tuning,
  listener: TuneListener,
  signal: AbortSignal,
): Promise<BenchOutcome> {
  const run = new TuneRun(plan, tuning, listener, signal)
  listener.report(run.report())
  let error: MillraceError | undefined
  try {
    await run.all()
  } catch (thrown) {
    if (!(thrown instanceof MillraceError)) throw thrown
    error = thrown
  } finally {
    await run.cleanUp()
  }
  const told = error === undefined ? null : { code: error.code, message: error.message }
  return { report: { ...run.report(), error: told }, error }
}

class TuneRun {
  readonly #plan: Plan
  readonly #tuning: Tuning
  readonly #listener: TuneListener
  readonly #runner: TrialRunner
  readonly #environment: BenchReport['environment']
  readonly #start: Configuration
  readonly #most: TuneReport['mostTrials']
  readonly #searchTrials: SearchTrial[] = []
  readonly #warned = new Set<string>()
  #found: Found
  #searched = false
  #contenders: readonly Contender[] = []
  /** Of each contender, in rounds. */
  #fresh: Trial[][] = []
  #partitions: number | undefined
  #done = 0

  constructor(plan: Plan, tuning: Tuning, listener: TuneListener, signal: AbortSignal) {
    this.#plan = plan
    this.#tuning = tuning
    this.#listener = listener
    this.#runner = new TrialRunner(plan, signal)
    this.#environment = { ...describeEnvironment(), ...settingsOf(plan) }
    this.#start = startOf(tuning.dimensions)
    this.#most = mostTrials(tuning, plan.repeat)
    const rates = tuning.goal.kind === 'latency' ? { start: null, winner: null } : null
    this.#found = { winner: this.#start, steps: [], rates }
  }

  async all(): Promise<void> {
    const { goal, dimensions, margin } = this.#tuning
    const options = {
      seed: this.#plan.seed,
      leastGain: margin,
      onStep: (found: Found) => {
        this.#found = found
        const step = found.steps.at(-1)
        if (step !== undefined) this.#listener.line(stepLine(step))
      },
    }
    this.#found =
      goal.kind === 'throughput'
        ? await searchThroughput(dimensions, async one => rateOf(await this.#try(one, 'max')), options)
        : await this.#searchLatency(goal.p99Ms, options)
    this.#searched = true
    this.#listener.report(this.report())
    if (changesOf(this.#start, this.#found.winner).length > 0) await this.#confirm()
  }

  async cleanUp(): Promise<void> {
    await this.#runner.cleanUp(text => this.#listener.warning(text))
  }

  async #searchLatency(
    p99Ms: number,
    options: { seed: number; leastGain: number; onStep: (found: Found) => void },
  ): Promise<Found> {
    const capacity = (await this.#capacity()) ?? (await this.#capacity())
    if (capacity === null) return this.#found
    const jump = async (configuration: Configuration, rate: number) => {
      const trial = await this.#try(configuration, rate)
      return { kept: keeps(trial, p99Ms), p99Ms: p99Of(trial) }
    }
    return searchLatency(this.#tuning.dimensions, capacity, jump, options)
  }

  /** What the start carries at full speed: where to begin, so that a trial that was disturbed tells enough. */
  async #capacity(): Promise<number | null> {
    const { state, messagesPerSecond } = await this.#try(this.#start, 'max')
    return state === 'void' || messagesPerSecond === undefined ? null : messagesPerSecond
  }

  /** A trial of the search; one that cannot be run is void. */
  async #try(configuration: Configuration, rate: number | 'max'): Promise<Trial> {
    const trial = await this.#run(configuration, rate)
    const told: SearchTrial = {
      order: this.#done,
      configuration,
      rate,
      state: trial.state,
      why: trial.why,
      messagesPerSecond: trial.messagesPerSecond ?? null,
      p99Ms: p99Of(trial),
    }
    this.#searchTrials.push(told)
    this.#listener.line(
      `[${this.#done}, at most ${this.#most.search}] ${nameOf(configuration, this.#start)}: ${resultOf(trial, rate)}`,
    )
    this.#listener.report(this.report())
    return trial
  }

  async #run(configuration: Configuration, rate: number | 'max', variant?: string): Promise<Trial> {
    const base = { cell: this.#cell, properties: this.#plan.properties }
    const { cell, properties } = setUp(base, this.#start, configuration)
    this.#done++
    const why = whyNotApplicable(cell, this.#plan.memoryBytes)
    if (why !== undefined) return { order: this.#done, state: 'void', why: `not applicable: ${why}` }
    const seed = this.#plan.seed + this.#done
    const named = { ...cell, rate, ...(variant === undefined ? {} : { variant }) }
    const onProgress = (progress: Progress) => this.#listener.progress(progress)
    const outcome = await this.#runner.run({ cell: named, properties, seed, onProgress })
    if ('result' in outcome) {
      this.#partitions = outcome.result.partitions
      for (const text of outcome.result.warnings) this.#warnOnce(text)
    }
    return trialOf(outcome, this.#done)
  }

  async #confirm(): Promise<void> {
    const rate = this.#confirmedRate ?? 'max'
    this.#contenders = contendersOf(this.#start, this.#found.winner)
    this.#fresh = this.#contenders.map(() => [])
    const most = this.#plan.repeat * this.#contenders.length
    this.#listener.line(`What was found is measured again, with ${most} fresh trials:`)
    // other payloads and orders than the search had
    const rounds = roundsOf(this.#contenders.length, this.#plan.repeat, this.#plan.seed + 1)
    let done = 0
    for (const index of rounds.flat()) {
      const { name, configuration } = this.#contenders[index] as Contender
      const trial = await this.#run(configuration, rate, name)
      this.#fresh[index]?.push(trial)
      done++
      this.#listener.line(`[${done}/${most}] ${name}: ${resultOf(trial, rate)}`)
      this.#listener.report(this.report())
    }
  }

  get #confirmedRate(): number | null {
    return this.#found.rates?.winner ?? null
  }

  get #cell() {
    const [cell] = this.#plan.cells
    if (cell === undefined) throw new Error('a tuning starts at a cell')
    return cell
  }

  report(): BenchReport {
    const base = { cell: this.#cell, properties: this.#plan.properties }
    const rate = this.#confirmedRate ?? 'max'
    const cells = this.#contenders.map(({ name, configuration }, index) => {
      const { cell, properties } = setUp(base, this.#start, configuration)
      const partitions = this.#partitions ?? cell.partitions
      const changed = Object.fromEntries(
        Object.entries(properties).filter(([property]) => !(property in this.#plan.properties)),
      )
      const report = reportCell({ ...cell, partitions, rate, variant: name }, null, this.#fresh[index] ?? [])
      return { ...report, properties: changed }
    })
    const fresh = this.#fresh.flat()
    return {
      schema: 'millrace.bench/1',
      environment: this.#environment,
      cells,
      tune: this.#tuneReport(),
      missingTrials: this.#missing(fresh.length),
      error: null,
      exitCode: this.#isVoid(fresh) ? EXIT_VOID : 0,
    }
  }

  /** In a search a value that cannot be run is an answer; that none can is none. */
  #isVoid(fresh: readonly Trial[]): boolean {
    const search = this.#searchTrials
    const none = search.length > 0 && search.every(({ state }) => state === 'void')
    return none || fresh.some(({ state }) => state === 'void')
  }

  #tuneReport(): TuneReport {
    const { goal, dimensions, margin } = this.#tuning
    const { winner, steps, rates } = this.#found
    const [start = [], own = [], ...others] = this.#fresh
    const rules = { margin, seed: this.#plan.seed }
    const changes = changesOf(this.#start, winner)
    const verdicts = own.length === 0 ? [] : verdictsOf(goal, own, [start, ...others], rules)
    const [verdict, ...ofSettings] = verdicts
    const settings = changes.map((name, at) => ({
      name,
      from: this.#start[name] as string | number,
      to: winner[name] as string | number,
      // the only change gained all of it
      verdict: (changes.length === 1 ? verdict : ofSettings[at]) ?? null,
    }))
    return tuneReport(
      {
        goal,
        searched: dimensions,
        start: this.#start,
        winner,
        mostTrials: this.#most,
        search: { done: this.#searched, steps, trials: [...this.#searchTrials], rates },
        confirmation: verdict === undefined ? null : { rate: this.#confirmedRate, verdict, settings },
      },
      this.#environment,
    )
  }

  /** At most, as long as the search goes on. */
  #missing(fresh: number): number {
    if (!this.#searched) return this.#most.search - this.#searchTrials.length + 2 * this.#plan.repeat
    if (changesOf(this.#start, this.#found.winner).length === 0) return 0
    return this.#plan.repeat * contendersOf(this.#start, this.#found.winner).length - fresh
  }

  #warnOnce(text: string): void {
    if (this.#warned.has(text)) return
    this.#warned.add(text)
    this.#listener.warning(text)
  }
}

/** What sets a configuration apart from the start. */
function nameOf(configuration: Configuration, start: Configuration): string {
  const changes = changesOf(start, configuration).map(name => `${name} ${configuration[name]}`)
  return changes.length === 0 ? 'start' : changes.join(', ')
}

function resultOf(trial: Trial, rate: number | 'max'): string {
  const at = rate === 'max' ? '' : `${setting(rate)} a second: `
  const p99 = p99Of(trial)
  if (trial.state === 'void') return `${at}void: ${trial.why}`
  if (p99 === null) {
    const why = trial.state === 'disturbed' ? `disturbed: ${trial.why}` : trial.state
    return rate === 'max' && isMeasured(trial) ? `${group(trial.messagesPerSecond)} msg/s` : `${at}${why}`
  }
  const which = (trial.latencyMs as { p99: number | null } | null)?.p99 === null ? 'max' : 'p99'
  return `${at}${which} ${p99.toFixed(1)} ms${trial.state === 'disturbed' ? ', disturbed' : ''}`
}

function stepLine({ name, from, to }: Step): string {
  return to === from ? `${name} stays ${from}` : `${name} ${to} instead of ${from}`
}
