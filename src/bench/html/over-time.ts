import type { CellReport } from '../report.ts'
import type { LatencyPoint } from '../trial.ts'
import type { Charts, Moment } from './charts.ts'
import { type Html, html } from './html.ts'
import { figure, legend, table } from './parts.ts'

const lines = [
  ['p50', '50 %'],
  ['p99', '99 %'],
  ['max', 'max'],
] as const

/** Latency over the seconds of one trial of each row: the first that is valid. */
export function overTime(
  rows: readonly { readonly name: string; readonly cell: CellReport }[],
  charts: Charts,
): Html {
  const found = rows.flatMap(({ name, cell }) => {
    for (const trial of cell.trials) {
      const points = trial.state === 'valid' ? pointsOf(trial.latencyOverTime) : []
      if (points.length > 0) return [{ name, order: trial.order, points }]
    }
    return []
  })
  if (found.length === 0) return html`<p class="faint">The results hold no latency over time.</p>`
  const parts = found.map(({ name, order, points }) => {
    const series = lines.map(([field, title]) => ({
      name: title,
      // a line is broken where nothing was acknowledged
      moments: points.map(
        ({ second, seconds, [field]: value }): Moment => ({
          x: second + seconds / 2,
          y: value ?? Number.NaN,
        }),
      ),
    }))
    const chart = charts.overTime(series, {
      label: `Latency over time, ${name}`,
      description: 'Milliseconds from when a message was due to its acknowledgement, by when that came',
      unit: 'milliseconds',
      along: 'seconds of the window, and after it',
      format: value => String(Number(value.toPrecision(3))),
    })
    const data = table(`Latency over time, ${name}`, points, [
      { title: 'from second', value: ({ second }) => String(second) },
      { title: 'messages', value: ({ count }) => String(count) },
      { title: 'p50 ms', value: ({ p50 }) => ms(p50) },
      { title: 'p99 ms', value: ({ p99 }) => ms(p99) },
      { title: 'max ms', value: ({ max }) => ms(max) },
    ])
    const caption = `${name}, trial ${order}: what was acknowledged in each part of the time. After a stall it is all that was due meanwhile.`
    return figure(caption, html`${legend(lines.map(([, title]) => title))}${chart}`, data)
  })
  return html`<h3>Over time</h3>${parts}`
}

/** Another version may not know of it. */
function pointsOf(points: readonly LatencyPoint[] | null | undefined): readonly LatencyPoint[] {
  return points ?? []
}

function ms(value: number | null): string | null {
  return value === null ? null : value.toFixed(2)
}
