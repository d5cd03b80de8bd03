import { setTimeout as sleep } from 'node:timers/promises'
import { deferred } from '../deferred.ts'
import { nanoseconds } from '../latency/index.ts'
import { beyondDelivered, faultsOf } from './account.ts'
import { inFlightLimit } from './busy.ts'
import { connectAll, isTimed } from './connect.ts'
import type { Contender, Lane, Target } from './contender.ts'
import { endsMoved, readyTopic } from './end-offsets.ts'
import { LatencyFeed } from './latency-feed.ts'
import { LocalBroker } from './local-broker/local-broker.ts'
import { Meter, peakRssBytes, type Spent } from './meter.ts'
import { meanDigits, WHOLE } from './monotonic.ts'
import { OpenLoop, type OpenLoopFigures, scheduleOf } from './open-loop.ts'
import { partOf, type Schedule } from './pacer.ts'
import { ringOf } from './payloads.ts'
import { type Company, shareOf } from './processes/company.ts'
import { reportEvery } from './reporter.ts'
import { together } from './requests.ts'
import type { ThreadDelay } from './thread-protocol.ts'
import { startThreads, ThreadLane } from './threads.ts'
import { Budget } from './traffic.ts'
import { markersOf, transactionsOf } from './transactional.ts'
import { type Progress, type TrialResult, type TrialSpec, tookOf } from './trial.ts'

const FIRST_ACKNOWLEDGEMENT_MS = 30_000
const DRAIN_MS = 60_000
const LOOK_MS = 5
const NO_MARKERS = { sure: 0, possible: 0 } as const

export interface TrialSurroundings {
  /** Hears every `reportingSeconds` of the window. */
  readonly onProgress?: (progress: Progress) => void
  /** It is one of several processes that run the trial, and whoever started them compares. */
  readonly company?: Company
}

/**
 * One trial, in this process: connects, warms up, measures, drains, and compares the account with the
 * topic's end offsets. Meant for a process of its own.
 * @throws MillraceError where it could not begin: no connection, no topic, no payloads. What goes wrong
 * later makes the trial void.
 */
export async function runTrial(
  spec: TrialSpec,
  { onProgress = () => {}, company }: TrialSurroundings = {},
): Promise<TrialResult> {
  const process = company === undefined ? WHOLE : { index: company.index, of: company.of }
  const ring = ringOf(spec)
  const warnings = new Set<string>()
  const contenders = await connectAll(spec, ring, process, text => warnings.add(text))
  const targets = contenders.map(({ target }) => target)
  const halted = deferred<'halted'>()
  const onHalt = () => {
    halted.resolve('halted')
    company?.halt()
  }
  void company?.halted.then(() => halted.resolve('halted'))
  let threads: ThreadLane[] = []
  try {
    const [before] = await Promise.all(
      targets.map(target => readyTopic(target, spec.topic, spec.cell.partitions)),
    )
    if (before === undefined) throw new Error('a cell has no producers')
    if (spec.cell.threads > 1) {
      const tokens = contenders.map(contender => contender.share())
      threads = await startThreads(spec, process, tokens, onHalt)
    }
    const { partitions, brokers } = before
    // the cluster is the same for all processes of a trial
    const broker = process.index === 0 ? await LocalBroker.find(brokers) : null
    const lanes = threads.length > 0 ? threads : contenders.map(({ lane }) => lane(onHalt, partitions))
    const meanBytes =
      spec.payloadMonotonic === true
        ? (messages: number) => meanDigits(messages * process.of)
        : () => ring.meanBytes
    const run = new TrialRun(spec, {
      contenders,
      lanes,
      halted: halted.promise,
      onHalt,
      meanBytes,
      onProgress,
      company,
      broker,
    })
    return { ...(await run.run(before.sum)), partitions, warnings: [...warnings], took: tookOf(spec) }
  } finally {
    await Promise.all(threads.map(thread => thread.close()))
    await Promise.all(targets.map(target => target.close({ timeoutMs: 0 })))
  }
}

interface Parts {
  readonly contenders: readonly Contender[]
  readonly lanes: readonly Lane[]
  readonly halted: Promise<'halted'>
  readonly onHalt: () => void
  /** Bytes of a message, on average over so many. */
  readonly meanBytes: (messages: number) => number
  readonly onProgress: (progress: Progress) => void
  readonly company: Company | undefined
  /** Null: what it costs is not measured here. */
  readonly broker: LocalBroker | null
}

interface Window {
  readonly spent: Spent
  readonly threadDelays: readonly ThreadDelay[]
  readonly delivered: number
  /** On the monotonic clock, in ms. */
  readonly from: number
  readonly to: number
  readonly openLoop?: OpenLoopFigures
}

