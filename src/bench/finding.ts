import { group, nameOf, setting } from './columns.ts'
import type { BenchReport, CellReport } from './report.ts'
import type { Summary } from './statistics.ts'
import { goalText } from './tune/goal.ts'
import type { TuneReport } from './tune/tune-report.ts'
import { competes } from './verdicts/grid.ts'

type Measured = CellReport & { readonly messagesPerSecond: Summary }

/** One sentence of what was found, and the next command to try. */
export function finding(report: BenchReport): string {
  if (report.tune !== undefined) return [report.tune.conclusion, ...nextAfterTune(report)].join('\n')
  return [...sentences(report), next(report)].join('\n')
}

function sentences({ cells, environment }: BenchReport): string[] {
  const where = environment.embedded ? ' against an embedded cluster, which is not Kafka' : ''
  const measured = cells.filter((cell): cell is Measured => cell.messagesPerSecond !== null)
  const paced = cells.some(({ rate }) => rate !== 'max') ? [latency(cells, where)] : []
  const fast = measured.filter(({ rate }) => rate === 'max')
  return fast.length === 0 && paced.length > 0 ? paced : [throughput(fast, cells, where), ...paced]
}

/** The highest rate that was kept up with, and how long messages took. */
function latency(cells: readonly CellReport[], where: string): string {
  const [best] = cells
    .flatMap(cell => (cell.rate === 'max' || cell.latencyMs === null ? [] : [{ ...cell, rate: cell.rate }]))
    .sort((a, b) => b.rate - a.rate || (a.latencyMs?.p50 ?? 0) - (b.latencyMs?.p50 ?? 0))
  if (best?.latencyMs == null) return 'No rate was kept up with in a valid trial, so no latency can be told.'
  const { p50, p99, max } = best.latencyMs
  const shown = Object.entries({ p50, p99, max }).flatMap(([name, value]) =>
    value === null ? [] : [`${name} ${Number(value.toPrecision(3))} ms`],
  )
  const few = p99 === null ? '; p99 wants 1,000 requests: a longer --duration' : ''
  const name = upper(nameOf(best, cells))
  return `${name}: ${setting(best.rate)} messages a second were kept up with${where}, ${shown.join(', ')} from when each was due${few}.`
}

function throughput(measured: readonly Measured[], cells: readonly CellReport[], where: string): string {
  // what the engines are compared with does not compete with them
  const engines = measured.filter(competes)
  const [best, ...others] = [...(engines.length === 0 ? measured : engines)].sort(
    (a, b) => b.messagesPerSecond.median - a.messagesPerSecond.median,
  )
  if (best === undefined) return 'No trial was valid, so there is nothing to tell.'
  const rate = `${rounded(best.messagesPerSecond.median)} messages a second`
  const last = others.at(-1)
  if (last === undefined) return `${upper(nameOf(best, cells))}: ${rate}${where}${share(best)}.`
  const rivals = others.filter(other => other.messagesPerSecond.high >= best.messagesPerSecond.low)
  const times = (best.messagesPerSecond.median / last.messagesPerSecond.median).toFixed(1)
  if (rivals.length === others.length) {
    return `No difference could be told: ${nameOf(best, cells)} made ${rate}${where}, ${times} times the slowest, and the intervals overlap${share(best)}.`
  }
  const lead =
    rivals.length === 0
      ? `${upper(nameOf(best, cells))} was fastest`
      : `${upper(nameOf(best, cells))} was fastest, not told apart from ${rivals.map(cell => nameOf(cell, cells)).join(' and ')}`
  return `${lead}: ${rate}${where}, ${times} times ${nameOf(last, cells)}${share(best)}.`
}

/** What it reaches of librdkafka's producer alone, where that was measured beside it. */
function share({ ofCeiling }: CellReport): string {
  return ofCeiling === null ? '' : `, ${Math.round(ofCeiling.median * 100)} % of the ceiling`
}

/** To use what was found: the properties stand in a file's form beside it. */
function nextAfterTune({ environment, tune }: BenchReport): string[] {
  const start = environment.embedded
    ? 'millrace bench -b host:9092'
    : `millrace bench -b ${environment.brokers}`
  if (environment.embedded)
    return [`To tune for your cluster: ${start} --tune ${goalText((tune as TuneReport).goal)}`]
  return tune?.confirmed
    ? [`To use it: millrace produce -b ${environment.brokers} -F tuned.properties …`]
    : []
}

function next({ environment, cells }: BenchReport): string {
  const { embedded, brokers, repeat } = environment
  if (embedded) return 'To measure your cluster: millrace bench -b host:9092'
  const command = `millrace bench -b ${brokers}`
  if (repeat < 6) return `For an interval that holds the median with 95 %: ${command} --repeat 7`
  return cells.some(({ messageSize }) => messageSize === 1000)
    ? `For more on its way at a time: ${command} --outstanding 1000,10000,100000`
    : `For larger messages: ${command} --message-size 1000`
}

/** Three digits are more than the noise leaves. */
function rounded(value: number): string {
  return group(Number(value.toPrecision(3)))
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
