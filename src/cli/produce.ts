import { requireBrokers } from '../config/index.ts'
import { MillraceError } from '../errors.ts'
import {
  checkReadOptions,
  type Input,
  inputFormats,
  openInputs,
  parseDelimiter,
  type ReadOptions,
} from '../input/index.ts'
import { Load } from '../load/load.ts'
import { type LoadResult, nothingLoaded } from '../load/result.ts'
import type { Producer } from '../producer/producer.ts'
import type { Header } from '../types.ts'
import type { Command, Io } from './command.ts'
import {
  clusterFor,
  connectProducers,
  type ProducerArguments,
  producerOptions,
  resolveConnection,
} from './common.ts'
import { loadExitCode, loadJson, loadSummary } from './load-report.ts'
import { count, duration, type Given, number, single, topicName } from './numbers.ts'
import { showProgress } from './progress.ts'

interface Options extends ProducerArguments {
  files?: readonly string[]
  topic?: Given
  format?: Given
  delimiter?: Given
  'key-delimiter'?: Given
  key?: Given
  'key-field'?: Given
  header?: readonly string[]
  partition?: Given
  'skip-blank': boolean
  rate?: Given
  limit?: Given
  loops?: Given
  producers?: Given
  'stall-timeout'?: Given
  'drain-timeout'?: Given
  'no-progress': boolean
}

/** The longest timeouts, in seconds; timers take no more than 24 days. */
const DAY = 86_400

const EXAMPLES = `$0 produce -b localhost:9092 -t events data.txt                 every line is a message
$0 produce -b localhost:9092 -t events -K : data.txt            key, colon, value
$0 produce -b localhost:9092 -t events --key-field user.id data.ndjson
zcat big.gz | $0 produce -b localhost:9092 -t events --format ndjson
$0 produce --embedded -t events data.txt                        without a broker, for a trial

$0 produce [OPTIONS] [FILES…]                                   no file, or -: standard input

Load files, or standard input, into a topic, and account for every record.`

export const produce: Command<Options> = {
  command: 'produce',
  takesFiles: true,
  describe: 'Load files or standard input into a topic',
  builder: yargs =>
    producerOptions(
      yargs
        .usage(EXAMPLES)
        .option('topic', {
          alias: 't',
          type: 'string',
          requiresArg: true,
          demandOption: true,
          describe: 'topic',
        })
        .option('format', {
          type: 'string',
          requiresArg: true,
          choices: inputFormats,
          describe: 'default auto: by file name, otherwise lines',
        })
        .option('delimiter', {
          type: 'string',
          requiresArg: true,
          describe: 'lines: what ends a record, as \\0 or \\x1e',
        })
        .option('key-delimiter', {
          alias: 'K',
          type: 'string',
          requiresArg: true,
          describe: 'lines: what stands between key and value',
        })
        .option('key', { alias: 'k', type: 'string', requiresArg: true, describe: 'one key for all' })
        .option('key-field', { type: 'string', requiresArg: true, describe: 'ndjson: the key, as user.id' })
        .option('header', {
          alias: 'H',
          type: 'string',
          array: true,
          nargs: 1,
          describe: 'name=value; repeatable',
        })
        .option('partition', {
          alias: 'p',
          type: 'string',
          requiresArg: true,
          describe: 'default: chosen by key',
        })
        .option('skip-blank', { type: 'boolean', default: false, describe: 'leave out blank lines' })
        .option('rate', { type: 'string', requiresArg: true, describe: 'messages per second, over all' })
        .option('limit', { type: 'string', requiresArg: true, describe: 'records to read at most' })
        .option('loops', {
          type: 'string',
          requiresArg: true,
          describe: 'parallel produce loops a producer; default 1, which keeps the order',
        })
        .option('producers', { type: 'string', requiresArg: true, describe: 'producers; default 1' })
        .option('stall-timeout', {
          type: 'string',
          requiresArg: true,
          describe: 'seconds without any acknowledgement before giving up; default 60',
        })
        .option('drain-timeout', {
          type: 'string',
          requiresArg: true,
          describe: 'seconds to wait for acknowledgements when cut short; default 30',
        })
        .option('no-progress', { type: 'boolean', default: false, describe: 'no bar, no lines' }),
    ),
  async run(options, io) {
    // before anything takes time, or says that it has begun
    const abort = new AbortController()
    let signalled: 'SIGINT' | 'SIGTERM' | undefined
    let load: Load | undefined
    const ignore = io.onSignal(signal => {
      signalled ??= signal
      abort.abort()
      if (load !== undefined) interruptLoad(load, io, options)
    })
    const plan = readOptions(options)
    const inputs = openInputs(options.files ?? [], { stdin: io.stdin })
    for (const input of inputs) checkReadOptions(input.name, plan.read)
    const connection = resolveConnection(options, io, {
      // a misspelt topic would be made by a cluster that makes topics
      defaults: { 'allow.auto.create.topics': options.embedded },
    })
    if (!options.embedded) requireBrokers(connection.properties)
    const { properties, cluster } = await clusterFor(options, io, connection)
    let engine = 'none'
    try {
      const producers = await connectProducers(plan.producers, connection, properties, io, abort.signal)
      engine = producers[0]?.engine ?? engine
      await checkTarget(producers, plan.load.topic, plan.load.partition)
      load = new Load({ ...plan.load, read: plan.read, producers, inputs })
      // interrupted meanwhile: it will read nothing, and close the producers
      if (signalled !== undefined) load.interrupt()
      const result = await watched(load, inputs, options, io)
      return report(result, { engine, embedded: options.embedded, signalled }, options, io)
    } catch (error) {
      if (signalled === undefined) throw error
      return report(nothingLoaded(), { engine, embedded: options.embedded, signalled }, options, io)
    } finally {
      ignore()
      await cluster?.stop()
    }
  },
}

