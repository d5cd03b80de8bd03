import type { LoadResult } from '../load/result.ts'
import { EXIT } from './command.ts'
import { exitCodeOf } from './exit.ts'
import { count, duration, size } from './numbers.ts'

export function loadExitCode(result: LoadResult, signal: 'SIGINT' | 'SIGTERM' | undefined): number {
  const { outcome, error } = result
  if (outcome === 'interrupted') return EXIT[signal ?? 'SIGINT']
  if (outcome === 'cluster') return EXIT.cluster
  if (outcome === 'unexpected') return EXIT.unexpected
  if (outcome === 'input' || outcome === 'receipt') return exitCodeOf(error)
  const isDone = result.failed + result.unsent === 0 && result.withinMaxRejected
  return isDone ? EXIT.done : EXIT.incomplete
}

export interface ReportContext {
  readonly embedded: boolean
  readonly exitCode: number
}

/** The contract of `produce --json`. */
export function loadJson(result: LoadResult, { embedded, exitCode }: ReportContext): string {
  const { error, outcome, engine, receipt, deadLetter } = result
  return JSON.stringify({
    schema: 'millrace.load/1',
    loadId: result.loadId,
    read: result.read,
    sent: result.sent,
    skipped: result.skipped,
    rejected: result.rejected,
    delivered: result.delivered,
    failed: result.failed,
    unsent: result.unsent,
    resent: result.resent,
    alreadyDone: result.alreadyDone,
    possiblyPersisted: result.possiblyPersisted,
    bytes: result.bytes,
    seconds: result.seconds,
    messagesPerSecond: result.messagesPerSecond,
    partitions: result.partitions,
    engine,
    embedded,
    receipt,
    deadLetter,
    outcome,
    error: error === undefined ? null : { code: error.code, message: error.message },
    exitCode,
  })
}

const MAX_PARTITIONS = 16

/** The account for people. */
export function loadSummary(result: LoadResult, { embedded, exitCode }: ReportContext): string {
  const lines: string[] = []
  const { receipt, deadLetter } = result
  const { read, delivered, skipped, rejected, failed, possiblyPersisted, unsent, resent, alreadyDone } =
    result
  lines.push(
    `${count(delivered)} of ${count(read)} records delivered, ${size(result.bytes)} in ${duration(result.seconds)}: ` +
      `${count(result.messagesPerSecond)} msg/s${embedded ? ', embedded cluster' : ''}`,
  )
  if (alreadyDone > 0) lines.push(`  ${count(alreadyDone)} were done already`)
  if (skipped > 0) lines.push(`  ${count(skipped)} skipped: blank`)
  if (rejected > 0) {
    const where = deadLetter === null ? '' : `, put into ${deadLetter}`
    lines.push(`  ${count(rejected)} rejected${where}: ${result.firstRejection?.message ?? ''}`)
  }
  if (resent > 0) lines.push(`  ${count(resent)} messages were offered again`)
  if (failed > 0)
    lines.push(`  ${count(failed)} failed, ${count(possiblyPersisted)} of them possibly persisted`)
  if (unsent > 0) lines.push(`  ${count(unsent)} read, but not sent any more`)
  if (receipt !== null) {
    const isLeft = exitCode !== EXIT.done || failed + unsent > 0
    lines.push(
      `  receipt: ${receipt}${isLeft ? '; the same line with --resume goes on with what is left' : ''}`,
    )
  }
  for (const { topic, partition, delivered, firstOffset, lastOffset } of result.partitions.slice(
    0,
    MAX_PARTITIONS,
  )) {
    const offsets = firstOffset === null ? '' : `, offsets ${firstOffset} to ${lastOffset}`
    lines.push(`  ${topic} [${partition}]  ${count(delivered)}${offsets}`)
  }
  const more = result.partitions.length - MAX_PARTITIONS
  if (more > 0) lines.push(`  and ${more} more partitions`)
  return `${lines.join('\n')}\n`
}
