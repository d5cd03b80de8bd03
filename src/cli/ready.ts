import { Admin } from '../client/admin.ts'
import { splitProperties } from '../config/index.ts'
import { MillraceError } from '../errors.ts'
import type { Input } from '../input/index.ts'
import { preflight } from '../load/preflight/preflight.ts'
import type { TopicMaker } from '../load/preflight/target.ts'
import { Producer } from '../producer/producer.ts'
import { DEFAULT_PARTITIONS, type EmbeddedCluster } from '../testing/embedded-cluster.ts'
import type { Io } from './command.ts'
import { type Connection, connectProducers } from './common.ts'
import type { ProduceArguments } from './produce-options.ts'
import { checkThreads, type ProducePlan } from './produce-plan.ts'

/** What a load is going to be run with. */
export interface Setup {
  readonly plan: ProducePlan
  readonly inputs: readonly Input[]
  readonly connection: Connection
  /** With the brokers. */
  readonly properties: Connection['properties']
  readonly cluster: EmbeddedCluster | undefined
  readonly signal: AbortSignal
}

export interface Ready {
  readonly producers: readonly Producer[]
  /** To be read instead of those that were given. */
  readonly inputs: readonly Input[]
  /** What the producers were made with. */
  readonly properties: Connection['properties']
}

const CREATE_MS = 30_000

/**
 * Connects the producers of a load, and sees that it can begin. Made with other properties than the topic wants, they are
 * made anew. No producer is left when it throws.
 * @throws MillraceError as connectProducers and preflight
 */
export async function readyProducers(setup: Setup, options: ProduceArguments, io: Io): Promise<Ready> {
  const { plan, connection, properties, signal } = setup
  const connect = (with_: Connection['properties']) =>
    connectProducers(plan.producers, connection, with_, io, signal)
  const producers = await connect(properties)
  try {
    // an engine that stands in may not be able to do this
    checkThreads(plan.load, producers[0]?.engine ?? 'none')
    const ready = await preflight({
      producer: producers[0] as Producer,
      constants: plan.load,
      inputs: setup.inputs,
      read: plan.read,
      given: properties,
      allowExpired: options['allow-expired'],
      make: plan.createTopic && { ...plan.createTopic, by: topicMaker(setup) },
      embedded: setup.cluster !== undefined,
      standIn: () =>
        Producer.connect(properties, { engine: 'batch', timeoutMs: CREATE_MS, signal, onWarning() {} }),
      signal,
    })
    if (!options.quiet) for (const note of ready.notes) io.stderr.write(`${note}.\n`)
    const { inputs } = ready
    if (Object.keys(ready.properties).length === 0) return { producers, inputs, properties }
    await closeAll(producers)
    const wanted = { ...properties, ...ready.properties }
    return { producers: await connect(wanted), inputs, properties: wanted }
  } catch (error) {
    await closeAll(producers)
    throw error
  }
}

async function closeAll(producers: readonly Producer[]): Promise<void> {
  await Promise.all(producers.map(producer => producer.close({ timeoutMs: 0 })))
}

/** Makes topics where the load goes: with the brokers' own replication factor. */
function topicMaker({ cluster, properties }: Setup): TopicMaker {
  if (cluster !== undefined)
    return (topic, partitions = DEFAULT_PARTITIONS) => cluster.createTopic(topic, { partitions })
  return async (topic, partitions) => {
    // those of topics are of no use to it, and librdkafka says so
    const admin = Admin.open(splitProperties(properties).global, { timeoutMs: CREATE_MS })
    try {
      await admin.createTopic(topic, { partitions })
    } catch (error) {
      throw withWayOut(error, topic)
    } finally {
      admin.close()
    }
  }
}

function withWayOut(error: unknown, topic: string): unknown {
  if (!(error instanceof MillraceError) || error.hint !== undefined) return error
  return new MillraceError(error.code, error.message, {
    cause: error,
    context: error.context,
    hint: `Have ${topic} made by somebody who may, or give a topic that is there`,
  })
}
