import { randomBytes } from 'node:crypto'
import type { Properties } from '../client/producer-client.ts'
import { aborted } from '../errors.ts'
import { DEFAULT_PARTITIONS } from '../testing/embedded-cluster.ts'
import type { Installation } from './against.ts'
import type { Cell } from './cell.ts'
import { type ClusterProcess, forkCluster, forkTrial, type TrialOutcome } from './children.ts'
import { isEmbedded, type Plan } from './plan.ts'
import type { Stage } from './stages/stage.ts'
import { Topics } from './topics.ts'
import type { Progress, Trial, TrialSpec } from './trial.ts'

const EMBEDDED_TOPIC = 'millrace-bench'

/** What of a trial is its own; the rest is the plan's. */
export interface TrialOrder {
  readonly cell: Cell
  /** Without bootstrap.servers and what the cell sets. */
  readonly properties: Properties
  readonly seed: number
  /** Whose process runs it; absent: this installation's. */
  readonly other?: Installation | undefined
  /** How far its messages go; absent: as far as the plan says. */
  readonly stage?: Stage | undefined
  /** While it goes on, where the plan asks for it. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/** Topics that are asked for come into being with so many partitions by themselves, even without the addon. */
function topicsOf({ partitions }: Cell): Readonly<Record<string, number>> {
  return partitions === null || partitions === DEFAULT_PARTITIONS ? {} : { [EMBEDDED_TOPIC]: partitions }
}

/** Where an embedded cluster is measured beside the brokers given. */
const NOWHERE = { brokers: undefined, topic: undefined } as const

/** The embedded cluster takes whoever comes, and knows no TLS. */
function withoutSecurity(properties: Properties): Properties {
  return Object.fromEntries(
    Object.entries(properties).filter(([name]) => !/^(security|sasl|ssl)\./.test(name)),
  )
}

/** What a plan says of every trial. */
function sameInAll(plan: Plan) {
  const { warmupSeconds, warmupMessages, length, allowFailures, reportingSeconds, metrics } = plan
  const { payloadFile, payloadDigest, payloadDelimiter, payloadMonotonic } = plan
  const payloads = { payloadFile, payloadDigest, payloadDelimiter, payloadMonotonic }
  return { warmupSeconds, warmupMessages, length, allowFailures, reportingSeconds, metrics, ...payloads }
}

/** Runs single trials of a plan, each in a process, on a topic, and where no brokers were given on a cluster of its own. */
export class TrialRunner {
  readonly #plan: Plan
  readonly #signal: AbortSignal
  /** Of an embedded cluster that others may use, too, and that cannot delete it. */
  readonly #sharedTopic = `${EMBEDDED_TOPIC}-${randomBytes(4).toString('hex')}`
  #topics: Topics | undefined

  constructor(plan: Plan, signal: AbortSignal) {
    this.#plan = plan
    this.#signal = signal
  }

  /** @throws MillraceError as `forkTrial`, `forkCluster` and `Topics.make`; ABORTED */
  async run({ cell, properties, seed, other, stage, onProgress }: TrialOrder): Promise<TrialOutcome> {
    if (this.#signal.aborted) throw aborted(this.#signal)
    const { transactions } = this.#plan
    const place = stage === 'embedded' ? { ...this.#plan, ...NOWHERE } : this.#plan
    const { brokers, topic } = place
    const trial = {
      cell,
      ...sameInAll(this.#plan),
      seed,
      // the embedded cluster writes none
      transactions: transactions && { ...transactions, marked: !isEmbedded(place) },
    }
    if (stage === 'javascript' || stage === 'addon') {
      const spec: TrialSpec = { ...trial, stage, topic: EMBEDDED_TOPIC, properties }
      return forkTrial(spec, this.#signal, undefined, onProgress)
    }
    const cluster = brokers === undefined ? await forkCluster(topicsOf(cell)) : undefined
    const reached: TrialSpec['properties'] = {
      // a topic that was deleted must not come back because a client asked for it, nor one come that was to be there
      ...(isEmbedded(place) && (cluster !== undefined || topic === undefined)
        ? {}
        : { 'allow.auto.create.topics': false }),
      ...(stage === 'embedded' ? withoutSecurity(properties) : properties),
      'bootstrap.servers': cluster?.bootstrapServers ?? brokers ?? '',
    }
    const own = !isEmbedded(place) && topic === undefined
    const madeByAsking = cluster === undefined ? this.#sharedTopic : EMBEDDED_TOPIC
    try {
      if (this.#signal.aborted) throw aborted(this.#signal)
      if (own) this.#topics ??= new Topics(reached)
      const made = own ? await this.#topics?.make(cell.partitions, this.#signal) : undefined
      const spec: TrialSpec = { ...trial, topic: made ?? topic ?? madeByAsking, properties: reached }
      const run = (signal: AbortSignal) => forkTrial(spec, signal, other?.trialProcess, onProgress)
      const outcome = await (cluster === undefined
        ? run(this.#signal)
        : unlessClusterEnds(cluster, this.#signal, run))
      if (made !== undefined) await this.#topics?.drop(made)
      return outcome
    } finally {
      await cluster?.stop()
    }
  }

  /** Deletes the topics that are left. Never rejects. */
  async cleanUp(onWarning: (text: string) => void): Promise<void> {
    const left = (await this.#topics?.close()) ?? []
    if (left.length === 0) return
    onWarning(`these topics could not be deleted and are still there: ${left.join(', ')}`)
  }
}

/**
 * As the trial, or that its cluster ended under it: nothing would come of what is on its way but a minute of waiting,
 * and what a trial says of that is not what happened.
 */
async function unlessClusterEnds(
  { ended }: ClusterProcess,
  signal: AbortSignal,
  trial: (signal: AbortSignal) => Promise<TrialOutcome>,
): Promise<TrialOutcome> {
  const gone = new AbortController()
  let died: string | undefined
  void ended.then(how => {
    died = `the embedded cluster's process ${how}`
    gone.abort()
  })
  const tried = trial(AbortSignal.any([signal, gone.signal]))
  return tried.then(
    outcome => (died === undefined ? outcome : { died }),
    error => {
      if (died === undefined || signal.aborted) throw error
      return { died }
    },
  )
}

/** `order`: the how-manieth of its run. */
export function trialOf(outcome: TrialOutcome, order: number): Trial {
  if ('died' in outcome) return { order, state: 'void', why: outcome.died }
  const { figures, faults, remark } = outcome.result
  if (faults.length > 0) return { order, state: 'void', why: faults.join('; '), ...figures }
  return remark === undefined
    ? { order, state: 'valid', why: null, ...figures }
    : { order, ...remark, ...figures }
}
