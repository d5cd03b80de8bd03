import type { DryRunResult, Place } from '../load/dry-run/dry-run.ts'
import type { Spread } from '../load/dry-run/spread.ts'
import { EXIT } from './command.ts'
import { exitCodeOf } from './exit.ts'
import { count, size } from './numbers.ts'

export interface DryRunContext {
  readonly partitioner: string
  readonly exitCode: number
}

export function dryRunExitCode(
  { interrupted, error, bad, beyond }: DryRunResult,
  signal: 'SIGINT' | 'SIGTERM' | undefined,
): number {
  if (interrupted) return EXIT[signal ?? 'SIGINT']
  if (error !== undefined) return exitCodeOf(error)
  return bad + beyond === 0 ? EXIT.done : EXIT.incomplete
}

/** The contract of `produce --dry-run --json`: read = sent + skipped + bad + beyondLimit. */
export function dryRunJson(result: DryRunResult, { partitioner, exitCode }: DryRunContext): string {
  const { sizes, timestamps, error } = result
  return JSON.stringify({
    schema: 'millrace.dry-run/1',
    read: result.read,
    sent: result.sent,
    skipped: result.skipped,
    bad: result.bad,
    badRecords: result.firstBad,
    beyondLimit: result.beyond,
    beyondRecords: result.firstBeyond,
    bytes: sizes.bytes,
    keyed: result.keyed,
    unkeyed: result.sent - result.keyed,
    tombstones: result.tombstones,
    sizes: { ...(sizes.range ?? { least: null, mean: null, most: null }), histogram: sizes.octaves },
    timestamps: timestamps && {
      records: timestamps.records,
      earliest: new Date(timestamps.earliest).toISOString(),
      latest: new Date(timestamps.latest).toISOString(),
    },
    partitioner,
    topics: [...result.topics].map(([topic, spread]) => ({
      topic,
      records: spread.records,
      partitions: spread.partitions,
      spread: spread.partitions === null ? null : spread.counts,
      chosenLater: spread.unknown,
      noSuchPartition: spread.partitions === null ? null : spread.beside,
    })),
    seconds: result.seconds,
    interrupted: result.interrupted,
    error: error === undefined ? null : { code: error.code, message: error.message },
    exitCode,
  })
}

const MOST_TOPICS = 16
const MOST_PARTITIONS = 16
const BAR = 30

/** For people. */
export function dryRunSummary(result: DryRunResult, { partitioner }: DryRunContext): string {
  const { read, sent, skipped, bad, beyond, sizes, keyed, tombstones } = result
  const lines = [
    `Dry run, nothing was sent: ${count(sent)} of ${count(read)} records would be, ${size(sizes.bytes)}`,
  ]
  if (skipped > 0) lines.push(`  ${count(skipped)} skipped: blank`)
  if (bad > 0) lines.push(`  ${count(bad)} bad:`, ...shown(result.firstBad, bad, ({ message }) => message))
  if (beyond > 0) {
    const words = (place: DryRunResult['firstBeyond'][number]) =>
      `${placeOf(place)}: ${count(place.bytes)} bytes with framing, ${count(place.limit)} at most`
    lines.push(`  ${count(beyond)} too large:`, ...shown(result.firstBeyond, beyond, words))
  }
  if (sent > 0) {
    lines.push(
      `  ${count(keyed)} with a key, ${count(sent - keyed)} without; ${count(tombstones)} tombstones`,
    )
    lines.push(...timestampLines(result), ...sizeLines(result))
    for (const [topic, spread] of [...result.topics].slice(0, MOST_TOPICS)) {
      lines.push(...spreadLines(topic, spread, partitioner))
    }
    const more = result.topics.size - MOST_TOPICS
    if (more > 0) lines.push(`  and ${count(more)} more topics`)
  }
  return `${lines.join('\n')}\n`
}

function shown<T>(first: readonly T[], all: number, words: (one: T) => string): string[] {
  const rest = all - first.length
  return [...first.map(one => `    ${words(one)}`), ...(rest > 0 ? [`    and ${count(rest)} more`] : [])]
}

function placeOf({ input, line, byte }: Place): string {
  return `line ${line} of ${input === '-' ? 'standard input' : input} (byte ${byte})`
}

function timestampLines({ timestamps, sent }: DryRunResult): string[] {
  if (timestamps === null) return []
  const [from, to] = [timestamps.earliest, timestamps.latest].map(time => new Date(time).toISOString())
  const some = timestamps.records === sent ? '' : `, of ${count(timestamps.records)} records`
  return [`  timestamps from ${from} to ${to}${some}`]
}

function sizeLines({ sizes, sent }: DryRunResult): string[] {
  const { range } = sizes
  if (range === null) return []
  const from = `${count(range.least)} to ${count(range.most)} bytes, ${count(range.mean)} on average`
  const { octaves } = sizes
  const most = Math.max(...octaves.map(({ records }) => records))
  const label = Math.max(...octaves.map(({ upTo }) => count(upTo).length))
  return [
    `  key and value: ${from}`,
    ...octaves.map(({ upTo, records }) => {
      const share = `${((100 * records) / sent).toFixed(1)} %`.padStart(7)
      return `    to ${count(upTo).padStart(label)}  ${share}  ${'█'.repeat(Math.ceil((BAR * records) / most))}`.trimEnd()
    }),
  ]
}

function spreadLines(topic: string, spread: Spread, partitioner: string): string[] {
  const { partitions, records, unknown, beside, counts } = spread
  const name = `  ${topic}: ${count(records)} records`
  if (partitions === null) {
    return [
      `${name}; how they spread is known with the number of partitions: give -b, or --create-topic=PARTITIONS`,
    ]
  }
  const lines = [`${name} over ${count(partitions)} partitions`]
  const told = records - unknown - beside
  if (told > 0) {
    const fullest = Math.max(...counts)
    const skew = (fullest * partitions) / told
    lines.push(
      `    ${count(told)} by key or number; the fullest partition has ${skew.toFixed(2)} times the average`,
    )
    lines.push(...counts.slice(0, MOST_PARTITIONS).map((records, at) => `    [${at}] ${count(records)}`))
    if (partitions > MOST_PARTITIONS)
      lines.push(`    and ${count(partitions - MOST_PARTITIONS)} more partitions`)
  }
  if (unknown > 0) {
    const why = partitioner.startsWith('murmur2') ? 'have no key' : `by partitioner=${partitioner}`
    lines.push(`    ${count(unknown)} that ${why}: librdkafka chooses`)
  }
  if (beside > 0) lines.push(`    ${count(beside)} name a partition that is not there`)
  return lines
}
