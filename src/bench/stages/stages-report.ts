import type { Cell } from '../cell.ts'
import { type Summary, summarize } from '../statistics.ts'
import type { Trial } from '../trial.ts'
import { SubsetMeans } from '../verdicts/subset-means.ts'
import { ALPHA } from '../verdicts/verdict.ts'
import { type Stage, stagesOf } from './stage.ts'

/** What a layer adds to the one before it, over pairs of trials of one round. */
export interface Added {
  /** Mean of the differences. */
  readonly nanoseconds: number
  readonly low: number
  readonly high: number
  /** Probability that low to high holds the true one; null: too few pairs, these are the least and greatest seen. */
  readonly coverage: number | null
  readonly pairs: number
}

/** One layer of a cell, and all that are before it. */
export interface StageReport {
  readonly stage: Stage
  /** In the order in which they ran; null for the last: they are the cell's own. */
  readonly trials: readonly Trial[] | null
  /** Of time, a message; null where no trial is valid. */
  readonly nanoseconds: Summary | null
  /** Of the process's processor time, all threads', a message. */
  readonly cpuNanoseconds: Summary | null
  /** Null for the first, and where there is no pair. */
  readonly added: Added | null
  readonly addedCpu: Added | null
}

export interface CellStages {
  /** Index of the cell in the report. */
  readonly cell: number
  readonly stages: readonly StageReport[]
}

/** `trials`: of each stage but the last. */
export function reportStages(
  {
    cells,
    embedded,
    seed,
  }: { readonly cells: readonly Cell[]; readonly embedded: boolean; readonly seed: number },
  trials: (cell: number, stage: Stage) => readonly Trial[],
  own: (cell: number) => readonly Trial[],
): CellStages[] {
  return cells.flatMap((cell, index) => {
    const stages = stagesOf(cell, embedded)
    if (stages.length === 0) return []
    const measured = stages.map((stage, at) => {
      const isLast = at === stages.length - 1
      return { stage, isLast, trials: isLast ? own(index) : trials(index, stage) }
    })
    return [
      {
        cell: index,
        stages: measured.map(({ stage, isLast, trials: here }, at) => {
          const before = measured[at - 1]?.trials
          return {
            stage,
            trials: isLast ? null : here,
            nanoseconds: summarize(here.flatMap(elapsed)),
            cpuNanoseconds: summarize(here.flatMap(cpu)),
            added: before === undefined ? null : addedTo(before, here, elapsed, seed),
            addedCpu: before === undefined ? null : addedTo(before, here, cpu, seed),
          }
        }),
      },
    ]
  })
}

type Measure = (trial: Trial) => number[]

/** Empty where the trial is not valid. */
const elapsed: Measure = trial => (trial.state === 'valid' ? [1e9 / trial.messagesPerSecond] : [])

const cpu: Measure = trial => {
  if (trial.state !== 'valid') return []
  const { cpuSeconds, seconds, messagesPerSecond } = trial
  return [((cpuSeconds.user + cpuSeconds.system) / (seconds * messagesPerSecond)) * 1e9]
}

function addedTo(
  before: readonly Trial[],
  here: readonly Trial[],
  measure: Measure,
  seed: number,
): Added | null {
  const differences = here.flatMap((trial, round) => {
    const [value] = measure(trial)
    const other = before[round]
    const [base] = other === undefined ? [] : measure(other)
    return value === undefined || base === undefined ? [] : [value - base]
  })
  if (differences.length === 0) return null
  const interval = new SubsetMeans(differences, seed).interval(ALPHA)
  return {
    nanoseconds: differences.reduce((sum, difference) => sum + difference, 0) / differences.length,
    low: interval?.low ?? Math.min(...differences),
    high: interval?.high ?? Math.max(...differences),
    coverage: interval === null ? null : 1 - ALPHA,
    pairs: differences.length,
  }
}
