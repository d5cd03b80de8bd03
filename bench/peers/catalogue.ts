import type { Command } from './hear.ts'
import { Absent } from './install.ts'
import * as prepare from './prepare.ts'
import type { Properties } from './protocol.ts'
import {
  franzGoSettings,
  javaProperties,
  kafkajsOptions,
  librdkafkaProperties,
  platformaticOptions,
  rdkafkaPerformanceProperties,
  type Settings,
} from './settings.ts'

/** A client that can be measured. */
export interface Peer {
  readonly title: string
  /** The settings by its own names. */
  properties(settings: Settings): Properties
  /** Finds or installs it. @throws Absent with the reason */
  prepare(): Promise<Command>
  /** Why it cannot have such settings; absent: it can. */
  cannot?(settings: Settings): string | undefined
  /** Why it cannot be measured on the embedded cluster. */
  readonly notEmbedded?: string
  /** In what it is not equal. */
  readonly differs: readonly string[]
}

const librdkafka = { properties: librdkafkaProperties, differs: [] }

/** Clients whose calls go out as they are. */
const callsGoOut = 'does not linger or gather: each call is a batch of one partition'
const ownPartitions = 'its own partitioner chooses the partitions'

/** Every driver there is, by name. */
export const catalogue = {
  millrace: { ...librdkafka, title: 'millrace', prepare: prepare.millrace('millrace/driver.ts') },
  ceiling: {
    ...librdkafka,
    title: 'the ceiling of millrace bench',
    prepare: prepare.millrace('millrace/ceiling.ts'),
  },
  threads: { ...librdkafka, title: 'threads that parse', prepare: prepare.millrace('millrace/threads.ts') },
  'millrace-produce': {
    properties: librdkafkaProperties,
    title: 'millrace produce',
    prepare: prepare.millraceProduce,
    differs: [ownPartitions],
  },
  'node-rdkafka': { ...librdkafka, title: 'node-rdkafka', prepare: prepare.nodeRdkafka },
  'node-rdkafka-no-reports': {
    ...librdkafka,
    title: 'node-rdkafka without reports',
    prepare: prepare.nodeRdkafkaNoReports,
    differs: ['learns nothing of single messages: its rate is that of the end offsets'],
  },
  kafkajs: {
    title: 'kafkajs',
    properties: kafkajsOptions,
    prepare: prepare.kafkajs,
    cannot: ({ compression: { codec, level } }) =>
      codec === 'none' || (codec === 'gzip' && level === null)
        ? undefined
        : 'it has no codec but gzip, without levels',
    notEmbedded: 'for idempotence it asks the controller, and the embedded cluster names none',
    differs: [callsGoOut],
  },
  platformatic: {
    title: '@platformatic/kafka',
    properties: platformaticOptions,
    prepare: prepare.platformatic,
    cannot: ({ compression: { level } }) => (level === null ? undefined : 'its codecs take no level'),
    notEmbedded: 'it cannot read what the embedded cluster answers to ApiVersions',
    differs: [callsGoOut, 'runs on a later Node.js, which it asks for'],
  },
  'confluent-javascript': {
    ...librdkafka,
    title: '@confluentinc/kafka-javascript',
    prepare: prepare.confluentJavascript,
  },
  'confluent-python': { ...librdkafka, title: 'confluent-kafka-python', prepare: prepare.confluentPython },
  java: {
    title: 'kafka-producer-perf-test (Java)',
    properties: javaProperties,
    prepare: prepare.java,
    notEmbedded: 'it does not get through to the embedded cluster',
    differs: [ownPartitions, 'bounds batches, and what is on its way, by bytes alone', 'warms up for 10 s'],
  },
  'franz-go': {
    title: 'franz-go (Go)',
    properties: franzGoSettings,
    prepare: prepare.franzGo,
    notEmbedded: 'it cannot read what the embedded cluster answers to ApiVersions',
    differs: ['bounds batches by bytes alone'],
  },
  'rdkafka-performance': {
    title: 'rdkafka_performance (C)',
    properties: rdkafkaPerformanceProperties,
    prepare: prepare.rdkafkaPerformance,
    differs: [ownPartitions, 'sends one payload again and again'],
  },
  kcat: {
    title: 'kcat',
    properties: librdkafkaProperties,
    prepare: prepare.kcat,
    differs: [ownPartitions],
  },
} as const satisfies Readonly<Record<string, Peer>>

export type DriverName = keyof typeof catalogue

export function peerOf(name: DriverName): Peer {
  return catalogue[name]
}

const prepared = new Map<DriverName, Promise<Command>>()

/** How to start a driver, found or installed when first asked for. @throws Absent with the reason */
export function commandOf(name: DriverName): Promise<Command> {
  const known = prepared.get(name)
  if (known !== undefined) return known
  const command = catalogue[name].prepare()
  prepared.set(name, command)
  return command
}

export function isDriver(name: string): name is DriverName {
  return Object.hasOwn(catalogue, name)
}

/** The commands of some drivers. @throws Absent for the first that cannot be had */
export async function commandsOf(names: Iterable<string>): Promise<Readonly<Record<string, Command>>> {
  const commands: Record<string, Command> = {}
  for (const name of names) {
    if (!isDriver(name)) throw new Absent(`there is no driver ${name}`)
    commands[name] = await commandOf(name)
  }
  return commands
}