/** Runs a load, and shows how it gets on. */
async function watched(load: Load, inputs: readonly Input[], options: Options, io: Io): Promise<LoadResult> {
  const fromTerminal = inputs.some(({ name }) => name === '-') && (io.stdin as { isTTY?: boolean }).isTTY
  if (fromTerminal && !options.quiet) io.stderr.write('Reading standard input; Ctrl-D ends it.\n')
  const sizes = inputs.map(({ size }) => size)
  const total = sizes.every(size => size !== null) ? sizes.reduce((sum, size) => sum + size, 0) : null
  const wanted = !options['no-progress'] && !options.quiet
  const progress = wanted ? showProgress(load, total, io, io.stderr.isTTY === true) : undefined
  const result = await load.run()
  progress?.stop()
  return result
}

interface Ending {
  readonly engine: string
  readonly embedded: boolean
  readonly signalled: 'SIGINT' | 'SIGTERM' | undefined
}

/** Tells the account, for programs or for people. @returns the exit code */
function report(
  result: LoadResult,
  { engine, embedded, signalled }: Ending,
  options: Options,
  io: Io,
): number {
  const exitCode = loadExitCode(result, signalled)
  const context = { engine, embedded, exitCode }
  if (options.json) io.stdout.write(`${loadJson(result, context)}\n`)
  else if (!options.quiet) io.stderr.write(loadSummary(result, context))
  const reason = result.error ?? result.firstFailure ?? (options.json ? result.firstRejection : undefined)
  if (reason !== undefined) io.stderr.write(`millrace: ${reason.message}\n`)
  return exitCode
}

function interruptLoad(load: Load, io: Io, options: Options): void {
  const first = !load.interrupted
  load.interrupt()
  if (options.quiet || !first) return
  const { inFlight } = load
  const limit = number('drain-timeout', options['drain-timeout'], { min: 0, max: DAY, whole: false }) ?? 30
  // over the bar, where there is one
  const line = io.stderr.isTTY ? '\r\x1b[K' : ''
  io.stderr.write(
    `${line}Interrupted; waiting up to ${duration(limit)} for ${count(inFlight)} messages on their way. Again to leave at once.\n`,
  )
}

/** Everything that can be wrong with the options is found here, before anything is connected. */
function readOptions(options: Options) {
  const keyDelimiter = single('key-delimiter', options['key-delimiter'])
  const keyField = single('key-field', options['key-field'])
  const key = single('key', options.key)
  const delimiter = single('delimiter', options.delimiter)
  const given = Object.entries({ key, 'key-delimiter': keyDelimiter, 'key-field': keyField })
  const keys = given.filter(([, value]) => value !== undefined).map(([name]) => `--${name}`)
  if (keys.length > 1) {
    throw new MillraceError('USAGE', `${keys.join(' and ')} were given together`, {
      hint: 'Keys come from one place',
    })
  }
  const read: ReadOptions = {
    format: single('format', options.format) as ReadOptions['format'],
    delimiter: delimiter === undefined ? undefined : parseDelimiter(delimiter),
    keyDelimiter: keyDelimiter === undefined ? undefined : parseDelimiter(keyDelimiter),
    keyField,
    skipBlank: options['skip-blank'],
  }
  return {
    read,
    producers: number('producers', options.producers, { min: 1, max: 1000 }) ?? 1,
    load: {
      topic: topicName(options.topic),
      key,
      headers: options.header?.map(parseHeader),
      partition: number('partition', options.partition, { min: 0, max: 0x7fff_ffff }),
      loops: number('loops', options.loops, { min: 1, max: 10_000 }),
      rate: number('rate', options.rate, { min: 0.001, whole: false }),
      limit: number('limit', options.limit, { min: 0 }),
      stallTimeoutMs:
        1000 * (number('stall-timeout', options['stall-timeout'], { min: 1, max: DAY, whole: false }) ?? 60),
      drainTimeoutMs:
        1000 * (number('drain-timeout', options['drain-timeout'], { min: 0, max: DAY, whole: false }) ?? 30),
    },
  }
}

function parseHeader(text: string): Header {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new MillraceError('USAGE', `--header is ${JSON.stringify(text)}`, { hint: 'Give name=value' })
}

/** A topic or partition that is not there is found before anything is read. Closes the producers when it throws. */
async function checkTarget(
  producers: readonly Producer[],
  topic: string,
  partition: number | undefined,
): Promise<void> {
  try {
    const found = await producers[0]?.describeTopic(topic)
    if (found === null) {
      throw new MillraceError('UNKNOWN_TOPIC', `The cluster has no topic ${topic}`, {
        hint: 'Create it, check the name, or let the cluster make it with -X allow.auto.create.topics=true where it may',
        context: { topic },
      })
    }
    const partitions = found?.partitions.length ?? 0
    if (partition !== undefined && partition >= partitions) {
      throw new MillraceError('UNKNOWN_TOPIC', `The topic ${topic} has no partition ${partition}`, {
        hint: `It has ${partitions}, from 0`,
        context: { topic, partition },
      })
    }
  } catch (error) {
    await Promise.all(producers.map(producer => producer.close()))
    throw error
  }
}
