import { setTimeout as sleep } from 'node:timers/promises'
import type { Plan } from '../bench/plan.ts'
import { chooseEngine } from '../engine/connect.ts'
import { clusterIds, isEmbeddedId } from '../engine/identity.ts'
import { aborted, MillraceError } from '../errors.ts'
import { Producer } from '../producer/producer.ts'
import { DEFAULT_PARTITIONS } from '../testing/embedded-cluster.ts'
import { unlessAborted } from './bench-interruption.ts'

const MADE_MS = 2000
const ASK_AGAIN_MS = 100

/**
 * The plan, with whether the brokers given are an embedded cluster's. Without the addon nobody tells that, and they are
 * taken for Kafka's.
 * @throws MillraceError as Producer.connect, ABORTED as soon as the signal is; UNKNOWN_TOPIC where the topic is not there;
 * USAGE where the plan wants topics that an embedded cluster does not make
 */
export async function withClusterKind(plan: Plan, signal: AbortSignal): Promise<Plan> {
  const { brokers, cells, topic } = plan
  if (brokers === undefined || chooseEngine('auto', () => {}) !== 'batch') return plan
  const properties = { ...plan.properties, 'bootstrap.servers': brokers }
  const { embedded, missing } = await unlessAborted(look(properties, topic, signal), signal, () => {
    throw aborted(signal)
  })
  if (missing) {
    throw new MillraceError('UNKNOWN_TOPIC', `The cluster has no topic ${topic}`, {
      hint: 'Create it first, or leave --topic out to have one made for each trial',
      context: { topic },
    })
  }
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

async function look(
  properties: Plan['properties'],
  topic: string | undefined,
  signal: AbortSignal,
): Promise<{ embedded: boolean; missing: boolean }> {
  const asking = {
    // a question makes no topic
    'allow.auto.create.topics': false,
    ...properties,
    // and wants no right to write, which idempotence asks for
    'enable.idempotence': false,
  }
  const producer = await Producer.connect(asking, { engine: 'batch', signal, onWarning() {} })
  try {
    const { clusterId } = await clusterIds(producer)
    const missing = topic !== undefined && (await isMissing(producer, topic, signal))
    return { embedded: isEmbeddedId(clusterId), missing }
  } finally {
    await producer.close({ timeoutMs: 0 })
  }
}

/** Not every broker knows at once of a topic that was made a moment ago. What else is wrong with it, the first trial tells. */
async function isMissing(producer: Producer, topic: string, signal: AbortSignal): Promise<boolean> {
  const until = performance.now() + MADE_MS
  for (;;) {
    const found = await producer.describeTopic(topic).catch(() => undefined)
    if (found !== null) return false
    if (performance.now() > until || signal.aborted) return true
    await sleep(ASK_AGAIN_MS)
  }
}
