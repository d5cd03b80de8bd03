import { fileURLToPath } from 'node:url'
import type { Summary } from '../../src/bench/statistics.ts'
import { type DriverName, peerOf } from '../peers/catalogue.ts'
import type { Settings } from '../peers/settings.ts'
import { contenders } from './contenders.ts'
import type { Figures } from './figures.ts'
import type { Recorded } from './recorded.ts'

export const pagePath = fileURLToPath(new URL('../../docs/peers.md', import.meta.url))

const clusters = {
  kafka: 'Apache Kafka, one broker on the same machine',
  embedded: 'Embedded cluster (librdkafka’s mock, not Kafka)',
  brokers: 'A cluster of its own',
} as const

const HEAD = `# millrace beside other clients

<!-- written by bench/peers-page.ts from bench/results/peers.json: change nothing here -->

One command measures all of them under equal settings, trial beside trial; [bench/README.md](../bench/README.md#peers)
tells how, and what is checked. Rates are of messages that were acknowledged, within a window, and no trial counts whose
topic did not move by exactly what its client said was acknowledged.
`

/** `docs/peers.md`, from what was recorded. */
export function pageOf(recorded: readonly Recorded[]): string {
  if (recorded.length === 0) return `${HEAD}\nNo results are recorded yet.\n`
  const order = Object.keys(clusters)
  const sorted = [...recorded].sort((a, b) => order.indexOf(a.cluster) - order.indexOf(b.cluster))
  return [HEAD, ...sorted.map(sectionOf)].join('\n')
}

function sectionOf(recorded: Recorded): string {
  const { cluster, figures, absent, environment } = recorded
  const { date, cpu, node, os } = environment
  const rows = figures.filter(({ valid }) => valid > 0)
  const parts = [
    `## ${clusters[cluster]}`,
    `${date.slice(0, 10)}, ${cpu.count} processors (${cpu.model}), ${os}, Node.js ${node}. ${settingsOf(recorded)}`,
    tableOf(rows),
    wholeTableOf(rows),
    versionsOf(rows),
    differencesOf(rows),
    list(
      'Not measured',
      absent.map(({ name, reason }) => `${titleOf(name)}: ${reason}`),
    ),
    list('Void', voids(figures)),
  ]
  return `${parts.filter(part => part !== '').join('\n\n')}\n`
}

function settingsOf({ settings, messageSize, partitions, run, pairs, seconds }: Recorded): string {
  const { compression } = settings
  const level = compression.level === null ? '' : ` at level ${compression.level}`
  return [
    `Messages of ${messageSize} bytes, the same for all, without key, to ${partitions} partitions, ${count(run)} to each in`,
    `turn; linger ${settings.lingerMs} ms, batches of ${count(settings.batchBytes)} bytes or`,
    `${count(settings.batchMessages)} messages, ${settings.requestsInFlight} requests in flight, acks=${settings.acks},`,
    `idempotence, compression ${compression.codec}${level}, ${bufferOf(settings)} on their way. ${pairs} rounds of`,
    `${seconds} s a trial; medians, with ${coverageOf(pairs)}.`,
  ].join(' ')
}

function bufferOf({ messages, bytes }: Settings): string {
  return `${count(messages)} messages or ${bytes / 1024 ** 2} MiB`
}

function coverageOf(pairs: number): string {
  return pairs < 6 ? 'the least and the greatest value: too few rounds for more' : 'intervals of 95 % or more'
}

function tableOf(figures: readonly Figures[]): string {
  const rows = figures
    .filter(({ messagesPerSecond }) => messagesPerSecond !== null)
    .sort((a, b) => (b.messagesPerSecond?.median ?? 0) - (a.messagesPerSecond?.median ?? 0))
  return table(
    [
      'client',
      'messages/s',
      '× node-rdkafka with reports',
      '× rdkafka_performance',
      'CPU s a million',
      'messages a batch: client, log',
    ],
    rows.map(row => [
      titleOf(row.name),
      rate(row.messagesPerSecond),
      times(row.ratios['node-rdkafka']),
      times(row.ratios['rdkafka-performance']),
      row.cpuSecondsPerMillion === null ? '' : row.cpuSecondsPerMillion.median.toFixed(2),
      [row.messagesPerBatch.client, row.messagesPerBatch.cluster].map(orDash).join(', '),
    ]),
  )
}

function wholeTableOf(figures: readonly Figures[]): string {
  const rows = figures.filter(({ wholeMessagesPerSecond }) => wholeMessagesPerSecond !== null)
  if (rows.length === 0) return ''
  return table(
    ['whole process, lines from a file', 'messages/s from its start to its end', 'messages a batch: log'],
    rows.map(row => [
      titleOf(row.name),
      rate(row.wholeMessagesPerSecond),
      orDash(row.messagesPerBatch.cluster),
    ]),
  )
}

function versionsOf(figures: readonly Figures[]): string {
  return list('Versions', [...new Set(figures.map(({ client }) => client ?? ''))])
}

function differencesOf(figures: readonly Figures[]): string {
  const told = new Map<string, readonly string[]>()
  for (const { name } of figures) {
    const { title, differs } = peerOf(driverOf(name))
    if (differs.length > 0) told.set(title, differs)
  }
  return list(
    'What is not equal',
    [...told].map(([title, differs]) => `${title}: ${differs.join('; ')}`),
  )
}

function voids(figures: readonly Figures[]): string[] {
  return figures.flatMap(({ name, valid, void: voids }) =>
    voids.length === 0
      ? []
      : [
          `${titleOf(name)}: ${voids.length} of ${valid + voids.length} trials, first: ${voids[0]?.reason.split('\n')[0]}`,
        ],
  )
}

function list(title: string, items: readonly string[]): string {
  return items.length === 0 ? '' : [`${title}:`, '', ...items.map(item => `- ${item}`)].join('\n')
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n')
}

function titleOf(name: string): string {
  return contenders.find(contender => contender.name === name)?.title ?? name
}

function driverOf(name: string): DriverName {
  const contender = contenders.find(contender => contender.name === name)
  if (contender === undefined) throw new Error(`peers.json names ${name}, which is no contender`)
  return contender.driver
}

function rate(summary: Summary | null): string {
  if (summary === null) return ''
  return `${thousands(summary.median)} (${thousands(summary.low)} to ${thousands(summary.high)})`
}

function times(summary: Summary | null): string {
  if (summary === null) return ''
  return `${summary.median.toFixed(2)} (${summary.low.toFixed(2)} to ${summary.high.toFixed(2)})`
}

function thousands(value: number): string {
  return `${count(Math.round(value / 1000))}k`
}

function orDash(value: number | null): string {
  return value === null ? '–' : count(Math.round(value))
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}
