import type { Loading } from '../load/loading.ts'
import type { LoadProgress } from '../load/progress.ts'
import type { Waiting } from '../load/stall.ts'
import type { Io } from './command.ts'
import { count, duration, size } from './numbers.ts'

const BAR_MS = 200
const LINE_MS = 10_000

/** A bar needs a terminal that can go back in a line. */
function asBar({ stderr, env }: Io): boolean {
  return stderr.isTTY === true && env.TERM !== 'dumb'
}

/** How often a load is looked at. */
export function progressIntervalMs(io: Io): number {
  return asBar(io) ? BAR_MS : LINE_MS
}

/**
 * Shows how a load gets on: a bar on a terminal, a plain line every ten seconds elsewhere. Resolves once what draws the
 * bar is loaded.
 */
export async function progressDisplay(io: Io): Promise<(loading: Loading) => void> {
  if (!asBar(io)) return loading => showLines(loading, io)
  const { showBar } = await import('./progress-bar.ts')
  return loading => showBar(loading, io)
}

/** What matters most comes first: a narrow terminal cuts the rest off. */
export function figures(progress: LoadProgress): string {
  const { waiting, etaSeconds, throttledMs, failed, rejected } = progress
  const parts = [
    ...(waiting === undefined ? [] : [waitingInWords(waiting)]),
    `${count(progress.messagesPerSecond)} msg/s`,
    ...(etaSeconds === null ? [] : [`ETA ${duration(etaSeconds)}`]),
    // by a quota of the brokers', which explains the rate
    ...(throttledMs > 0 ? [`throttled ${count(throttledMs)} ms`] : []),
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
    ...(rejected > 0 ? [`${count(rejected)} rejected`] : []),
    `${count(progress.delivered)} delivered`,
    `${size(progress.bytesPerSecond)}/s`,
    `${count(progress.inFlight)} in flight`,
  ]
  return parts.join('  ')
}

function showLines(loading: Loading, io: Io): void {
  loading.on('progress', progress => {
    // the summary comes
    if (progress.ended) return
    const share = progress.share === null ? '' : `${Math.floor(progress.share * 100)} %  `
    io.stderr.write(`${share}${figures(progress)}\n`)
  })
}

/** Such as: waiting: partition 7 of events has no leader since 12 s; 41,200 records behind it. */
function waitingInWords({ reason, seconds, records }: Waiting): string {
  return `waiting: ${reason} since ${duration(Math.round(seconds))}; ${count(records)} records behind it`
}

/** Tells when a load begins to wait and when it goes on, each on a line of its own. */
export function tellWaiting(loading: Loading, io: Io): void {
  let wasWaiting = false
  // over the bar, where there is one
  const before = io.stderr.isTTY ? '\r\x1b[K' : ''
  loading.on('waiting', waiting => {
    if (waiting !== undefined) io.stderr.write(`${before}${waitingInWords(waiting)}\n`)
    if (waiting === undefined && wasWaiting) io.stderr.write(`${before}waiting no more\n`)
    wasWaiting = waiting !== undefined
  })
}
