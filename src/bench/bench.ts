import { MillraceError } from '../errors.ts'
import { ceilingIndexOf, whyNotApplicable } from './cell.ts'
import { describeEnvironment } from './environment.ts'
import { type Plan, settingsOf } from './plan.ts'
import { type BenchReport, type CellReport, reportCell } from './report.ts'
import type { Trial } from './trial.ts'
import { TrialRunner, trialOf } from './trial-runner.ts'
import { type Turn, turnsOf } from './turns.ts'

export interface BenchListener {
  /** After each trial, and before the first. */
  report(report: BenchReport): void
  /** `others`: of the other installation. */
  trial(trial: Trial, cell: number, of: number, others: boolean): void
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
 * @throws MillraceError only what `describeEnvironment` does
 */
export async function runBench(
  plan: Plan,
  listener: BenchListener,
  signal: AbortSignal,
): Promise<BenchOutcome> {
  const run = new BenchRun(plan, listener, signal)
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

class BenchRun {
  readonly #plan: Plan
  readonly #listener: BenchListener
  readonly #runner: TrialRunner
  readonly #environment: BenchReport['environment']
  readonly #trials: Trial[][]
  readonly #othersTrials: Trial[][]
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
    const isVoid = [...this.#trials, ...this.#othersTrials].flat().some(({ state }) => state === 'void')
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
      missingTrials: this.#order.length - this.#done,
      error: null,
      exitCode: isVoid ? EXIT_VOID : 0,
    }
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

  async all(): Promise<void> {
    for (const { cell: index, other } of this.#order) {
      const cell = this.#plan.cells[index]
      if (cell === undefined) throw new Error(`there is no cell ${index}`)
      const { properties, seed } = this.#plan
      const outcome = await this.#runner.run({ cell, properties, seed: seed + this.#done, other })
      this.#done++
      const trial = trialOf(outcome, this.#done)
      const trials = other === undefined ? this.#trials : this.#othersTrials
      trials[index]?.push(trial)
      if ('result' in outcome) {
        this.#partitions.set(index, outcome.result.partitions)
        for (const text of outcome.result.warnings) this.#warnOnce(text)
      }
      this.#listener.trial(trial, index, this.#order.length, other !== undefined)
      this.#listener.report(this.report())
    }
  }

  async cleanUp(): Promise<void> {
    await this.#runner.cleanUp(text => this.#listener.warning(text))
  }

  #warnOnce(text: string): void {
    if (this.#warned.has(text)) return
    this.#warned.add(text)
    this.#listener.warning(text)
  }
}
