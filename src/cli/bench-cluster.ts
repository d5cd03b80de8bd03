import type { Plan } from '../bench/plan.ts'
import { chooseEngine } from '../engine/connect.ts'
import { clusterIds, isEmbeddedId } from '../engine/identity.ts'
import { aborted, MillraceError } from '../errors.ts'
import { Producer } from '../producer/producer.ts'
import { DEFAULT_PARTITIONS } from '../testing/embedded-cluster.ts'
import { unlessAborted } from './bench-interruption.ts'

/**
 * The plan, with whether the brokers given are an embedded cluster's. Without the addon nobody tells that, and they are
 * taken for Kafka's.
 * @throws MillraceError as Producer.connect, ABORTED as soon as the signal is; USAGE where the plan wants topics that an embedded cluster does not make
 */
export async function withClusterKind(plan: Plan, signal: AbortSignal): Promise<Plan> {
  const { brokers, cells, topic } = plan
  if (brokers === undefined || chooseEngine('auto', () => {}) !== 'batch') return plan
  const properties = { ...plan.properties, 'bootstrap.servers': brokers }
  const embedded = await unlessAborted(isEmbedded(properties, signal), signal, () => {
    throw aborted(signal)
  })
  if (!embedded) return plan
  const wanted = cells.find(({ partitions }) => partitions !== null && partitions !== DEFAULT_PARTITIONS)
  if (topic === undefined && wanted !== undefined) {
    throw new MillraceError(
      'USAGE',
      `--partitions: ${brokers} is an embedded cluster, whose topics have ${DEFAULT_PARTITIONS} unless it was started with others`,
      {
        hint: `Start it with --topic NAME:${wanted.partitions} and give -t NAME, or leave out -b for one of bench's own`,
        context: { option: 'partitions' },
      },
    )
  }
  return { ...plan, brokersEmbedded: true }
}

async function isEmbedded(properties: Plan['properties'], signal: AbortSignal): Promise<boolean> {
  // a question wants no right to write, which idempotence asks for
  const asking = { ...properties, 'enable.idempotence': false }
  const producer = await Producer.connect(asking, { engine: 'batch', signal, onWarning() {} })
  try {
    const { clusterId } = await clusterIds(producer)
    return isEmbeddedId(clusterId)
  } finally {
    await producer.close({ timeoutMs: 0 })
  }
}
