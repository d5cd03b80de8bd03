import { setTimeout as sleep } from 'node:timers/promises'
import type { ProducerProperties } from '../config/index.ts'
import { deferred } from '../deferred.ts'
import { DEFAULT_LIMITS, MESSAGE_OVERHEAD } from '../engine/admission.ts'
import type { EngineName } from '../engine/connect.ts'
import { Producer } from '../producer/producer.ts'
import { faultsOf } from './account.ts'
import { connectCeiling } from './ceiling-contender.ts'
import type { Contender, Lane, Target } from './contender.ts'
import { endsMoved, readyTopic } from './end-offsets.ts'
import { Meter, peakRssBytes, type Spent } from './meter.ts'
import { offersOf } from './offers.ts'
import { type Ring, randomRing, ringFromFile } from './payloads.ts'
import { Budget, Traffic } from './traffic.ts'
import type { TrialResult, TrialSpec } from './trial.ts'

const FIRST_ACKNOWLEDGEMENT_MS = 30_000
const DRAIN_MS = 60_000
const LOOK_MS = 5

/**
 * One trial, in this process: connects, warms up, measures, drains, and compares the account with the
 * topic's end offsets. Meant for a process of its own.
 * @throws MillraceError where it could not begin: no connection, no topic, no payloads. What goes wrong
 * later makes the trial void.
 */
export async function runTrial(spec: TrialSpec): Promise<TrialResult> {
  const ring =
    spec.payloadFile === undefined
      ? randomRing(spec.cell.messageSize, spec.seed)
      : ringFromFile(spec.payloadFile)
  const warnings = new Set<string>()
  const contenders = await connectAll(spec, ring, text => warnings.add(text))
  try {
    const [before] = await Promise.all(
      contenders.map(({ target }) => readyTopic(target, spec.topic, spec.cell.partitions)),
    )
    if (before === undefined) throw new Error('a cell has no producers')
    return {
      ...(await new TrialRun(spec, ring, contenders, before.sum).run()),
      partitions: before.partitions,
      warnings: [...warnings],
    }
  } finally {
    await Promise.all(contenders.map(({ target }) => target.close({ timeoutMs: 0 })))
  }
}

async function connectAll(
  spec: TrialSpec,
  ring: Ring,
  onWarning: (text: string) => void,
): Promise<Contender[]> {
  const { outstanding, messageSize, producers, compression, acks } = spec.cell
  const properties = {
    // room for what is to be outstanding, so that the producer's own limits never decide
    'queue.buffering.max.kbytes': Math.max(
      DEFAULT_LIMITS.bytes / 1024,
      Math.ceil((outstanding * (messageSize + MESSAGE_OVERHEAD)) / 1024),
    ),
    ...spec.properties,
    'queue.buffering.max.messages': Math.max(DEFAULT_LIMITS.messages, outstanding),
    'compression.type': compression,
    acks,
  }
  const connect = () =>
    spec.cell.engine === 'ceiling'
      ? connectCeiling(spec, ring, properties, onWarning)
      : connectProducer(spec, spec.cell.engine, ring, properties, onWarning)
  const attempts = await Promise.allSettled(Array.from({ length: producers }, connect))
  const connected = attempts.flatMap(attempt => (attempt.status === 'fulfilled' ? [attempt.value] : []))
  const failed = attempts.find(attempt => attempt.status === 'rejected')
  if (failed === undefined) return connected
  await Promise.all(connected.map(({ target }) => target.close({ timeoutMs: 0 })))
  throw failed.reason
}

async function connectProducer(
  { topic, cell, allowFailures }: TrialSpec,
  engine: EngineName,
  ring: Ring,
  properties: ProducerProperties,
  onWarning: (text: string) => void,
): Promise<Contender> {
  const target = await Producer.connect(properties, { engine, onWarning })
  const lane = (onHalt: () => void) =>
    new Traffic(target, offersOf(ring, topic, cell), cell, allowFailures, onHalt)
  return { target, lane }
}

interface Window {
  readonly spent: Spent
  readonly delivered: number
}

class TrialRun {
  readonly #spec: TrialSpec
  readonly #ring: Ring
  readonly #targets: readonly Target[]
  readonly #endsBefore: number
  readonly #lanes: readonly Lane[]
  readonly #halted = deferred<'halted'>()
  readonly #faults: string[] = []

  constructor(spec: TrialSpec, ring: Ring, contenders: readonly Contender[], endsBefore: number) {
    this.#spec = spec
    this.#ring = ring
    this.#targets = contenders.map(({ target }) => target)
    this.#endsBefore = endsBefore
    this.#lanes = contenders.map(({ lane }) => lane(() => this.#halted.resolve('halted')))
  }

