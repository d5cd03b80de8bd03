import { type Options, SingleBar } from 'cli-progress'
import type { Load } from '../load/load.ts'
import type { Waiting } from '../load/stall.ts'
import type { Io } from './command.ts'
import { count, duration, size } from './numbers.ts'

const BAR_MS = 200
const LINE_MS = 10_000

/** How long the rate looks back. */
const RATE_WINDOW_MS = 5_000

/** Acknowledged messages a second over the last seconds. */
class RecentRate {
  readonly #samples = [{ at: performance.now(), delivered: 0 }]

  update(delivered: number): number {
    const at = performance.now()
    this.#samples.push({ at, delivered })
    while (this.#samples.length > 2 && at - (this.#samples[0]?.at ?? at) > RATE_WINDOW_MS)
      this.#samples.shift()
    const first = this.#samples[0] as { at: number; delivered: number }
    return at === first.at ? 0 : ((delivered - first.delivered) * 1000) / (at - first.at)
  }
}

export interface Progress {
  stop(): void
}

/**
 * Shows how a load gets on: a bar on a terminal, a plain line every ten seconds elsewhere.
 * `total` is the size of all inputs in bytes, null where one of them has no known end.
 */
export function showProgress(load: Load, total: number | null, io: Io, asBar: boolean): Progress {
  return asBar ? bar(load, total, io) : lines(load, total, io)
}

interface State {
  readonly rate: number
  readonly share: number | null
  readonly eta: string
}

function state(load: Load, total: number | null, recent: RecentRate): State {
  const rate = recent.update(load.account.delivered)
  const share = total === null || total === 0 ? null : Math.min(1, load.bytesRead / total)
  const left = share === null || share === 0 ? null : (load.seconds * (1 - share)) / share
  return { rate, share, eta: left === null ? '' : duration(left) }
}

/** What matters most comes first: a narrow terminal cuts the rest off. */
function figures(load: Load, { rate, eta }: State): string {
  const { delivered, failed, rejected } = load.account
  const perSecond = load.seconds === 0 ? 0 : load.bytesRead / load.seconds
  const { waiting } = load
  const parts = [
    ...(waiting === undefined ? [] : [waitingInWords(waiting)]),
    `${count(rate)} msg/s`,
    ...(eta === '' ? [] : [`ETA ${eta}`]),
    `${count(delivered)} delivered`,
    `${size(perSecond)}/s read`,
    `${count(load.inFlight)} in flight`,
  ]
  if (failed > 0) parts.push(`${count(failed)} failed`)
  if (rejected > 0) parts.push(`${count(rejected)} rejected`)
  return parts.join('  ')
}

function bar(load: Load, total: number | null, io: Io): Progress {
  const known = total !== null && total > 0
  const options: Options = {
    stream: io.stderr as NodeJS.WritableStream,
    format: known ? '{bar} {percentage}%  {figures}' : '{figures}',
    barsize: 20,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    linewrap: false,
    clearOnComplete: true,
    autopadding: false,
  }
  const single = new SingleBar(options)
  const recent = new RecentRate()
  const payload = () => {
    const now = state(load, total, recent)
    return { figures: figures(load, now) }
  }
  single.start(known ? total : 1, 0, payload())
  const timer = setInterval(() => single.update(known ? load.bytesRead : 0, payload()), BAR_MS)
  return {
    stop() {
      clearInterval(timer)
      single.stop()
      io.stderr.write('\r\x1b[K')
    },
  }
}

function lines(load: Load, total: number | null, io: Io): Progress {
  const recent = new RecentRate()
  const timer = setInterval(() => {
    const now = state(load, total, recent)
    const share = now.share === null ? '' : `${Math.floor(now.share * 100)} %  `
    io.stderr.write(`${share}${figures(load, now)}\n`)
  }, LINE_MS)
  return {
    stop() {
      clearInterval(timer)
    },
  }
}

/** Such as: waiting: partition 7 of events has no leader since 12 s; 41,200 records behind it. */
function waitingInWords({ reason, seconds, records }: Waiting): string {
  return `waiting: ${reason} since ${duration(Math.round(seconds))}; ${count(records)} records behind it`
}

/** Tells when a load begins to wait and when it goes on, each on a line of its own. */
export function waitingLines(
  io: Io,
  { quiet }: { readonly quiet: boolean },
): (waiting: Waiting | undefined) => void {
  let wasWaiting = false
  // over the bar, where there is one
  const before = io.stderr.isTTY ? '\r\x1b[K' : ''
  return waiting => {
    if (!quiet && waiting !== undefined) io.stderr.write(`${before}${waitingInWords(waiting)}\n`)
    if (!quiet && waiting === undefined && wasWaiting) io.stderr.write(`${before}waiting no more\n`)
    wasWaiting = waiting !== undefined
  }
}
