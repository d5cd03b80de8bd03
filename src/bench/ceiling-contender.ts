import { kafkaError } from '../client/kafka-errors.ts'
import type { ProducerProperties } from '../config/index.ts'
import { limitsFrom } from '../engine/admission.ts'
import { Ceiling } from '../engine/ceiling.ts'
import { MillraceError } from '../errors.ts'
import { Histogram } from '../latency/index.ts'
import { effectiveProperties } from '../producer/effective-properties.ts'
import { describeTopic, type TopicDescription } from '../producer/topic.ts'
import type { Contender, Lane, Target } from './contender.ts'
import { LastMetrics } from './metrics.ts'
import type { Schedule } from './pacer.ts'
import type { Ring } from './payloads.ts'
import { Requests } from './requests.ts'
import { Budget } from './traffic.ts'
import type { TrialSpec } from './trial.ts'

const CONNECT_MS = 10_000

/**
 * Connects a ceiling with what a producer of the same trial would be connected with. `scout`: as CeilingOptions.
 * @throws MillraceError as Producer.connect
 */
export async function connectCeiling(
  spec: TrialSpec,
  ring: Ring,
  properties: ProducerProperties,
  onWarning: (text: string) => void,
  scout = false,
): Promise<Contender> {
  const effective = effectiveProperties(properties, onWarning)
  const limits = limitsFrom(effective)
  const requests = new Requests(Number(effective['statistics.interval.ms'] ?? 0))
  const metrics = new LastMetrics()
  const listener = {
    error() {},
    log() {},
    statistics: (json: string) => {
      const statistics = JSON.parse(json)
      requests.note(statistics)
      metrics.note(statistics)
    },
  }
  const ceiling = await Ceiling.connect(effective, listener, {
    payloads: ring,
    // its loop has no other bound
    limits: { ...limits, messages: Math.min(limits.messages, spec.cell.outstanding) },
    timeoutMs: CONNECT_MS,
    scout,
  })
  const mayBeMade = effective['allow.auto.create.topics'] !== false
  return {
    target: new CeilingTarget(ceiling, mayBeMade),
    requests,
    lane: onHalt => new CeilingLane(ceiling, spec, onHalt),
    acknowledged: () => ceiling.counts.delivered,
    ended: () => ceiling.counts.delivered + ceiling.counts.failed,
    metrics: () => metrics.last,
    share: () => {
      throw new Error('a ceiling has one thread, of its own')
    },
    latency: () => {
      throw new Error('a ceiling runs at full speed, where latencies tell nothing')
    },
  }
}

class CeilingTarget implements Target {
  readonly #ceiling: Ceiling
  readonly #mayBeMade: boolean

  constructor(ceiling: Ceiling, mayBeMade: boolean) {
    this.#ceiling = ceiling
    this.#mayBeMade = mayBeMade
  }

  get counts(): Target['counts'] {
    const { offered, delivered, failed } = this.#ceiling.counts
    return { accepted: offered, refused: 0, delivered, failed }
  }

  describeTopic(topic: string, { timeoutMs = 10_000 } = {}): Promise<TopicDescription | null> {
    return describeTopic(this.#ceiling.client, topic, { timeoutMs, mayBeMade: this.#mayBeMade })
  }

  async flush({ timeoutMs }: { timeoutMs: number }): Promise<void> {
    this.#ceiling.flush()
    const late = new Promise<'late'>(resolve => setTimeout(resolve, timeoutMs, 'late').unref())
    if ((await Promise.race([this.#ceiling.ended(), late])) !== 'late') return
    const { offered, delivered, failed } = this.#ceiling.counts
    throw new MillraceError(
      'FLUSH_TIMEOUT',
      `${offered - delivered - failed} messages were still on their way after ${timeoutMs} ms`,
    )
  }

  close(): Promise<void> {
    return this.#ceiling.close()
  }
}

/** The loop itself is in C++; nothing here runs while messages are on their way. */
class CeilingLane implements Lane {
  readonly lateness = new Histogram()
  readonly #ceiling: Ceiling
  readonly #spec: TrialSpec
  readonly #onHalt: () => void
  #failed = false

  constructor(ceiling: Ceiling, spec: TrialSpec, onHalt: () => void) {
    this.#ceiling = ceiling
    this.#spec = spec
    this.#onHalt = onHalt
  }

  get offered(): number {
    return this.#ceiling.counts.offered
  }

  get delivered(): number {
    return this.#ceiling.counts.delivered
  }

  get failed(): number {
    return this.#ceiling.counts.failed
  }

  get possiblyPersisted(): number {
    return this.#ceiling.counts.possiblyPersisted
  }

  get firstFailure(): string | undefined {
    const { firstError } = this.#ceiling.counts
    if (firstError === 0) return undefined
    const { name, text } = kafkaError(firstError)
    return `${name}: ${text}`
  }

  start(work: Budget | Schedule): void {
    if (!(work instanceof Budget)) throw new Error('a ceiling keeps to no schedule')
    const { topic, allowFailures, cell } = this.#spec
    this.#ceiling.start(topic, work.share(cell.producers), !allowFailures)
    void this.#ceiling.offered().then(() => {
      if (this.#ceiling.counts.failed > 0 && !allowFailures && !this.#failed) {
        this.#failed = true
        this.#onHalt()
      }
    })
  }

  spent(): Promise<void> {
    return this.#ceiling.ended()
  }

  stop(): Promise<void> {
    return this.#ceiling.stop()
  }
}
