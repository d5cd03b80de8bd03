import { aborted, type ErrorCode, MillraceError } from '../errors.ts'
import { DEFAULT_PARTITIONS } from '../testing/embedded-cluster.ts'
import { type Cell, ceilingIndexOf, whyNotApplicable } from './cell.ts'
import { forkCluster, forkTrial, type TrialOutcome } from './children.ts'
import { describeEnvironment } from './environment.ts'
import { type Plan, settingsOf } from './plan.ts'
import { type BenchReport, type CellReport, reportCell } from './report.ts'
import { type CellStages, reportStages } from './stages/stages-report.ts'
import { Topics } from './topics.ts'
import type { Progress, Trial, TrialSpec } from './trial.ts'
import { type Turn, turnsOf } from './turns.ts'

export interface BenchListener {
  /** After each trial, and before the first. */
  report(report: BenchReport): void
  /** `others`: of the other installation. */
  trial(trial: Trial, turn: Turn, of: number): void
  /** While a trial goes on, where the plan asks for it. */
  progress(progress: Progress, cell: number): void
  warning(text: string): void
}

/** `error`: what ended the run before its time; ABORTED when the signal did. */
export interface BenchOutcome {
  readonly report: BenchReport
  readonly error: MillraceError | undefined
}

const EXIT_VOID = 3
const EMBEDDED_TOPIC = 'millrace-bench'

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

/** Topics that are asked for come into being with so many partitions by themselves, even without the addon. */
function topicsOf({ partitions }: Cell): Readonly<Record<string, number>> {
  return partitions === null || partitions === DEFAULT_PARTITIONS ? {} : { [EMBEDDED_TOPIC]: partitions }
}

/** Where an embedded cluster is measured beside the brokers given. */
const NOWHERE = { brokers: undefined, topic: undefined } as const

/** The embedded cluster takes whoever comes, and knows no TLS. */
function withoutSecurity(properties: TrialSpec['properties']): TrialSpec['properties'] {
  return Object.fromEntries(
    Object.entries(properties).filter(([name]) => !/^(security|sasl|ssl)\./.test(name)),
  )
}

/** What a plan says of every trial. */
function sameInAll(plan: Plan) {
  const { warmupSeconds, warmupMessages, length, allowFailures, reportingSeconds, metrics } = plan
  const { payloadFile, payloadDelimiter, payloadMonotonic } = plan
  const payloads = { payloadFile, payloadDelimiter, payloadMonotonic }
  return { warmupSeconds, warmupMessages, length, allowFailures, reportingSeconds, metrics, ...payloads }
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
  readonly #signal: AbortSignal
  readonly #environment: BenchReport['environment']
  readonly #trials: Trial[][]
  readonly #othersTrials: Trial[][]
  /** By cell and stage. */
  readonly #stageTrials = new Map<string, Trial[]>()
  readonly #partitions = new Map<number, number>()
  readonly #order: readonly Turn[]
  readonly #warned = new Set<string>()
  #done = 0
  #topics: Topics | undefined

  constructor(plan: Plan, listener: BenchListener, signal: AbortSignal) {
    this.#plan = plan
    this.#listener = listener
    this.#signal = signal
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
      const trial = this.#toTrial(outcome)
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
    const left = (await this.#topics?.close()) ?? []
    if (left.length > 0) {
      this.#listener.warning(`these topics could not be deleted and are still there: ${left.join(', ')}`)
    }
  }

  /** @throws MillraceError where nothing was measured before: it will not be better with the next one */
  async #tried(turn: Turn): Promise<TrialOutcome> {
    try {
      return await this.#trial(turn)
    } catch (error) {
      const begun = this.#trials.some(trials => trials.length > 0)
      if (!begun || !(error instanceof MillraceError) || !passing.has(error.code)) throw error
      return { died: `it could not begin: ${error.message}` }
    }
  }

  async #trial({ cell: index, stage, other }: Turn): Promise<TrialOutcome> {
    const cell = this.#plan.cells[index]
    if (cell === undefined) throw new Error(`there is no cell ${index}`)
    const { properties, seed, transactions } = this.#plan
    const { brokers, topic } = stage === 'embedded' ? NOWHERE : this.#plan
    const inner = stage === 'javascript' || stage === 'addon' ? stage : undefined
    const trial = {
      cell,
      ...sameInAll(this.#plan),
      seed: seed + this.#done,
      // the embedded cluster writes none
      transactions: transactions && { ...transactions, marked: brokers !== undefined },
    }
    const onProgress = (progress: Progress) => this.#listener.progress(progress, index)
    if (inner !== undefined) {
      const spec: TrialSpec = { ...trial, stage: inner, topic: EMBEDDED_TOPIC, properties }
      return forkTrial(spec, this.#signal, undefined, onProgress)
    }
    const cluster = brokers === undefined ? await forkCluster(topicsOf(cell)) : undefined
    const reached: TrialSpec['properties'] = {
      // a topic that was deleted must not come back because a client asked for it
      ...(cluster === undefined ? { 'allow.auto.create.topics': false } : {}),
      ...(stage === 'embedded' ? withoutSecurity(properties) : properties),
      'bootstrap.servers': cluster?.bootstrapServers ?? brokers ?? '',
    }
    const own = cluster === undefined && topic === undefined
    try {
      if (this.#signal.aborted) throw aborted(this.#signal)
      if (own) this.#topics ??= new Topics(reached)
      const made = own ? await this.#topics?.make(cell.partitions) : undefined
      const spec: TrialSpec = { ...trial, topic: made ?? topic ?? EMBEDDED_TOPIC, properties: reached }
      const outcome = await forkTrial(spec, this.#signal, other?.trialProcess, onProgress)
      if (made !== undefined) await this.#topics?.drop(made)
      return outcome
    } finally {
      await cluster?.stop()
    }
  }

  #toTrial(outcome: TrialOutcome): Trial {
    const order = this.#done
    if ('died' in outcome) return { order, state: 'void', why: outcome.died }
    const { figures, faults, remark } = outcome.result
    if (faults.length > 0) return { order, state: 'void', why: faults.join('; '), ...figures }
    return remark === undefined
      ? { order, state: 'valid', why: null, ...figures }
      : { order, ...remark, ...figures }
  }

  #warnOnce(text: string): void {
    if (this.#warned.has(text)) return
    this.#warned.add(text)
    this.#listener.warning(text)
  }
}
