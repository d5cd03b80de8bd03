import type { ProducerProperties } from '../config/index.ts'
import { DEFAULT_LIMITS, MESSAGE_OVERHEAD } from '../engine/admission.ts'
import type { EngineName } from '../engine/connect.ts'
import { Producer } from '../producer/producer.ts'
import { connectCeiling } from './ceiling-contender.ts'
import type { Contender } from './contender.ts'
import { offersOf } from './offers.ts'
import type { Ring } from './payloads.ts'
import { Requests, statisticsIntervalMs } from './requests.ts'
import { Traffic } from './traffic.ts'
import type { TrialSpec } from './trial.ts'

const STATISTICS = 'statistics.interval.ms'

/**
 * Connects all producers of a trial, or ceilings.
 * @throws MillraceError as Producer.connect; no connection stays behind then
 */
export async function connectAll(
  spec: TrialSpec,
  ring: Ring,
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
  const latency = cell.rate !== 'max'
  const producer = await Producer.connect(properties, { engine, latency, onWarning })
  const requests = new Requests(Number(properties[STATISTICS]))
  producer.on('statistics', statistics => requests.note(statistics))
  return {
    target: producer,
    requests,
    lane: onHalt => new Traffic(producer, offersOf(ring, topic, cell), cell, allowFailures, onHalt),
    share: () => producer.share(),
    latency: options => producer.latency(options),
  }
}
