import type { AnalysedReport } from '../analysis.ts'
import { nameOf } from '../columns.ts'
import type { CellReport } from '../report.ts'
import type { Summary } from '../statistics.ts'

/** A row of the page. */
export interface Measured {
  readonly name: string
  readonly cell: CellReport
  readonly rate: Summary
}

/** This installation's rows, then those of the other one. */
export function measured({ cells, against }: AnalysedReport): Measured[] {
  const own = cells.map(cell => ({ cell, name: nameOf(cell, cells) }))
  const others =
    against?.cells.map((cell, at) => ({ cell, name: `${own[at]?.name}, other installation` })) ?? []
  return [...own, ...others].flatMap(({ cell, name }) =>
    cell.messagesPerSecond === null ? [] : [{ cell, name, rate: cell.messagesPerSecond }],
  )
}
