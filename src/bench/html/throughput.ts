import { fixed } from '../../wording.ts'
import type { AnalysedReport } from '../analysis.ts'
import { group, nameOf, setting } from '../columns.ts'
import type { CellReport } from '../report.ts'
import type { Scaling } from '../scaling.ts'
import type { Summary } from '../statistics.ts'
import type { Charts } from './charts.ts'
import { over, short } from './figures.ts'
import { type Html, html } from './html.ts'
import { figure, legend, section, table } from './parts.ts'
import { measured } from './rows.ts'

export function throughput(report: AnalysedReport, charts: Charts): Html {
  const rows = measured(report)
  if (rows.length === 0) return section('Throughput', [html`<p>No trial was valid.</p>`])
  const chart = charts.rows(
    rows.map(({ name, rate }) => ({ name, value: rate.median, low: rate.low, high: rate.high })),
    {
      label: 'Throughput of each row',
      description: 'Median of messages acknowledged in a second, with its interval',
      unit: 'messages a second',
      format: short,
    },
  )
  const data = table('Throughput', rows, [
    { title: 'row', kind: 'left', value: ({ name }) => name },
    { title: 'msg/s', value: ({ rate }) => group(rate.median) },
    { title: 'low', value: ({ rate }) => group(rate.low) },
    { title: 'high', value: ({ rate }) => group(rate.high) },
    {
      title: 'MB/s',
      value: ({ cell }) => {
        const found = over(cell, trial => trial.megabytesPerSecond)
        return found === null ? null : fixed(found.median, 1)
      },
    },
    { title: 'of ceiling', value: ({ cell }) => shareOf(cell) },
    {
      title: 'valid trials',
      value: ({ cell }) => String(cell.trials.filter(({ state }) => state === 'valid').length),
    },
    { title: 'low to high', kind: 'left', value: ({ rate }) => methodOf(rate) },
  ])
  return section('Throughput', [
    figure('Messages acknowledged in a second: medians, with intervals.', chart, data),
    ...scalingFigures(report, charts),
  ])
}

function shareOf({ ofCeiling }: CellReport): string | null {
  const share = ofCeiling as { readonly median: number } | null
  return share === null ? null : `${(share.median * 100).toFixed(0)} %`
}

function methodOf({ coverage }: Summary): string {
  return coverage === null ? 'range of all' : `holds the median with ${(coverage * 100).toFixed(1)} %`
}

/** A figure for each axis, a line in it for each combination of the other settings. */
function scalingFigures(report: AnalysedReport, charts: Charts): Html[] {
  const axes = [...new Set(report.scaling.map(({ axis }) => axis))]
  return axes.map(axis => {
    const along = report.scaling.filter(scaling => scaling.axis === axis)
    return scalingFigure(axis, along, report, charts)
  })
}

function scalingFigure(
  axis: string,
  scalings: readonly Scaling[],
  { cells }: AnalysedReport,
  charts: Charts,
): Html {
  const along = axis === 'messageSize' ? 'message size, bytes' : axis
  const bytes = scalings[0]?.measure === 'megabytesPerSecond'
  const unit = bytes ? 'MB a second' : 'messages a second'
  const of = (index: number) => cells[index] as CellReport
  const series = scalings.map(({ points, measure }) => ({
    name: lineName(of(points[0]?.cell ?? 0), cells, axis),
    points: points.map(({ value, cell, rate }) => {
      const { low, high } = over(of(cell), trial => trial[measure]) ?? { low: rate, high: rate }
      return { x: setting(value), value: rate, low, high }
    }),
  }))
  const ascending = [...series].sort((a, b) => b.points.length - a.points.length)
  const chart = charts.lines(ascending, {
    label: `Throughput by ${along}`,
    description: `Median of ${unit} over ${along}, with its interval`,
    unit,
    along,
    format: short,
  })
  const rows = scalings.flatMap(({ points }, at) =>
    points.map(point => ({ ...point, line: series[at]?.name ?? '' })),
  )
  const data = table(`Throughput by ${along}`, rows, [
    { title: 'row', kind: 'left', value: ({ line }) => line },
    { title: along, value: ({ value }) => setting(value) },
    { title: bytes ? 'MB/s' : 'msg/s', value: ({ rate }) => (bytes ? fixed(rate, 1) : group(rate)) },
    { title: 'times the first', value: ({ gain }) => gain.toFixed(2) },
    {
      title: 'efficiency',
      value: ({ efficiency }) => (efficiency === null ? null : `${(efficiency * 100).toFixed(0)} %`),
    },
  ])
  return html`<h3>By ${along}</h3>
${scalings.map(({ text }) => html`<p>${text}</p>`)}
${figure(`By ${along}: medians, with intervals.`, html`${legend(ascending.map(({ name }) => name))}${chart}`, data)}`
}

/** What sets a line apart: its cells' name without the axis. */
function lineName(cell: CellReport, cells: readonly CellReport[], axis: string): string {
  return nameOf(
    cell,
    cells.map(other => ({ ...other, [axis]: cell[axis as keyof CellReport] })),
  )
}
