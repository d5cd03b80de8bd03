import { nameOf } from './columns.ts'
import { type Comparison, compareRuns } from './compare/compare.ts'
import type { Recorded } from './compare/recorded.ts'
import type { BenchReport, CellReport } from './report.ts'
import { type Scaling, scalingOf } from './scaling.ts'
import type { TuneReport } from './tune/tune-report.ts'
import { competes, type GridVerdict, gridVerdicts } from './verdicts/grid.ts'
import { fewestPairs } from './verdicts/power.ts'
import { ALPHA, judge, type Verdict, type VerdictKind } from './verdicts/verdict.ts'

/** What was found in a report; all of it follows from the report and the rules. */
export interface AnalysedReport extends BenchReport {
  /** In percent: a difference that does not matter. */
  readonly margin: number
  readonly verdicts: readonly GridVerdict[]
  readonly scaling: readonly Scaling[]
  /** With an earlier run; null where none was given. */
  readonly comparison: Comparison | null
  /** With another installation, measured alongside; null where none was given. */
  readonly against: AgainstReport | null
  /** Cells that are slower than allowed, by name; null where no limit was given. */
  readonly slower: { readonly limitPercent: number; readonly cells: readonly string[] } | null
}

/** The same cells, run by another installation in between. */
export interface AgainstReport {
  readonly folder: string
  readonly millrace: string
  /** One for each cell of the report. */
  readonly cells: readonly CellReport[]
  /** This installation to the other, one for each cell that both measured. */
  readonly verdicts: readonly (Verdict & { readonly cell: number })[]
}

export interface AnalysisOptions {
  readonly margin: number
  readonly earlier?: Recorded | undefined
  readonly failIfSlower?: number | undefined
}

const EXIT_SLOWER = 3

export function analyse(report: BenchReport, options: AnalysisOptions): AnalysedReport {
  const { cells, environment } = report
  const { margin, earlier, failIfSlower } = options
  const rules = { margin, seed: environment.seed }
  const comparison = earlier === undefined ? null : compareRuns(earlier, report, margin)
  const against = againstOf(report, rules)
  const found = [...(comparison?.cells ?? []), ...(against?.verdicts ?? [])]
  const slower =
    failIfSlower === undefined
      ? null
      : {
          limitPercent: failIfSlower,
          cells: found
            .filter(
              ({ kind, ratio }) => kind === 'slower' && (ratio?.estimate ?? 1) <= 1 - failIfSlower / 100,
            )
            .map(({ cell }) => nameOf(cells[cell] as CellReport, cells)),
        }
  return {
    ...report,
    margin,
    // what was tuned has verdicts of its own, and its configurations differ by more than cells tell
    verdicts: report.tune === undefined ? gridVerdicts(cells, rules) : [],
    scaling: report.tune === undefined ? scalingOf(cells, environment.cpu.count, rules) : [],
    comparison,
    against,
    slower,
    exitCode: report.exitCode === 0 && (slower?.cells.length ?? 0) > 0 ? EXIT_SLOWER : report.exitCode,
  }
}

function againstOf(
  { against, cells }: BenchReport,
  rules: { margin: number; seed: number },
): AgainstReport | null {
  if (!against) return null
  const measured = cells.flatMap(({ trials }, cell) => {
    const others = against.cells[cell]?.trials ?? []
    return trials.length === 0 || others.length === 0 || !competes(cells[cell] as CellReport)
      ? []
      : [{ cell, trials, against: others }]
  })
  const verdicts = judge(measured, rules)
  return {
    ...against,
    verdicts: verdicts.map((verdict, at) => ({ cell: (measured[at] as { cell: number }).cell, ...verdict })),
  }
}

/** What was found, line by line, for people; nothing where there is nothing to compare. */
export function findings(report: AnalysedReport): string[] {
  if (report.tune !== undefined) return tuneLines(report.tune)
  return [
    ...verdictLines(report),
    ...againstLines(report),
    ...comparisonLines(report),
    ...report.scaling.filter(worthTelling).map(({ text }) => text),
    ...slowerLines(report),
  ]
}

