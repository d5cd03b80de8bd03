import type { ProducerProperties } from '../config/index.ts'
import { DEFAULT_LIMITS, MESSAGE_OVERHEAD } from '../engine/admission.ts'
import type { EngineName } from '../engine/connect.ts'
import { Producer } from '../producer/producer.ts'
import { connectCeiling } from './ceiling-contender.ts'
import type { Contender } from './contender.ts'
import { LastMetrics } from './metrics.ts'
import { type Part, within } from './monotonic.ts'
import { type Offers, offersFor } from './offers.ts'
import type { Ring } from './payloads.ts'
import { Requests, statisticsIntervalMs } from './requests.ts'
import { connectStage, type End } from './stages/stage-contender.ts'
import { Traffic } from './traffic.ts'
import { TransactionalLane } from './transactional.ts'
import type { TransactionsSpec, TrialSpec } from './trial.ts'

const STATISTICS = 'statistics.interval.ms'

/**
 * Connects all producers of a trial, or ceilings. `process`: which of the trial's processes this one is.
 * @throws MillraceError as Producer.connect; no connection stays behind then
 */
export async function connectAll(
  spec: TrialSpec,
  ring: Ring,
  process: Part,
  onWarning: (text: string) => void,
): Promise<Contender[]> {
  const { outstanding, messageSize, producers, compression, acks, partitions } = spec.cell
  const properties = {
    // room for what is to be outstanding, so that the producer's own limits never decide
    'queue.buffering.max.kbytes': Math.max(
      DEFAULT_LIMITS.bytes / 1024,
      Math.ceil((outstanding * (messageSize + MESSAGE_OVERHEAD)) / 1024),
    ),
    [STATISTICS]: statisticsIntervalMs(partitions),
    ...spec.properties,
    'queue.buffering.max.messages': Math.max(DEFAULT_LIMITS.messages, outstanding),
    'compression.type': compression,
    acks,
  }
  const { stage } = spec
  const offersOf = (index: number) => offersFor(spec, ring, within(process, { index, of: producers }))
  const ends: End[] = []
  const connect = async (index: number) => {
    if (stage === undefined) return connectWhole(index)
    return connectStage(stage, spec, offersOf(index), properties, ends)
  }
  const connectWhole = (index: number) =>
    spec.cell.engine === 'ceiling'
      ? connectCeiling(spec, ring, properties, onWarning)
      : connectProducer(spec, index, spec.cell.engine, offersOf(index), properties, onWarning)
  const attempts = await Promise.allSettled(Array.from({ length: producers }, (_, index) => connect(index)))
  const connected = attempts.flatMap(attempt => (attempt.status === 'fulfilled' ? [attempt.value] : []))
  const failed = attempts.find(attempt => attempt.status === 'rejected')
  if (failed === undefined) return connected
  await Promise.all(connected.map(({ target }) => target.close({ timeoutMs: 0 })))
  throw failed.reason
}

/** Whether acknowledgements are timed; at full speed for those only who want to hear of it as it goes on. */
export function isTimed({ cell, reportingSeconds, stage }: TrialSpec): boolean {
  if (stage !== undefined) return false
  return cell.engine !== 'ceiling' && (cell.rate !== 'max' || reportingSeconds !== undefined)
}

function idOf({ id }: TransactionsSpec, { cell }: TrialSpec, index: number): string {
  return cell.producers === 1 ? id : `${id}-${index}`
}

async function connectProducer(
  spec: TrialSpec,
  index: number,
  engine: EngineName,
  offers: Offers,
  properties: ProducerProperties,
  onWarning: (text: string) => void,
): Promise<Contender> {
  const { cell, allowFailures, transactions } = spec
  const identified = {
    ...properties,
    ...(transactions && { 'transactional.id': idOf(transactions, spec, index) }),
  }
  const producer = await Producer.connect(identified, { engine, latency: isTimed(spec), onWarning })
  const requests = new Requests(Number(properties[STATISTICS]))
  const metrics = new LastMetrics()
  producer.on('statistics', statistics => {
    requests.note(statistics)
    metrics.note(statistics)
  })
  const common = {
    target: producer,
    requests,
    share: () => producer.share(),
    latency: (options: { reset: boolean }) => producer.latency(options),
    metrics: () => metrics.last,
  }
  if (transactions === undefined) {
    return {
      ...common,
      lane: onHalt => new Traffic(producer, offers, cell, allowFailures, onHalt),
      acknowledged: () => producer.counts.delivered,
      ended() {
        const { delivered, failed, refused } = producer.counts
        return delivered + failed + refused
      },
    }
  }
  let lane: TransactionalLane | undefined
  return {
    ...common,
    lane(onHalt, partitions = Number.POSITIVE_INFINITY) {
      const { seconds } = transactions
      lane = new TransactionalLane(producer, offers, { cell, seconds, allowFailures, partitions, onHalt })
      return lane
    },
    acknowledged: () => lane?.ended ?? 0,
    ended: () => lane?.ended ?? 0,
  }
}
