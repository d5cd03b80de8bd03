import type { AnalysedReport } from '../analysis.ts'
import { group, nameOf, remarks } from '../columns.ts'
import type { CellReport } from '../report.ts'
import type { Scaling } from '../scaling.ts'
import type { Summary } from '../statistics.ts'
import type { Ratio } from '../verdicts/verdict.ts'
import type { Charts } from './charts.ts'
import { costs, latencies, over, percent, short } from './figures.ts'
import { type Html, html } from './html.ts'
import { figure, legend, section, table } from './parts.ts'

interface Measured {
  readonly name: string
  readonly cell: CellReport
  readonly rate: Summary
}

/** This installation's rows, then those of the other one. */
function measured({ cells, against }: AnalysedReport): Measured[] {
  const own = cells.map(cell => ({ cell, name: nameOf(cell, cells) }))
  const others =
    against?.cells.map((cell, at) => ({ cell, name: `${own[at]?.name}, other installation` })) ?? []
  return [...own, ...others].flatMap(({ cell, name }) =>
    cell.messagesPerSecond === null ? [] : [{ cell, name, rate: cell.messagesPerSecond }],
  )
}

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
      value: ({ cell }) => over(cell, trial => trial.megabytesPerSecond)?.median.toFixed(1) ?? null,
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
      return { x: group(value), value: rate, low, high }
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
    { title: along, value: ({ value }) => group(value) },
    { title: bytes ? 'MB/s' : 'msg/s', value: ({ rate }) => (bytes ? rate.toFixed(1) : group(rate)) },
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

export function latency(report: AnalysedReport, charts: Charts): Html {
  const rows = measured(report).flatMap(({ name, cell }) => {
    const points = latencies(cell)
    return points.length === 0 ? [] : [{ name, points }]
  })
  const overTime = html`<p class="faint">The results hold no latency over time.</p>`
  if (rows.length === 0) {
    return section('Latency', [
      html`<p>None was measured: at full speed latency is the depth of the queue over the rate, and tells nothing of the cluster.</p>`,
    ])
  }
  const series = rows.map(({ name, points }) => ({
    name,
    points: points.map(({ x, summary }) => ({
      x,
      value: summary.median,
      low: summary.low,
      high: summary.high,
    })),
  }))
  // on a logarithmic axis 0 has no place
  const logarithmic = series.every(({ points }) => points.every(({ low }) => low > 0))
  const chart = charts.lines(series, {
    label: 'Latency by percentile',
    description: 'Milliseconds from when a message was due to its acknowledgement, at each percentile',
    unit: 'milliseconds',
    along: 'percentile',
    format: value => String(Number(value.toPrecision(3))),
    logarithmic,
  })
  const flat = rows.flatMap(({ name, points }) => points.map(point => ({ name, ...point })))
  const data = table('Latency by percentile', flat, [
    { title: 'row', kind: 'left', value: ({ name }) => name },
    { title: 'percentile', value: ({ x }) => x },
    { title: 'ms', value: ({ summary }) => summary.median.toFixed(2) },
    { title: 'low', value: ({ summary }) => summary.low.toFixed(2) },
    { title: 'high', value: ({ summary }) => summary.high.toFixed(2) },
  ])
  const names = legend(series.map(({ name }) => name))
  return section('Latency', [
    figure('Latency by percentile: medians over trials.', html`${names}${chart}`, data),
    overTime,
  ])
}

export function cost(report: AnalysedReport, charts: Charts): Html {
  const rows = measured(report)
  if (rows.length === 0) return section('Cost', [html`<p>No trial was valid.</p>`])
  return section(
    'Cost',
    costs.map(({ title, unit, about, value, format }) => {
      const found = rows.map(({ name, cell }) => ({ name, summary: over(cell, value) as Summary }))
      const chart = charts.rows(
        found.map(({ name, summary }) => ({
          name,
          value: summary.median,
          low: summary.low,
          high: summary.high,
        })),
        { label: title, description: `Median of ${unit} of each row, with its interval`, unit, format },
      )
      const data = table(title, found, [
        { title: 'row', kind: 'left', value: ({ name }) => name },
        { title: unit, value: ({ summary }) => format(summary.median) },
        { title: 'low', value: ({ summary }) => format(summary.low) },
        { title: 'high', value: ({ summary }) => format(summary.high) },
      ])
      return html`<h3>${title}</h3>${figure(about, chart, data)}`
    }),
  )
}

/** What could not be trusted or run, or is still missing. */
export function trials(report: AnalysedReport): Html {
  const { cells, missingTrials, error } = report
  const lines = remarks(report)
  const rows = cells.flatMap(cell => cell.trials.map(trial => ({ name: nameOf(cell, cells), trial })))
  const data = table(
    'Trials in their order',
    rows.sort((a, b) => a.trial.order - b.trial.order),
    [
      { title: 'trial', value: ({ trial }) => String(trial.order) },
      { title: 'row', kind: 'left', value: ({ name }) => name },
      { title: 'state', kind: 'left', value: ({ trial }) => trial.state },
      {
        title: 'msg/s',
        value: ({ trial }) => (trial.messagesPerSecond === undefined ? null : group(trial.messagesPerSecond)),
      },
      { title: 'why', kind: 'words', value: ({ trial }) => trial.why ?? '' },
    ],
  )
  const early = `${missingTrials} trials are missing${error === null ? '' : `: ${error.message}`}.`
  return section('Trials', [
    ...(missingTrials > 0 ? [html`<p class="notice">${early}</p>`] : []),
    ...(lines.length > 0 ? [html`<ul>${lines.map(line => html`<li>${line}</li>`)}</ul>`] : []),
    data,
  ])
}

export function environment({ environment: found }: AnalysedReport): Html {
  const rows = Object.entries(found).map(([name, value]) => ({
    name,
    value: value === null ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value),
  }))
  return section('Environment', [
    table('Environment', rows, [
      { title: 'what', kind: 'left', value: ({ name }) => name },
      { title: 'value', kind: 'words', value: ({ value }) => value },
    ]),
  ])
}