class TrialRun {
  readonly #spec: TrialSpec
  readonly #contenders: readonly Contender[]
  readonly #targets: readonly Target[]
  readonly #lanes: readonly Lane[]
  readonly #threads: readonly ThreadLane[]
  readonly #halted: Promise<'halted'>
  readonly #halt: () => void
  readonly #meanBytes: Parts['meanBytes']
  readonly #onProgress: Parts['onProgress']
  readonly #company: Company | undefined
  readonly #broker: LocalBroker | null
  /** Undefined where latencies are not measured. */
  readonly #feed: LatencyFeed | undefined
  readonly #faults: string[] = []

  constructor(spec: TrialSpec, parts: Parts) {
    const { contenders, lanes, halted, onHalt, meanBytes, onProgress, company, broker } = parts
    this.#spec = spec
    this.#contenders = contenders
    this.#targets = contenders.map(({ target }) => target)
    this.#lanes = lanes
    this.#threads = lanes.filter(lane => lane instanceof ThreadLane)
    this.#halted = halted
    this.#halt = onHalt
    this.#meanBytes = meanBytes
    this.#onProgress = onProgress
    this.#company = company
    this.#broker = broker
    this.#feed = isTimed(spec) ? new LatencyFeed(contenders) : undefined
  }

  async run(endsBefore: number): Promise<Pick<TrialResult, 'figures' | 'faults' | 'remark' | 'part'>> {
    const { cell, transactions, metrics } = this.#spec
    const { rate, threads } = cell
    await this.#warmUp()
    const window = rate === 'max' ? await this.#closedWindow() : await this.#openWindow(rate)
    const { spent, delivered, openLoop } = window
    await this.#stopLoops()
    await Promise.all(this.#contenders.map(({ requests }) => requests.knownUntil(window.to)))
    const markers = transactions?.marked === true ? () => markersOf(this.#lanes) : () => NO_MARKERS
    const endOffsetsMoved = await this.#drain(endsBefore, () => markers().sure)
    const acknowledged = this.#acknowledged()
    const account = {
      offered: sum(this.#lanes, lane => lane.offered),
      delivered: sum(this.#lanes, lane => lane.delivered),
      failed: sum(this.#lanes, lane => lane.failed),
      possiblyPersisted: sum(this.#lanes, lane => lane.possiblyPersisted),
    }
    const { sure: transactionMarkers, possible: possibleMarkers } = markers()
    const firstFailure = this.#lanes.find(lane => lane.firstFailure !== undefined)?.firstFailure
    const rules = { allowFailures: this.#spec.allowFailures, firstFailure }
    const log = { endOffsetsMoved, transactionMarkers }
    // as one of several it did not look at them
    const looked = { ...log, endOffsetsMoved: endOffsetsMoved ?? account.delivered + transactionMarkers }
    const faults = [
      ...faultsOf({ ...account, ...looked, possibleMarkers, acknowledged }, rules),
      ...this.#faults,
    ]
    for (const { died } of this.#threads) {
      if (died !== undefined) faults.push(`a thread died: ${died}`)
    }
    if (delivered === 0 && this.#company === undefined)
      faults.push('nothing was acknowledged within the window')
    const messagesPerSecond = delivered / spent.seconds
    const sent = together(this.#contenders.map(({ requests }) => requests.within(window.from, window.to)))
    const figures = {
      ...account,
      ...log,
      beyondDelivered: endOffsetsMoved === null ? null : beyondDelivered({ ...account, ...looked }),
      transactions: transactionsOf(this.#lanes),
      metrics: metrics === true ? this.#contenders.map(contender => contender.metrics()) : null,
      threads,
      processes: 1,
      seconds: spent.seconds,
      messagesPerSecond,
      megabytesPerSecond: (messagesPerSecond * this.#meanBytes(account.offered)) / 1e6,
      ...(openLoop?.figures ?? OpenLoop.none),
      cpuSeconds: spent.cpuSeconds,
      gcMs: spent.gcMs + sum(window.threadDelays, ({ gcMs }) => gcMs),
      eventLoopDelayMs: spent.eventLoopDelayMs,
      threadDelayMs: worstOf(window.threadDelays),
      peakRssBytes: peakRssBytes(),
      batchMessages: sent === null || sent.requests === 0 ? null : sent.messages / sent.requests,
      requestsPerSecond: sent === null ? null : sent.requests / sent.seconds,
      busy: {
        ...spent.busy,
        loop: Math.max(spent.busy.loop, ...window.threadDelays.map(({ busy }) => busy)),
        inFlight: this.#inFlight(window),
      },
      broker: spent.broker,
    }
    const { from, to } = window
    const latencies = openLoop?.overTime ?? null
    const part = { acknowledged, firstFailure, from, to, latencies }
    return {
      figures,
      faults,
      remark: openLoop?.remark,
      ...(this.#company === undefined ? {} : { part }),
    }
  }

  /** Of the producer whose connections were fullest. */
  #inFlight({ from, to }: Window): number | null {
    const limit = inFlightLimit(this.#spec.properties, this.#spec.cell.acks)
    const shares = this.#contenders.flatMap(({ requests }) => requests.fullWithin(limit, from, to) ?? [])
    return shares.length === 0 ? null : Math.max(...shares)
  }

  /** Until every producer has an acknowledgement, and for as long as asked. */
  async #warmUp(): Promise<void> {
    const { cell, warmupSeconds, transactions } = this.#spec
    const warmupMessages = this.#share(this.#spec.warmupMessages ?? 0)
    const endless = Number.POSITIVE_INFINITY
    if (cell.rate === 'max') {
      const budget = new Budget(endless)
      for (const lane of this.#lanes) lane.start(budget)
    } else {
      OpenLoop.start(this.#lanes, this.#ours(scheduleOf(cell.rate, endless)))
    }
    const startedAt = performance.now()
    const warm = startedAt + warmupSeconds * 1000
    // at a low rate the first message of the last producer is due only after a while
    const firstDueMs =
      cell.rate === 'max' ? 0 : (cell.processes * cell.producers * cell.threads * 1000) / cell.rate
    const committedMs = (transactions?.seconds ?? 0) * 1000
    const patience = firstDueMs + committedMs + Math.max(FIRST_ACKNOWLEDGEMENT_MS, warmupSeconds * 1000)
    let deadline = startedAt + patience
    let seen = 0
    let halted = false
    void this.#halted.then(() => {
      halted = true
    })
    while (!halted) {
      const acknowledged = this.#targets.every(target => target.counts.delivered > 0)
      const count = this.#acknowledged()
      const now = performance.now()
      if (acknowledged && now >= warm && count >= warmupMessages) return
      // so many messages may take long; only a standstill is a fault
      if (count > seen) deadline = now + patience
      seen = count
      if (now > deadline) {
        this.#faults.push(`no acknowledgement came within ${Math.round(patience / 1000)} s`)
        this.#halt()
        return
      }
      await sleep(acknowledged && count >= warmupMessages ? Math.min(warm - now, 100) : LOOK_MS)
    }
  }

  #closedWindow(): Promise<Window> {
    const { length, transactions } = this.#spec
    if ('seconds' in length && transactions !== undefined) return this.#committedWindow(length.seconds)
    return 'seconds' in length ? this.#fixedWindow(length.seconds) : this.#fixedCount(length.messages)
  }

  async #fixedWindow(seconds: number): Promise<Window> {
    await this.#begin()
    const timer = new AbortController()
    const window = await this.#measure(() =>
      Promise.race([sleep(seconds * 1000, undefined, { signal: timer.signal }), this.#halted]),
    )
    timer.abort()
    return window
  }

  /** From one commit to the last that was begun in time, so that it holds whole transactions, commits included. */
  async #committedWindow(seconds: number): Promise<Window> {
    await this.#settle()
    const timer = new AbortController()
    const window = await this.#measure(async () => {
      for (const lane of this.#lanes) lane.start(new Budget(Number.POSITIVE_INFINITY))
      await Promise.race([sleep(seconds * 1000, undefined, { signal: timer.signal }), this.#halted])
      await this.#stopLoops()
    })
    timer.abort()
    return window
  }

  /** What the warm-up sent has ended before, so that the window holds exactly these messages. */
  async #fixedCount(messages: number): Promise<Window> {
    await this.#settle()
    const budget = new Budget(this.#share(messages))
    await this.#begin()
    return this.#measure(async () => {
      for (const lane of this.#lanes) lane.start(budget)
      await this.#spentOrHalted()
    })
  }

  /** What the warm-up sent has ended before, so that latencies are those of what was due within the window. */
  async #openWindow(rate: number): Promise<Window> {
    await this.#settle()
    const { length } = this.#spec
    if (this.#feed === undefined) throw new Error('a rate is kept to without measuring latencies')
    const loop = new OpenLoop(this.#contenders, this.#lanes, this.#feed, this.#halted)
    const messages = 'seconds' in length ? Math.ceil(rate * length.seconds) : length.messages
    const begin = await this.#company?.begin()
    // on a busy machine a short window's first messages have ended before this thread is awake
    const before = this.#inWindow()
    await loop.start(this.#ours(scheduleOf(rate, messages, begin)))
    const window = await this.#measure(async () => {
      await loop.watch('seconds' in length ? length.seconds * 1000 : (messages / rate) * 1000)
      if ('messages' in length) await this.#spentOrHalted()
    }, before)
    const openLoop = await loop.end(this.#spec.properties)
    return { ...window, openLoop }
  }

  /** Where others run the same trial: waits until all are warm, and the window begins. */
  async #begin(): Promise<void> {
    if (this.#company === undefined) return
    const at = await Promise.race([this.#company.begin(), this.#halted])
    if (at !== 'halted') await sleep(Math.max(0, at - performance.now()))
  }

  /** What of a schedule is this process's to keep to. */
  #ours(schedule: Schedule): Schedule {
    return this.#company === undefined ? schedule : partOf(schedule, this.#company.index, this.#company.of)
  }

  /** What of so many messages is this process's to send. */
  #share(messages: number): number {
    return this.#company === undefined ? messages : shareOf(messages, this.#company.index, this.#company.of)
  }

  async #settle(): Promise<void> {
    await this.#stopLoops()
    await this.#spentOrHalted()
  }

  async #spentOrHalted(): Promise<void> {
    await Promise.race([Promise.all(this.#lanes.map(lane => lane.spent())), this.#halted])
  }

  /** `before`: what was acknowledged before the window's first message; default: by now. */
  async #measure(during: () => Promise<unknown>, before = this.#inWindow()): Promise<Window> {
    const meter = new Meter(this.#broker)
    for (const thread of this.#threads) thread.measure()
    const stopReporting = this.#report()
    const from = monotonicMs()
    await during()
    const delivered = this.#inWindow() - before
    const to = monotonicMs()
    stopReporting()
    const [spent, ...delays] = await Promise.all([
      meter.stop(),
      ...this.#threads.map(thread => thread.measured()),
    ])
    return { spent, threadDelays: delays.filter(delay => delay !== undefined), delivered, from, to }
  }

  #report(): () => void {
    const { reportingSeconds } = this.#spec
    if (reportingSeconds === undefined) return () => {}
    return reportEvery({
      seconds: reportingSeconds,
      feed: this.#feed,
      acknowledged: () => sum(this.#contenders, contender => contender.acknowledged()),
      meanBytes: this.#meanBytes,
      tell: this.#onProgress,
    })
  }

  /** What counts for the rate. On a schedule, a commit comes when its time has come, whatever the window. */
  #inWindow(): number {
    return this.#spec.cell.rate === 'max'
      ? this.#acknowledged()
      : sum(this.#contenders, contender => contender.acknowledged())
  }

  async #stopLoops(): Promise<void> {
    await Promise.all(this.#lanes.map(lane => lane.stop()))
  }

  /** Waits for all that is on its way; asks for the end offsets while there is a connection, then closes. Null where it is not to ask, or nobody answers. */
  async #drain(endsBefore: number, markers: () => number): Promise<number | null> {
    const flushed = await Promise.allSettled(
      this.#targets.map(target => target.flush({ timeoutMs: DRAIN_MS })),
    )
    for (const outcome of flushed) {
      if (outcome.status === 'rejected') this.#faults.push(String(outcome.reason.message))
    }
    let moved: number | null = null
    try {
      const [first] = this.#targets
      if (first !== undefined && this.#company === undefined) {
        moved = await endsMoved(first, this.#spec.topic, endsBefore, this.#acknowledged() + markers())
      }
    } catch (error) {
      this.#faults.push(`the end offsets could not be read: ${(error as Error).message}`)
    }
    await Promise.all(this.#targets.map(target => target.close({ timeoutMs: 0 })))
    // what the calls have to tell comes in the turns after the last report
    await Promise.race([
      Promise.all(this.#lanes.map(lane => lane.spent())),
      sleep(1000, undefined, { ref: false }),
    ])
    return moved
  }

  #acknowledged(): number {
    return sum(this.#targets, target => target.counts.delivered)
  }
}

function worstOf(delays: readonly ThreadDelay[]): ThreadDelay['eventLoopDelayMs'] | null {
  const [worst] = delays.map(delay => delay.eventLoopDelayMs).sort((a, b) => b.p99 - a.p99)
  return worst ?? null
}

/** librdkafka's clock, too. */
function monotonicMs(): number {
  return nanoseconds(performance.now()) / 1e6
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0)
}
