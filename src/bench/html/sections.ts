import type { AnalysedReport } from '../analysis.ts'
import { group, nameOf, remarks } from '../columns.ts'
import { stageRemarks } from '../stages/stages-table.ts'
import type { Charts } from './charts.ts'
import { costs, latencies, over } from './figures.ts'
import { type Html, html, nothing } from './html.ts'
import { overTime } from './over-time.ts'

import { figure, legend, section, table } from './parts.ts'
import { measured } from './rows.ts'

export function latency(report: AnalysedReport, charts: Charts): Html {
  const rows = measured(report).flatMap(({ name, cell }) => {
    const points = latencies(cell)
    return points.length === 0 ? [] : [{ name, points }]
  })
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
    // six of them have to fit a phone
    tick: x => x.replace(/ %$/, ''),
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
    contained(report),
    overTime(measured(report), charts),
  ])
}

/** What of the latencies is not the cluster's. */
function contained(report: AnalysedReport): Html {
  const rows = measured(report).flatMap(({ name, cell }) => {
    if (latencies(cell).length === 0) return []
    return [
      {
        name,
        linger: over(cell, ({ lingerMs }) => lingerMs),
        floor: over(cell, ({ floorMs }) => floorMs?.p99),
      },
    ]
  })
  return html`<p>They contain up to linger.ms of waiting for company in a batch, and by how much the generator itself was late.</p>
${table('What latencies contain', rows, [
  { title: 'row', kind: 'left', value: ({ name }) => name },
  { title: 'linger ms', value: ({ linger }) => linger?.median.toFixed(1) ?? null },
  { title: 'generator p99 ms', value: ({ floor }) => floor?.median.toFixed(2) ?? null },
])}`
}

export function cost(report: AnalysedReport, charts: Charts): Html {
  const rows = measured(report)
  if (rows.length === 0) return section('Cost', [html`<p>No trial was valid.</p>`])
  return section(
    'Cost',
    costs.map(({ title, unit, about, value, format }) => {
      const found = rows.flatMap(({ name, cell }) => {
        const summary = over(cell, value)
        return summary === null ? [] : [{ name, summary }]
      })
      if (found.length === 0) return nothing
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
  const lines = [...remarks(report), ...stageRemarks(report)]
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
