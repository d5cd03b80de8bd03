import { MillraceError } from '../errors.ts'
import type { Input } from '../input/index.ts'
import { DryRun, type KnownTopic } from '../load/dry-run/dry-run.ts'
import type { LoadPlan } from '../load/plan.ts'
import { preflight } from '../load/preflight/preflight.ts'
import { Producer } from '../producer/producer.ts'
import type { Io } from './command.ts'
import { type Connection, connectProducers } from './common.ts'
import { dryRunExitCode, dryRunJson, dryRunSummary } from './dry-run-report.ts'
import type { ProduceArguments } from './produce-options.ts'

export interface DryRunSetup {
  readonly plan: LoadPlan
  readonly connection: Connection
  /** Aborted by a signal: what was read until then is told. */
  readonly signal: AbortSignal
  /** The signal that came, when it is asked for. */
  readonly signalled: () => 'SIGINT' | 'SIGTERM' | undefined
}

/** What is known before the inputs are read. */
interface Knowledge {
  readonly inputs: readonly Input[]
  readonly topics: ReadonlyMap<string, KnownTopic>
  readonly messageMaxBytes: number
  readonly notes: readonly string[]
}

/** librdkafka's default. */
const MESSAGE_MAX_BYTES = 1_000_000

/**
 * `produce --dry-run`: tells what would be sent. Where brokers are given, they are asked about the topics, and refuse
 * what a load would be refused; without them, only what needs them is left out.
 * @returns the exit code
 * @throws MillraceError as the load would before its first send
 */
export async function dryRun(setup: DryRunSetup, options: ProduceArguments, io: Io): Promise<number> {
  const { plan, connection, signal } = setup
  const known = await askBrokers(setup, options, io)
  if (!options.quiet) for (const note of known.notes) io.stderr.write(`${note}.\n`)
  const partitioner = String(connection.properties.partitioner ?? 'murmur2_random')
  const result = await new DryRun({
    constants: plan.load,
    inputs: known.inputs,
    read: plan.read,
    limit: plan.load.limit,
    messageMaxBytes: known.messageMaxBytes,
    topics: known.topics,
    murmur2: partitioner.startsWith('murmur2'),
    signal,
  }).run()
  const exitCode = dryRunExitCode(result, setup.signalled())
  const context = { partitioner, exitCode }
  if (options.json) io.stdout.write(`${dryRunJson(result, context)}\n`)
  else if (!options.quiet) io.stderr.write(dryRunSummary(result, context))
  if (result.error !== undefined) io.stderr.write(`millrace: ${result.error.message}\n`)
  return exitCode
}

async function askBrokers(
  { plan, connection, signal }: DryRunSetup,
  options: ProduceArguments,
  io: Io,
): Promise<Knowledge> {
  const { properties } = connection
  const { inputs } = plan
  const { topic } = plan.load
  const topics = new Map<string, KnownTopic>()
  const set = properties['message.max.bytes']
  const messageMaxBytes = set === undefined ? MESSAGE_MAX_BYTES : Number(set)
  const making = plan.createTopic?.partitions
  const toBeMade = () => {
    if (topic !== undefined && making !== undefined) {
      topics.set(topic, { partitions: making, batchBytes: Number.POSITIVE_INFINITY })
    }
    return topics
  }
  if (options.embedded || properties['bootstrap.servers'] === undefined) {
    return { inputs, topics: toBeMade(), messageMaxBytes, notes: [] }
  }
  const asking = { ...properties, 'allow.auto.create.topics': false }
  const [producer] = (await connectProducers(1, connection, asking, io, signal)) as [Producer]
  try {
    if (
      topic !== undefined &&
      plan.createTopic !== undefined &&
      (await producer.topicLeaders(topic)) === null
    ) {
      const count = making === undefined ? '' : ` with ${making} partitions`
      return {
        inputs,
        topics: toBeMade(),
        messageMaxBytes,
        notes: [`The topic ${topic} would be made${count}`],
      }
    }
    const ready = await preflight({
      producer,
      constants: plan.load,
      inputs,
      read: plan.read,
      given: asking,
      allowExpired: plan.allowExpired,
      spelling: plan.spelling,
      embedded: false,
      standIn: () => Producer.connect(asking, { engine: 'batch', signal, onWarning() {} }),
      signal,
    })
    const compressed = !['undefined', 'none'].includes(String(properties['compression.type']))
    for (const [name, partitions] of ready.partitions) {
      const rules = ready.rules.find(({ topic }) => topic === name)
      const batchBytes = compressed ? undefined : rules?.batchBytes
      topics.set(name, { partitions, batchBytes: batchBytes ?? Number.POSITIVE_INFINITY })
    }
    const raised = ready.properties['message.max.bytes'] ?? messageMaxBytes
    return { inputs: ready.inputs, topics, messageMaxBytes: raised, notes: ready.notes }
  } finally {
    await producer.close({ timeoutMs: 0 })
  }
}

/** Options that a dry run has no use for are no harm to it; those that say what is to become of its account are. */
export function checkDryRun(options: ProduceArguments): void {
  if (!options['dry-run'] || !options.embedded) return
  throw new MillraceError('USAGE', '--dry-run and --embedded were given together', {
    hint: 'A dry run sends nothing, and needs no cluster: leave --embedded out',
  })
}