/** The same in short, where the verdicts themselves stand elsewhere. */
export function headlines(report: AnalysedReport): string[] {
  if (report.tune !== undefined) return tuneLines(report.tune)
  const { verdicts, against, comparison, cells } = report
  const [first] = verdicts
  return [
    ...(first === undefined
      ? []
      : [`Against ${nameOf(cells[first.against] as CellReport, cells)}: ${tally(verdicts)}.`]),
    ...(against === null
      ? []
      : [`Against millrace ${against.millrace} in ${against.folder}: ${tally(against.verdicts)}.`]),
    ...(comparison === null || comparison.environmentDiffers.length > 0
      ? comparisonLines(report)
      : [`Since ${comparison.file}: ${tally(comparison.cells)}.`]),
    ...report.scaling.filter(worthTelling).map(({ text }) => text),
    ...slowerLines(report),
  ]
}

/** What each change is worth: the winner against the winner without it. */
function tuneLines({ confirmation }: TuneReport): string[] {
  if (confirmation === null) return []
  return confirmation.settings.map(
    ({ name, from, to, verdict }) =>
      `${name} ${to} instead of ${from}: ${verdict?.text ?? 'not measured by itself'}`,
  )
}

/** `2 faster, 1 undecided` */
function tally(verdicts: readonly { readonly kind: VerdictKind }[]): string {
  const counts = (['faster', 'slower', 'equivalent', 'undecided', 'none'] as const).flatMap(kind => {
    const count = verdicts.filter(verdict => verdict.kind === kind).length
    return count === 0 ? [] : [`${count} ${kind === 'none' ? 'without a verdict' : kind}`]
  })
  return counts.length === 0 ? 'nothing to compare' : counts.join(', ')
}

const parallel: ReadonlySet<Scaling['axis']> = new Set(['loops', 'threads', 'producers', 'processes'])

/** Parallelism always; another axis where it ends within what was measured. */
function worthTelling({ axis, knee, points }: Scaling): boolean {
  return parallel.has(axis) || knee !== points.at(-1)?.value
}

function verdictLines({ verdicts, cells }: AnalysedReport): string[] {
  const [first] = verdicts
  if (first === undefined) return []
  const name = (index: number) => nameOf(cells[index] as CellReport, cells)
  const fewest = fewestPairs(ALPHA / verdicts.length)
  if (verdicts.every(({ kind, pairs }) => kind === 'undecided' && pairs < fewest)) {
    return [
      `Too few trials for verdicts against ${name(first.against)}: --repeat ${fewest} is the least that can give one.`,
    ]
  }
  return [
    `Against ${name(first.against)} (5 % error over all):`,
    ...verdicts.map(({ cell, text }) => `  ${name(cell)}: ${text}`),
  ]
}

function againstLines({ against, cells }: AnalysedReport): string[] {
  if (against === null) return []
  return [
    `Against millrace ${against.millrace} in ${against.folder} (5 % error over all):`,
    ...against.verdicts.map(({ cell, text }) => `  ${nameOf(cells[cell] as CellReport, cells)}: ${text}`),
  ]
}

function comparisonLines({ comparison, cells }: AnalysedReport): string[] {
  if (comparison === null) return []
  const { file, environmentDiffers, label } = comparison
  const named = `${file}${label === null ? '' : ` (${label})`}`
  if (environmentDiffers.length > 0)
    return [`Not comparable with ${named}: ${environmentDiffers.join('; ')}.`]
  return [
    `Since ${named}:`,
    ...comparison.cells.map(({ cell, text }) => `  ${nameOf(cells[cell] as CellReport, cells)}: ${text}`),
  ]
}

function slowerLines({ slower }: AnalysedReport): string[] {
  if (slower === null || slower.cells.length === 0) return []
  const by = slower.limitPercent === 0 ? '' : ` by ${slower.limitPercent} % or more`
  return [`Slower${by}: ${slower.cells.join('; ')}.`]
}
