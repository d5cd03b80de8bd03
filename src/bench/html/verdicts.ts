import type { AnalysedReport } from '../analysis.ts'
import { nameOf } from '../columns.ts'
import type { CellReport } from '../report.ts'
import type { Ratio } from '../verdicts/verdict.ts'
import type { Charts } from './charts.ts'
import { percent } from './figures.ts'
import { type Html, html } from './html.ts'
import { figure, section, table } from './parts.ts'

export function verdicts(report: AnalysedReport, charts: Charts): Html {
  const { cells, verdicts: found, against, comparison } = report
  const name = (index: number) => nameOf(cells[index] as CellReport, cells)
  const rules = `Differences below ${report.margin} % count as equivalent where they are shown to be.`
  const parts: Html[] = []
  const [first] = found
  if (first !== undefined) {
    parts.push(ratios(`Against ${name(first.against)}`, named(found, name), charts))
  }
  if (against !== null) {
    parts.push(
      ratios(
        `Against millrace ${against.millrace} in ${against.folder}`,
        named(against.verdicts, name),
        charts,
      ),
    )
  }
  if (comparison !== null && comparison.environmentDiffers.length > 0) {
    parts.push(
      html`<p>Not comparable with ${comparison.file}: ${comparison.environmentDiffers.join('; ')}.</p>`,
    )
  } else if (comparison !== null) {
    const since = `Since ${comparison.file}${comparison.date === null ? '' : ` of ${comparison.date}`}`
    parts.push(ratios(since, named(comparison.cells, name), charts))
  }
  if (parts.length === 0) parts.push(html`<p>There is one row, and nothing to compare it with.</p>`)
  return section('Verdicts', [html`<p class="faint">${rules}</p>`, ...parts])
}

interface Told {
  readonly name: string
  readonly text: string
  readonly ratio: Ratio | null
}

function named(
  found: readonly { readonly cell: number; readonly text: string; readonly ratio: Ratio | null }[],
  name: (cell: number) => string,
): Told[] {
  return found.map(({ cell, text, ratio }) => ({ name: name(cell), text, ratio }))
}

function ratios(title: string, rows: readonly Told[], charts: Charts): Html {
  const data = table(title, rows, [
    { title: 'row', kind: 'left', value: ({ name }) => name },
    { title: 'difference', value: ({ ratio }) => ratio && percent(ratio.estimate) },
    { title: 'low', value: ({ ratio }) => ratio && percent(ratio.low) },
    { title: 'high', value: ({ ratio }) => ratio && percent(ratio.high) },
    { title: 'low to high', kind: 'left', value: ({ ratio }) => ratio && coverageOf(ratio) },
    { title: 'verdict', kind: 'words', value: ({ text }) => text },
  ])
  const marks = rows.flatMap(({ name, ratio }) =>
    ratio === null ? [] : [{ name, value: ratio.estimate, low: ratio.low, high: ratio.high }],
  )
  if (marks.length === 0) return html`<h3>${title}</h3>${data}`
  const chart = charts.rows(
    marks,
    {
      label: title,
      description: 'Difference of each row, with its interval',
      unit: 'difference',
      format: percent,
    },
    1,
  )
  return html`<h3>${title}</h3>${figure('Difference in rate, with intervals; the dashed line is no difference.', chart, data)}`
}

function coverageOf({ coverage }: Ratio): string {
  return coverage === null ? 'range of all' : `${(coverage * 100).toFixed(0)} % interval`
}
