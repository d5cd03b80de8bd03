import { type ErrorCode, MillraceError } from '../errors.ts'
import { ceilingIndexOf, whyNotApplicable } from './cell.ts'
import type { TrialOutcome } from './children.ts'
import { describeEnvironment } from './environment.ts'
import { type Plan, settingsOf } from './plan.ts'
import { type BenchReport, type CellReport, reportCell } from './report.ts'
import { type CellStages, reportStages } from './stages/stages-report.ts'
import type { Progress, Trial } from './trial.ts'
import { TrialRunner, trialOf } from './trial-runner.ts'
import { type Turn, turnsOf } from './turns.ts'

export interface BenchListener {
  /** After each trial, and before the first. */
  report(report: BenchReport): void
  trial(trial: Trial, turn: Turn, of: number): void
  /** While a trial goes on, where the plan asks for it. */
  progress(progress: Progress): void
  warning(text: string): void
}

/** `error`: what ended the run before its time; ABORTED when the signal did. */
export interface BenchOutcome {
  readonly report: BenchReport
  readonly error: MillraceError | undefined
}

const EXIT_VOID = 3

/**
 * Runs all trials of a plan, each in a process of its own, one after the other. Whatever ends it, no
 * process and no topic stays behind, and what was measured is in the report.
 * @throws MillraceError what `describeEnvironment` does; USAGE where not one of its cells can be run
 */
export async function runBench(
  plan: Plan,
  listener: BenchListener,
  signal: AbortSignal,
): Promise<BenchOutcome> {
  const run = new BenchRun(plan, listener, signal)
  run.check()
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

/** What a cluster that went away for a while makes of a trial; the next one may find it again. */
const passing: ReadonlySet<string> = new Set<ErrorCode>([
  'BROKER_UNREACHABLE',
  'REQUEST_FAILED',
  'UNKNOWN_TOPIC',
  'CLUSTER_FAILED',
])

class BenchRun {
  readonly #plan: Plan
  readonly #listener: BenchListener
  readonly #runner: TrialRunner
  readonly #environment: BenchReport['environment']
  readonly #trials: Trial[][]
  readonly #othersTrials: Trial[][]
  /** By cell and stage. */
  readonly #stageTrials = new Map<string, Trial[]>()
  readonly #partitions = new Map<number, number>()
  readonly #order: readonly Turn[]
  readonly #warned = new Set<string>()
  #done = 0

  constructor(plan: Plan, listener: BenchListener, signal: AbortSignal) {
    this.#plan = plan
    this.#listener = listener
    this.#runner = new TrialRunner(plan, signal)
    this.#environment = { ...describeEnvironment(), ...settingsOf(plan) }
    this.#trials = plan.cells.map(() => [])
    this.#othersTrials = plan.cells.map(() => [])
    this.#order = turnsOf(plan)
  }

  report(): BenchReport {
    const { against } = this.#plan
    const all = [...this.#trials, ...this.#othersTrials, ...this.#stageTrials.values()]
    const isVoid = all.flat().some(({ state }) => state === 'void')
    return {
      schema: 'millrace.bench/1',
      environment: this.#environment,
      cells: this.#cells(this.#trials),
      ...(against === undefined
        ? {}
        : {
            against: {
              folder: against.folder,
              millrace: against.version,
              cells: this.#cells(this.#othersTrials),
            },
          }),
      ...(this.#plan.stages === true ? { stages: this.#stages() } : {}),
      missingTrials: this.#order.length - this.#done,
      error: null,
      exitCode: isVoid ? EXIT_VOID : 0,
    }
  }

  /** @throws MillraceError USAGE */
  check(): void {
    if (this.#order.length > 0) return
    const { cells, memoryBytes } = this.#plan
    const why = cells.map(cell => whyNotApplicable(cell, memoryBytes))
    throw new MillraceError('USAGE', `Not one row of this grid can be run: ${[...new Set(why)].join('; ')}`, {
      hint: 'Give other values in the lists',
    })
  }

  #cells(trials: readonly (readonly Trial[])[]): CellReport[] {
    const { cells, memoryBytes } = this.#plan
    return cells.map((cell, index) =>
      reportCell(
        { ...cell, partitions: this.#partitions.get(index) ?? cell.partitions },
        whyNotApplicable(cell, memoryBytes) ?? null,
        trials[index] ?? [],
        trials[ceilingIndexOf(cells, index)],
      ),
    )
  }

  #stages(): CellStages[] {
    const { cells, brokers, seed } = this.#plan
    return reportStages(
      { cells, embedded: brokers === undefined, seed },
      (cell, stage) => this.#trialsOf({ cell, stage, other: undefined }),
      cell => this.#trialsOf({ cell, other: undefined }),
    )
  }

  /** Where the trial of a turn goes. */
  #trialsOf({ cell, stage, other }: Turn): Trial[] {
    if (stage === undefined) return (other === undefined ? this.#trials : this.#othersTrials)[cell] as Trial[]
    const key = `${cell} ${stage}`
    const trials = this.#stageTrials.get(key) ?? []
    this.#stageTrials.set(key, trials)
    return trials
  }

  async all(): Promise<void> {
    for (const turn of this.#order) {
      const outcome = await this.#tried(turn)
      this.#done++
      const trial = trialOf(outcome, this.#done)
      this.#trialsOf(turn).push(trial)
      if ('result' in outcome) {
        if (turn.stage === undefined) this.#partitions.set(turn.cell, outcome.result.partitions)
        for (const text of outcome.result.warnings) this.#warnOnce(text)
      }
      this.#listener.trial(trial, turn, this.#order.length)
      this.#listener.report(this.report())
    }
  }

  async cleanUp(): Promise<void> {
    await this.#runner.cleanUp(text => this.#listener.warning(text))
  }

  /** @throws MillraceError where nothing was measured before: it will not be better with the next one */
  async #tried({ cell: index, stage, other }: Turn): Promise<TrialOutcome> {
    const cell = this.#plan.cells[index]
    if (cell === undefined) throw new Error(`there is no cell ${index}`)
    const { properties, seed } = this.#plan
    const onProgress = (progress: Progress) => this.#listener.progress(progress)
    try {
      return await this.#runner.run({ cell, properties, seed: seed + this.#done, stage, other, onProgress })
    } catch (error) {
      const begun = this.#trials.some(trials => trials.length > 0)
      if (!begun || !(error instanceof MillraceError) || !passing.has(error.code)) throw error
      return { died: `it could not begin: ${error.message}` }
    }
  }

  #warnOnce(text: string): void {
    if (this.#warned.has(text)) return
    this.#warned.add(text)
    this.#listener.warning(text)
  }
}
