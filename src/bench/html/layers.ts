import type { AnalysedReport } from '../analysis.ts'
import { group, nameOf } from '../columns.ts'
import type { CellReport } from '../report.ts'
import { stageTitles } from '../stages/stage.ts'
import { intervalText, stageColumns } from '../stages/stages-table.ts'
import type { Charts } from './charts.ts'
import { type Html, html, nothing } from './html.ts'
import { figure, section, table } from './parts.ts'

/** What each layer that messages pass through costs; nothing where that was not measured. */
export function layers({ cells, stages = [] }: AnalysedReport, charts: Charts): Html {
  if (stages.length === 0) return nothing
  const about = html`<p>Each layer is measured with all before it, in processes of their own, in turn. What is added is the mean of differences within rounds. Layers overlap where they have threads of their own, so that a layer may add less time than it takes, or none; processor time is of all threads of the process that sends.</p>`
  return section('Layers', [
    about,
    ...stages.map(found => {
      const name = nameOf(cells[found.cell] as CellReport, cells)
      const marks = found.stages.flatMap(({ stage, added, nanoseconds }) => {
        const from =
          added === null ? nanoseconds && { ...nanoseconds, nanoseconds: nanoseconds.median } : added
        return from === null
          ? []
          : [{ name: stageTitles[stage], value: from.nanoseconds, low: from.low, high: from.high }]
      })
      const data = table(
        `Layers of ${name}`,
        found.stages,
        stageColumns.map(({ title, left, value }) => ({
          title,
          value,
          ...(left === true ? { kind: 'left' as const } : {}),
        })),
      )
      if (marks.length === 0) return html`<h3>${name}</h3>${data}`
      const chart = charts.rows(
        marks,
        {
          label: `Layers of ${name}`,
          description: 'Nanoseconds a message that each layer adds to the one before, with its interval',
          unit: 'nanoseconds a message, added',
          format: group,
        },
        0,
      )
      return html`<h3>${name}</h3>${figure(`Time a message that each layer adds; ${intervalText(found)}.`, chart, data)}`
    }),
  ])
}
