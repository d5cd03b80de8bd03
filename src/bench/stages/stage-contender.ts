import { loadClient } from '../../client/load.ts'
import type { Properties } from '../../client/producer-client.ts'
import { limitsFrom } from '../../engine/admission.ts'
import { BatchEngine } from '../../engine/batch.ts'
import { type Binding, loadBinding } from '../../engine/binding.ts'
import { MillraceError } from '../../errors.ts'
import { NO_OPTIONS, Sender } from '../../producer/sender.ts'
import type { TopicDescription } from '../../producer/topic.ts'
import type { Contender, Target } from '../contender.ts'
import type { Offers } from '../offers.ts'
import { Requests } from '../requests.ts'
import { Traffic, type Way } from '../traffic.ts'
import type { TrialSpec } from '../trial.ts'
import { NoCrossing } from './no-crossing.ts'
import type { InnerStage } from './stage.ts'

/** Where messages end that go no farther than a stage. */
export interface End {
  /** How many messages came there, by its own count. */
  taken(): number
  close(): void
}

/**
 * The batch engine without a client, for messages that end within this process. `ends`: of all producers of the trial;
 * it adds its own.
 * @throws MillraceError ENGINE_UNAVAILABLE, CLIENT_NOT_BUILT
 */
export function connectStage(
  stage: InnerStage,
  { cell, allowFailures }: TrialSpec,
  offers: Offers,
  properties: Properties,
  ends: End[],
): Contender {
  // the addon finds librdkafka in the copy that node-rdkafka has loaded
  loadClient()
  const { binding } = loadBinding()
  const crossing = new NoCrossing(binding)
  const used = stage === 'javascript' ? crossing.binding : binding
  const engine = BatchEngine.open(used, limitsFrom(properties), false)
  const end: End =
    stage === 'javascript' ? { taken: () => crossing.taken, close() {} } : sinkOf(binding, engine.channel)
  ends.push(end)
  const target = new StageTarget(engine, end, ends, cell.partitions ?? 1)
  return {
    target,
    requests: new Requests(0),
    lane: onHalt => new Traffic(target, offers, cell, allowFailures, onHalt),
    share: () => {
      throw new Error('a stage has one thread')
    },
    latency: () => {
      throw new Error('a stage runs at full speed, where latencies tell nothing')
    },
    acknowledged: () => target.counts.delivered,
    ended: () => target.counts.delivered + target.counts.failed,
    metrics: () => ({}),
  }
}

function sinkOf(binding: Binding, channel: number): End {
  const sink = binding.sinkOpen(channel)
  if (sink === 0)
    throw new MillraceError('ENGINE_UNAVAILABLE', 'The addon has no more places to drop messages in')
  let taken: number | undefined
  return {
    taken: () => taken ?? binding.sinkTaken(sink),
    close() {
      taken ??= binding.sinkTaken(sink)
      binding.sinkClose(sink)
    },
  }
}

class StageTarget implements Target {
  readonly #engine: BatchEngine
  readonly #sender: Sender
  readonly #end: End
  readonly #ends: readonly End[]
  readonly #partitions: number
  #closing: Promise<void> | undefined

  constructor(engine: BatchEngine, end: End, ends: readonly End[], partitions: number) {
    this.#engine = engine
    this.#sender = new Sender(engine, () => {})
    this.#end = end
    this.#ends = ends
    this.#partitions = partitions
  }

  get counts(): Target['counts'] {
    return this.#sender.counts
  }

  readonly send: Way['send'] = (message, options) => this.#sender.send(message, options ?? NO_OPTIONS)

  readonly sendBatch: Way['sendBatch'] = (messages, options) =>
    this.#sender.sendBatch(messages, options ?? NO_OPTIONS, () => {})

  /** What came to the ends stands for what a topic would hold. */
  async describeTopic(topic: string): Promise<TopicDescription> {
    const taken = this.#ends.reduce((sum, end) => sum + end.taken(), 0)
    const partitions = Array.from({ length: this.#partitions }, (_, partition) => ({
      partition,
      leader: 1,
      low: 0,
      high: partition === 0 ? taken : 0,
    }))
    return { topic, partitions, brokers: [] }
  }

  flush(options: { timeoutMs: number }): Promise<void> {
    return this.#sender.flush(options)
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#engine.close()
      this.#end.close()
    })()
    return this.#closing
  }
}
