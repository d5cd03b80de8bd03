import { optionVariables, refuseTransactions, resolveProperties, scrub } from '../config/index.ts'
import { type EngineName, engineNames } from '../engine/connect.ts'
import { MillraceError } from '../errors.ts'
import { allOrNone } from '../load/connect.ts'
import { Producer } from '../producer/producer.ts'
import { EmbeddedCluster } from '../testing/embedded-cluster.ts'
import type { Io } from './command.ts'
import { type Given, single } from './numbers.ts'
import type { OptionTable } from './options.ts'

/** Options that every command which talks to brokers has. */
export interface ConnectionArguments {
  brokers?: Given
  set?: readonly string[] | undefined
  config?: Given
  quiet: boolean
  'log-level'?: Given
}

export interface ProducerArguments extends ConnectionArguments {
  json: boolean
  embedded: boolean
  compression?: Given
  acks?: Given
  engine?: Given
}

export function connectionOptions(table: OptionTable): OptionTable {
  return table
    .option('brokers', {
      alias: ['b', 'bootstrap-server'],
      type: 'string',
      requiresArg: true,
      describe: 'host:port,… of one or more brokers [MILLRACE_BROKERS]',
    })
    .option('set', {
      alias: 'X',
      type: 'string',
      array: true,
      nargs: 1,
      describe: 'property=value, any of librdkafka; repeatable',
    })
    .option('config', {
      alias: 'F',
      type: 'string',
      requiresArg: true,
      describe: "file of property=value lines, librdkafka's or Java's names [MILLRACE_CONFIG]",
    })
    .option('quiet', { type: 'boolean', default: false, describe: 'errors only' })
    .option('log-level', {
      type: 'string',
      requiresArg: true,
      choices: LOG_LEVELS,
      describe: "show librdkafka's log from this level on [MILLRACE_LOG_LEVEL]",
    })
}

export function producerOptions(table: OptionTable): OptionTable {
  return connectionOptions(table)
    .option('json', { type: 'boolean', default: false, describe: 'one JSON object on standard output' })
    .option('embedded', {
      type: 'boolean',
      default: false,
      describe: 'an embedded cluster instead of brokers, for a trial; it is not Kafka',
    })
    .option('compression', {
      alias: 'z',
      type: 'string',
      requiresArg: true,
      choices: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
      describe: 'compression of batches',
    })
    .option('acks', { type: 'string', requiresArg: true, describe: 'all, 1 or 0; default all' })
    .option('engine', {
      type: 'string',
      requiresArg: true,
      choices: engineNames,
      describe: 'how messages enter librdkafka; default auto [MILLRACE_ENGINE]',
    })
}

const LOG_LEVELS = ['error', 'warning', 'notice', 'info', 'debug'] as const
const SYSLOG: Readonly<Record<(typeof LOG_LEVELS)[number], number>> = {
  error: 3,
  warning: 4,
  notice: 5,
  info: 6,
  debug: 7,
}

type Value = string | number | boolean

export interface Connection {
  readonly properties: Readonly<Record<string, Value>>
  readonly engine: EngineName
  /** syslog level up to which librdkafka's log is shown; -1: not at all. */
  readonly logLevel: number
}

/** Configuration out of flags, environment and file, in that order of strength. Warnings go to standard error. */
export function resolveConnection(
  args: Partial<ProducerArguments>,
  io: Io,
  extra: { overrides?: Record<string, unknown>; defaults?: Record<string, unknown> } = {},
): Connection {
  const fromEnvironment = (name: string) => io.env[name] || undefined
  const { properties, warnings } = resolveProperties({
    defaults: extra.defaults,
    file: single('config', args.config) ?? fromEnvironment('MILLRACE_CONFIG'),
    environment: io.env,
    flags: args.set ?? [],
    overrides: {
      'bootstrap.servers': single('brokers', args.brokers),
      'compression.type': single('compression', args.compression),
      acks: single('acks', args.acks),
      ...extra.overrides,
    },
    optionVariables,
  })
  refuseTransactions(properties, 'this command')
  if (args.quiet !== true) for (const warning of warnings) io.stderr.write(`millrace: ${warning}\n`)
  const engine = oneOf(
    'MILLRACE_ENGINE',
    single('engine', args.engine) ?? fromEnvironment('MILLRACE_ENGINE'),
    engineNames,
  )
  const level = oneOf(
    'MILLRACE_LOG_LEVEL',
    single('log-level', args['log-level']) ?? fromEnvironment('MILLRACE_LOG_LEVEL'),
    LOG_LEVELS,
  )
  return { properties, engine: engine ?? 'auto', logLevel: level === undefined ? -1 : SYSLOG[level] }
}

function oneOf<T extends string>(
  name: string,
  given: string | undefined,
  choices: readonly T[],
): T | undefined {
  if (given === undefined) return undefined
  if ((choices as readonly string[]).includes(given)) return given as T
  throw new MillraceError('USAGE', `${name} is ${JSON.stringify(given)}`, {
    hint: `Choices: ${choices.join(', ')}`,
  })
}

/** What librdkafka is to be told, and the brokers: those given, or an embedded cluster's. */
export async function clusterFor(
  args: ProducerArguments,
  io: Io,
  connection: Connection,
): Promise<{ properties: Connection['properties']; cluster: EmbeddedCluster | undefined }> {
  if (!args.embedded) return { properties: connection.properties, cluster: undefined }
  if (args.brokers !== undefined) {
    throw new MillraceError('USAGE', 'Both --embedded and --brokers were given', { hint: 'Give one of them' })
  }
  if (!args.quiet) io.stderr.write('An embedded cluster, not Kafka: it is gone when this command ends.\n')
  const cluster = await EmbeddedCluster.start()
  const properties = { ...connection.properties, 'bootstrap.servers': cluster.bootstrapServers }
  return { properties, cluster }
}

/** Connects `count` producers, or none. */
export async function connectProducers(
  count: number,
  connection: Connection,
  properties: Connection['properties'],
  io: Io,
  signal: AbortSignal,
): Promise<Producer[]> {
  const { logLevel, engine } = connection
  let warned = false
  const connect = () =>
    Producer.connect(properties, {
      engine,
      signal,
      onWarning: text => {
        if (!warned) io.stderr.write(`millrace: ${text}\n`)
        warned = true
      },
      onLog: line => {
        if (line.level <= logLevel) io.stderr.write(`${line.facility} ${scrub(line.message, properties)}\n`)
      },
    })
  try {
    return await allOrNone(count, connect, signal)
  } catch (error) {
    throw withTrial(error)
  }
}

/** Somebody who has no broker yet can try everything all the same. */
function withTrial(error: unknown): unknown {
  if (!(error instanceof MillraceError)) return error
  if (error.code !== 'BROKER_UNREACHABLE' && error.code !== 'CONFIG_MISSING') return error
  return new MillraceError(error.code, `${error.message}. Or try it with --embedded, without a broker`, {
    cause: error,
    context: error.context,
  })
}
