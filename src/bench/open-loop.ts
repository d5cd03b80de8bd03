import { setTimeout as sleep } from 'node:timers/promises'
import type { Properties } from '../client/producer-client.ts'
import { canonicalName } from '../config/index.ts'
import { encode, Histogram, latencyMs, nanoseconds, percentile } from '../latency/index.ts'
import { Backlog } from './backlog.ts'
import type { Contender, Lane } from './contender.ts'
import { disturbanceOf } from './disturbance.ts'
import type { LatencyFeed } from './latency-feed.ts'
import { LatencyOverTime } from './latency-over-time.ts'
import { Pacer, partOf, type Schedule } from './pacer.ts'
import { together } from './requests.ts'
import type { OpenFigures, Remark } from './trial.ts'

/** Until threads have heard of a schedule it has not begun. */
const LEAD_MS = 20
const SAMPLES = 60
const LEAST_SAMPLE_MS = 5
const CATCH_UP_MS = 60_000
/** librdkafka's linger.ms. */
const DEFAULT_LINGER_MS = 5

/** `startAt`: default as soon as threads can keep to it. */
export function scheduleOf(rate: number, messages: number, startAt = performance.now() + LEAD_MS): Schedule {
  return { rate, startAt, messages, first: 0, step: 1 }
}

export interface OpenLoopFigures {
  readonly figures: OpenFigures
  /** The latencies of each part of `latencyOverTime`, encoded; null where that is. */
  readonly overTime: readonly string[] | null
  readonly remark: Remark | undefined
}

/**
 * A window in which messages are due by a schedule, whatever becomes of those before them. Latencies count from when
 * each was due, so that a stall is seen by all that were due meanwhile.
 */
export class OpenLoop {
  /** At full speed there is none of that: latency would be the queue's depth over the rate. */
  static readonly none: OpenFigures = {
    achievedRate: null,
    latencyMs: null,
    histogram: null,
    distinctRequests: null,
    floorMs: null,
    floorHistogram: null,
    lingerMs: null,
    backlogGrowth: null,
    latencyOverTime: null,
  }

  readonly #contenders: readonly Contender[]
  readonly #lanes: readonly Lane[]
  readonly #halted: Promise<'halted'>
  readonly #backlog = new Backlog()
  readonly #feed: LatencyFeed
  readonly #latencies = new Histogram()
  #overTime = new LatencyOverTime(0)
  #stopHearing = () => {}
  #isHalted = false
  #schedule: Schedule | undefined
  #from = 0
  #before = { accepted: 0, ended: 0 }
  #offered = 0
  #seconds = 0

  constructor(
    contenders: readonly Contender[],
    lanes: readonly Lane[],
    feed: LatencyFeed,
    halted: Promise<'halted'>,
  ) {
    this.#contenders = contenders
    this.#lanes = lanes
    this.#feed = feed
    this.#halted = halted
    void halted.then(() => {
      this.#isHalted = true
    })
  }

  static start(lanes: readonly Lane[], schedule: Schedule): void {
    for (const [at, lane] of lanes.entries()) lane.start(partOf(schedule, at, lanes.length))
  }

