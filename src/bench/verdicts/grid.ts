import type { Rate } from '../cell.ts'
import type { CellReport } from '../report.ts'
import { judge, type Rules, type Verdict } from './verdict.ts'

/** A cell beside the first one of its grid; both by their index in the report. */
export interface GridVerdict extends Verdict {
  readonly cell: number
  readonly against: number
}

/**
 * Every cell that was measured, against the first that was. A ceiling is no rival, nor is a rate that was asked for. The first, not the
 * fastest: whoever is picked because it came out ahead looks better than it is.
 */
export function gridVerdicts(cells: readonly CellReport[], rules: Rules): GridVerdict[] {
  const [first, ...others] = cells.flatMap((cell, index) =>
    cell.trials.length > 0 && competes(cell) ? [index] : [],
  )
  if (first === undefined) return []
  const trials = (index: number) => cells[index]?.trials ?? []
  const verdicts = judge(
    others.map(cell => ({ trials: trials(cell), against: trials(first) })),
    rules,
  )
  return verdicts.map((verdict, at) => ({ cell: others[at] as number, against: first, ...verdict }))
}

/** Whether its rate is its own achievement: not a ceiling's, and not one that was asked for. */
export function competes({ engine, rate }: { readonly engine: string; readonly rate: Rate }): boolean {
  return engine !== 'ceiling' && rate === 'max'
}

/** The addon's own loop, of which every other cell can reach a share. */
export function isCeiling({ engine }: { readonly engine: string }): boolean {
  return engine === 'ceiling'
}
