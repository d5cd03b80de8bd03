import type { Properties } from '../client/producer-client.ts'
import type { Input } from '../input/index.ts'
import { Producer } from '../producer/producer.ts'
import type { EmbeddedCluster } from '../testing/embedded-cluster.ts'
import type { ConnectProducers } from './connect.ts'
import { checkThreads, type LoadPlan } from './plan.ts'
import { preflight } from './preflight/preflight.ts'
import { topicMaker } from './topic-maker.ts'

/** What a load is going to be run with. */
export interface Means {
  readonly plan: LoadPlan
  readonly inputs: readonly Input[]
  /** With the brokers, under canonical names. */
  readonly properties: Properties
  /** Where these are the brokers of an embedded cluster. */
  readonly cluster: EmbeddedCluster | undefined
  readonly connect: ConnectProducers
  readonly signal: AbortSignal
  /** Hears what preflight has to say, in sentences without their full stops. */
  readonly onNote: (text: string) => void
}

export interface Ready {
  readonly producers: readonly [Producer, ...Producer[]]
  /** To be read instead of those that were given. */
  readonly inputs: readonly Input[]
  /** What the producers were made with. */
  readonly properties: Properties
}

const STAND_IN_MS = 30_000

/**
 * Connects the producers of a load, and sees that it can begin. Made with other properties than the topic wants, they are
 * made anew. No producer is left when it throws.
 * @throws MillraceError as connecting and preflight do
 */
export async function readyProducers(means: Means): Promise<Ready> {
  const { plan, properties, cluster, connect, signal } = means
  const connectAll = (wanted: Properties) =>
    connect(plan.producers, wanted, signal) as Promise<[Producer, ...Producer[]]>
  const producers = await connectAll(properties)
  try {
    const [first] = producers
    // an engine that stands in may not be able to do this
    checkThreads(plan, first.engine)
    const ready = await preflight({
      producer: first,
      constants: plan.load,
      inputs: means.inputs,
      read: plan.read,
      given: properties,
      allowExpired: plan.allowExpired,
      spelling: plan.spelling,
      make: plan.createTopic && { ...plan.createTopic, by: topicMaker(properties, cluster) },
      embedded: cluster !== undefined,
      standIn: () =>
        Producer.connect(properties, { engine: 'batch', timeoutMs: STAND_IN_MS, signal, onWarning() {} }),
      signal,
    })
    for (const note of ready.notes) means.onNote(note)
    const { inputs } = ready
    if (Object.keys(ready.properties).length === 0) return { producers, inputs, properties }
    await closeAll(producers)
    const wanted = { ...properties, ...ready.properties }
    return { producers: await connectAll(wanted), inputs, properties: wanted }
  } catch (error) {
    await closeAll(producers)
    throw error
  }
}

async function closeAll(producers: readonly Producer[]): Promise<void> {
  await Promise.all(producers.map(producer => producer.close({ timeoutMs: 0 })))
}