  async run(): Promise<Pick<TrialResult, 'figures' | 'faults'>> {
    const endless = new Budget(Number.POSITIVE_INFINITY)
    for (const lane of this.#lanes) lane.start(endless)
    await this.#warmUp()
    const { length } = this.#spec
    const { spent, delivered } =
      'seconds' in length ? await this.#fixedWindow(length.seconds) : await this.#fixedCount(length.messages)
    await this.#stopLoops()
    const endOffsetsMoved = await this.#drain()
    const acknowledged = this.#acknowledged()
    const account = {
      offered: sum(this.#lanes, lane => lane.offered),
      delivered: sum(this.#lanes, lane => lane.delivered),
      failed: sum(this.#lanes, lane => lane.failed),
      possiblyPersisted: sum(this.#lanes, lane => lane.possiblyPersisted),
    }
    const firstFailure = this.#lanes.find(lane => lane.firstFailure !== undefined)?.firstFailure
    const rules = { allowFailures: this.#spec.allowFailures, firstFailure }
    const faults = [...faultsOf({ ...account, acknowledged, endOffsetsMoved }, rules), ...this.#faults]
    if (delivered === 0) faults.push('nothing was acknowledged within the window')
    const messagesPerSecond = delivered / spent.seconds
    const figures = {
      ...account,
      seconds: spent.seconds,
      messagesPerSecond,
      megabytesPerSecond: (messagesPerSecond * this.#ring.meanBytes) / 1e6,
      latencyMs: null,
      cpuSeconds: spent.cpuSeconds,
      gcMs: spent.gcMs,
      eventLoopDelayMs: spent.eventLoopDelayMs,
      peakRssBytes: peakRssBytes(),
    }
    return { figures, faults }
  }

  /** Until every producer has an acknowledgement, and for as long as asked. */
  async #warmUp(): Promise<void> {
    const startedAt = performance.now()
    const warm = startedAt + this.#spec.warmupSeconds * 1000
    const deadline = startedAt + Math.max(FIRST_ACKNOWLEDGEMENT_MS, this.#spec.warmupSeconds * 1000)
    let halted = false
    void this.#halted.promise.then(() => {
      halted = true
    })
    while (!halted) {
      const acknowledged = this.#targets.every(target => target.counts.delivered > 0)
      const now = performance.now()
      if (acknowledged && now >= warm) return
      if (now > deadline) {
        this.#faults.push(`no acknowledgement came within ${FIRST_ACKNOWLEDGEMENT_MS / 1000} s`)
        this.#halted.resolve('halted')
        return
      }
      await sleep(acknowledged ? Math.min(warm - now, 100) : LOOK_MS)
    }
  }

  async #fixedWindow(seconds: number): Promise<Window> {
    const timer = new AbortController()
    const window = await this.#measure(() =>
      Promise.race([sleep(seconds * 1000, undefined, { signal: timer.signal }), this.#halted.promise]),
    )
    timer.abort()
    return window
  }

  /** What the warm-up sent has ended before, so that the window holds exactly these messages. */
  async #fixedCount(messages: number): Promise<Window> {
    await this.#stopLoops()
    await Promise.race([Promise.all(this.#lanes.map(lane => lane.spent())), this.#halted.promise])
    const budget = new Budget(messages)
    return this.#measure(async () => {
      for (const lane of this.#lanes) lane.start(budget)
      await Promise.race([Promise.all(this.#lanes.map(lane => lane.spent())), this.#halted.promise])
    })
  }

  async #measure(during: () => Promise<unknown>): Promise<Window> {
    const meter = new Meter()
    const before = this.#acknowledged()
    await during()
    const delivered = this.#acknowledged() - before
    return { spent: await meter.stop(), delivered }
  }

  async #stopLoops(): Promise<void> {
    await Promise.all(this.#lanes.map(lane => lane.stop()))
  }

  /** Waits for all that is on its way; asks for the end offsets while there is a connection, then closes. */
  async #drain(): Promise<number> {
    const flushed = await Promise.allSettled(
      this.#targets.map(target => target.flush({ timeoutMs: DRAIN_MS })),
    )
    for (const outcome of flushed) {
      if (outcome.status === 'rejected') this.#faults.push(String(outcome.reason.message))
    }
    let moved = 0
    try {
      const [first] = this.#targets
      if (first !== undefined) {
        moved = await endsMoved(first, this.#spec.topic, this.#endsBefore, this.#acknowledged())
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

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0)
}