  /** Resolves when the schedule begins. Nothing may be on its way. */
  async start(schedule: Schedule): Promise<void> {
    this.#listen(schedule)
    this.#before = this.#counts()
    this.#schedule = schedule
    this.#from = nanoseconds(performance.now()) / 1e6
    OpenLoop.start(this.#lanes, schedule)
    await sleep(Math.max(0, schedule.startAt - performance.now()))
  }

  /** Until `end`. */
  #listen({ startAt, messages, rate }: Schedule): void {
    this.#overTime = new LatencyOverTime(messages / rate)
    const step = this.#overTime.width * 1000
    const stopHearing = this.#feed.hear(latencies => {
      this.#latencies.merge(latencies)
      this.#overTime.add(latencies)
    })
    let parts = 0
    const next = (): NodeJS.Timeout => {
      parts++
      return setTimeout(tick, Math.max(0, startAt + parts * step - performance.now()))
    }
    const tick = () => {
      this.#feed.read()
      this.#overTime.pass(parts * this.#overTime.width)
      timer = next()
    }
    let timer = next()
    this.#stopHearing = () => {
      clearTimeout(timer)
      stopHearing()
    }
  }

  /** Follows the backlog for so long, or until it was halted. */
  async watch(milliseconds: number): Promise<void> {
    const { startAt } = this.#begun
    const pacer = new Pacer(this.#begun)
    const step = Math.max(LEAST_SAMPLE_MS, milliseconds / SAMPLES)
    const end = startAt + milliseconds
    for (let at = startAt; !this.#isHalted; at = Math.min(end, at + step)) {
      await Promise.race([sleep(Math.max(0, at - performance.now())), this.#halted])
      const now = performance.now()
      const ended = this.#counts().ended - this.#before.ended
      this.#backlog.note(pacer.dueBy(now) - ended, ended)
      if (now >= end) break
    }
    this.#offered = this.#counts().accepted - this.#before.accepted
    this.#seconds = (performance.now() - startAt) / 1000
  }

  /** Waits until all that was due has ended, where that is to be expected. */
  async end(properties: Properties): Promise<OpenLoopFigures> {
    const { messages, rate, startAt, step } = this.#begun
    // of several processes each has a part of what is due
    const due = messages / step
    const grew = this.#backlog.saturated(due)
    const caughtUp = grew ? false : await this.#caughtUp()
    this.#stopHearing()
    const saturated = grew || (!caughtUp && !this.#isHalted)
    const lateness = merged(this.#lanes.map(lane => lane.lateness))
    const { growth } = this.#backlog
    const achievedRate = this.#offered / this.#seconds
    const common = {
      achievedRate,
      floorMs: floorOf(lateness),
      floorHistogram: encode(lateness),
      lingerMs: lingerOf(properties),
      backlogGrowth: growth,
    }
    if (saturated) {
      const share = Math.round((growth / due) * 100)
      const why = `the backlog grew by ${Math.round(growth)} messages, ${share} % of those due: ${rate} a second is more than is carried here`
      return {
        figures: {
          ...common,
          latencyMs: null,
          histogram: null,
          distinctRequests: null,
          latencyOverTime: null,
        },
        overTime: null,
        remark: { state: 'saturated', why },
      }
    }
    const endedAt = performance.now()
    const to = nanoseconds(endedAt) / 1e6
    await Promise.all(this.#contenders.map(({ requests }) => requests.knownUntil(to)))
    const sent = together(this.#contenders.map(({ requests }) => requests.within(this.#from, to)))
    const distinctRequests = sent?.distinct ?? 0
    const latencies = this.#latencies
    const disturbance = disturbanceOf(lateness)
    const latencyOverTime = this.#overTime.end((endedAt - startAt) / 1000)
    return {
      figures: {
        ...common,
        latencyMs: latencyMs(latencies, distinctRequests),
        histogram: encode(latencies),
        distinctRequests,
        latencyOverTime,
      },
      overTime: this.#overTime.encoded,
      remark: disturbance === undefined ? undefined : { state: 'disturbed', why: disturbance },
    }
  }

  async #caughtUp(): Promise<boolean> {
    const timer = new AbortController()
    const late = sleep(CATCH_UP_MS, 'late', { signal: timer.signal }).catch(() => 'late')
    const all = Promise.all(this.#lanes.map(lane => lane.spent())).then(() => 'spent')
    const first = await Promise.race([all, late, this.#halted])
    timer.abort()
    return first === 'spent'
  }

  #counts(): { accepted: number; ended: number } {
    let accepted = 0
    let ended = 0
    for (const contender of this.#contenders) {
      accepted += contender.target.counts.accepted
      ended += contender.ended()
    }
    return { accepted, ended }
  }

  get #begun(): Schedule {
    if (this.#schedule === undefined) throw new Error('an open loop was not started')
    return this.#schedule
  }
}

function merged(histograms: readonly Histogram[]): Histogram {
  const all = new Histogram()
  for (const histogram of histograms) all.merge(histogram)
  return all
}

function floorOf(lateness: Histogram): OpenFigures['floorMs'] {
  const [p50, p99, { max }] = [percentile(lateness, 'p50'), percentile(lateness, 'p99'), lateness]
  if (p50 === null || p99 === null || max === null) return null
  return { p50: p50 / 1e6, p99: p99 / 1e6, max: max / 1e6 }
}

/** How long librdkafka waits for company for a message: below this no latency can be expected where batches do not fill. */
function lingerOf(properties: Properties): number {
  const linger = Object.entries(properties).findLast(([name]) => canonicalName(name) === 'linger.ms')
  return Number(linger?.[1] ?? DEFAULT_LINGER_MS)
}
