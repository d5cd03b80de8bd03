import { type Options, SingleBar } from 'cli-progress'
import type { Load } from '../load/load.ts'
import type { Waiting } from '../load/stall.ts'
import type { Io } from './command.ts'
import { count, duration, size } from './numbers.ts'

const BAR_MS = 200
const LINE_MS = 10_000

/** How long the rate looks back. */
const RATE_WINDOW_MS = 5_000

interface Rates {
  readonly messages: number
  readonly bytes: number
}

/** What was acknowledged a second, over the last seconds. */
class RecentRates {
  readonly #samples = [{ at: performance.now(), messages: 0, bytes: 0 }]

  update({ delivered, bytes }: Load['account']): Rates {
    const at = performance.now()
    this.#samples.push({ at, messages: delivered, bytes })
    while (this.#samples.length > 2 && at - (this.#samples[0]?.at ?? at) > RATE_WINDOW_MS)
      this.#samples.shift()
    const first = this.#samples[0] as Rates & { at: number }
    const perSecond = (now: number, then: number) =>
      at === first.at ? 0 : ((now - then) * 1000) / (at - first.at)
    return { messages: perSecond(delivered, first.messages), bytes: perSecond(bytes, first.bytes) }
  }
}

export interface Progress {
  stop(): void
}

/**
 * Shows how a load gets on: a bar on a terminal, a plain line every ten seconds elsewhere.
 * `total` is the size of all inputs in bytes, packed ones as they are, null where one of them has no known end.
 */
export function showProgress(load: Load, total: number | null, io: Io, asBar: boolean): Progress {
  return asBar ? bar(load, total, io) : lines(load, total, io)
}

interface State {
  readonly rates: Rates
  /** Bytes of the inputs whose records have ended, as far as all are alike: what waits for its broker is not done. */
  readonly done: number
  readonly share: number | null
  readonly eta: string
}

function state(load: Load, total: number | null, recent: RecentRates): State {
  const { account, bytesRead, seconds } = load
  const rates = recent.update(account)
  const done = account.read === 0 ? 0 : bytesRead * (1 - account.open / account.read)
  const share = total === null || total === 0 ? null : Math.min(1, done / total)
  const left = share === null || share === 0 ? null : (seconds * (1 - share)) / share
  return { rates, done, share, eta: left === null ? '' : duration(left) }
}

/** What matters most comes first: a narrow terminal cuts the rest off. */
function figures(load: Load, { rates, eta }: State): string {
  const { delivered, failed, rejected } = load.account
  const throttled = load.throttling.milliseconds
  const { waiting } = load
  const parts = [
    ...(waiting === undefined ? [] : [waitingInWords(waiting)]),
    `${count(rates.messages)} msg/s`,
    ...(eta === '' ? [] : [`ETA ${eta}`]),
    // by a quota of the brokers', which explains the rate
    ...(throttled > 0 ? [`throttled ${count(throttled)} ms`] : []),
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
    ...(rejected > 0 ? [`${count(rejected)} rejected`] : []),
    `${count(delivered)} delivered`,
    `${size(rates.bytes)}/s`,
    `${count(load.inFlight)} in flight`,
  ]
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
  const recent = new RecentRates()
  const show = () => {
    const now = state(load, total, recent)
    single.update(known ? Math.min(now.done, total) : 0, { figures: figures(load, now) })
  }
  single.start(known ? total : 1, 0, { figures: '' })
  show()
  const timer = setInterval(show, BAR_MS)
  return {
    stop() {
      clearInterval(timer)
      single.stop()
      io.stderr.write('\r\x1b[K')
    },
  }
}

function lines(load: Load, total: number | null, io: Io): Progress {
  const recent = new RecentRates()
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
