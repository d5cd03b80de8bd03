import type { CellReport } from '../report.ts'
import { judge, type Rules, type Verdict } from './verdict.ts'

/** A cell beside the first one of its grid; both by their index in the report. */
export interface GridVerdict extends Verdict {
  readonly cell: number
  readonly against: number
}

/**
 * Every cell that was measured, against the first that was. A ceiling is no rival. The first, not the
 * fastest: whoever is picked because it came out ahead looks better than it is.
 */
export function gridVerdicts(cells: readonly CellReport[], rules: Rules): GridVerdict[] {
  const [first, ...others] = cells.flatMap((cell, index) =>
    cell.trials.length > 0 && !isCeiling(cell) ? [index] : [],
  )
  if (first === undefined) return []
  const trials = (index: number) => cells[index]?.trials ?? []
  const verdicts = judge(
    others.map(cell => ({ trials: trials(cell), against: trials(first) })),
    rules,
  )
  return verdicts.map((verdict, at) => ({ cell: others[at] as number, against: first, ...verdict }))
}

/** The addon's own loop, of which every other cell can reach a share. */
export function isCeiling({ engine }: { readonly engine: string }): boolean {
  return engine === 'ceiling'
}
