import {
  brokerColumns,
  type Column,
  ceilingColumns,
  cellColumns,
  constants,
  figureColumns,
  group,
  latencyColumns,
  nameOf,
  remarks,
  requestColumns,
  stateColumn,
} from './columns.ts'
import type { BenchReport, CellReport } from './report.ts'
import { intervalText, stageColumns, stageRemarks } from './stages/stages-table.ts'

export const tableFormats = ['table', 'markdown', 'csv'] as const
export type TableFormat = (typeof tableFormats)[number]

/** The report as text, with a final newline. */
export function renderReport(report: BenchReport, format: TableFormat): string {
  if (format === 'csv') return csv(report)
  const compared = report.cells.some(({ ofCeiling }) => ofCeiling !== null)
  const shares = compared ? ceilingColumns : []
  const paced = report.cells.some(({ rate }) => rate !== 'max')
  const isKnown = (column: Column) => report.cells.some(cell => column.value(cell) !== null)
  const latencies = paced ? latencyColumns.filter(column => !rare.has(column) || isKnown(column)) : []
  const figures = [...figureColumns, ...brokerColumns.filter(isKnown), ...latencies, ...shares]
  const columns = [...cellColumns(report.cells, false), ...figures, stateColumn]
  const rows = report.cells.map(cell => columns.map(column => shown(column, cell)))
  const lines = format === 'markdown' ? markdown(columns, rows) : padded(columns, rows)
  const layers = stageLines(report, format)
  return `${[heading(report), '', ...lines, ...layers, ...remarkLines(report)].join('\n')}\n`
}

function stageLines({ cells, stages = [] }: BenchReport, format: 'table' | 'markdown'): string[] {
  return stages.flatMap(found => {
    const name = nameOf(cells[found.cell] as CellReport, cells)
    const rows = found.stages.map(stage => stageColumns.map(({ value }) => value(stage) ?? '-'))
    const lines = format === 'markdown' ? markdown(stageColumns, rows) : padded(stageColumns, rows)
    return ['', `Layers of ${name}, each with those above; ${intervalText(found)}`, '', ...lines]
  })
}

/** Percentiles that short runs do not support. */
const rare = new Set(latencyColumns.filter(({ name }) => /^latencyP999/.test(name)))

function heading({ cells, environment }: BenchReport): string {
  const { embedded, length, repeat, brokers } = environment
  const at = brokers === null ? '' : ` ${brokers}`
  const where = embedded ? `Embedded cluster${at} (not Kafka)` : `Cluster${at}`
  const window = 'seconds' in length ? `${length.seconds} s` : `${group(length.messages)} messages`
  return [`${where}; ${repeat} ${repeat === 1 ? 'trial' : 'trials'} of ${window} a row`, constants(cells)]
    .filter(part => part !== '')
    .join('; ')
}

function remarkLines(report: BenchReport): string[] {
  const lines = [...remarks(report), ...stageRemarks(report)]
  return lines.length === 0 ? [] : ['', ...lines]
}

function shown({ value, show }: Column, cell: CellReport): string {
  const found = value(cell)
  if (found === null) return '-'
  return typeof found === 'number' && show !== undefined ? show(found) : group(found)
}

type Titled = Pick<Column, 'title' | 'left'>

function padded(columns: readonly Titled[], rows: readonly (readonly string[])[]): string[] {
  const titles = columns.map(({ title }) => title)
  const widths = columns.map((_, at) => Math.max(...[titles, ...rows].map(row => row[at]?.length ?? 0)))
  return [titles, ...rows].map(row =>
    row
      .map((text, at) => (columns[at]?.left ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

function markdown(columns: readonly Titled[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(columns.map(({ title }) => title)),
    line(columns.map(({ left }) => (left ? '---' : '---:'))),
    ...rows.map(row => line(row)),
  ]
}

/** All fields, numbers as they are, and which cluster it was. */
function csv({ cells, environment }: BenchReport): string {
  const cluster: Column = {
    title: 'cluster',
    name: 'cluster',
    value: () => (environment.embedded ? 'embedded' : environment.brokers),
  }
  const reason: Column = { title: 'why', name: 'why', value: reasonOf }
  const figures = [
    ...figureColumns,
    ...requestColumns,
    ...latencyColumns,
    ...ceilingColumns,
    ...brokerColumns,
  ]
  const columns = [cluster, ...cellColumns(cells, true), ...figures, stateColumn, reason]
  const rows = cells.map(cell => columns.map(({ value }) => csvField(value(cell))))
  return [columns.map(({ name }) => name), ...rows].map(row => `${row.join(',')}\r\n`).join('')
}

function reasonOf({ notApplicable, trials }: CellReport): string | null {
  if (notApplicable !== null) return notApplicable
  const reasons = trials.flatMap(({ why }) => (why === null ? [] : [why]))
  return reasons.length === 0 ? null : reasons.join('; ')
}

function csvField(value: string | number | null): string {
  const text = String(value ?? '')
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
