import { requireBrokers } from '../config/index.ts'
import { MillraceError } from '../errors.ts'
import { checkReadOptions, type Input, openInputs, optionsFor, packingOf } from '../input/index.ts'
import { DeadLetters } from '../load/dead-letters.ts'
import { Load } from '../load/load.ts'
import { type LoadResult, nothingLoaded } from '../load/result.ts'
import type { Producer } from '../producer/producer.ts'
import type { Command, Io } from './command.ts'
import { clusterFor, connectProducers, resolveConnection } from './common.ts'
import { loadExitCode, loadJson, loadSummary } from './load-report.ts'
import { count, duration } from './numbers.ts'
import { type ProduceArguments, produceOptions } from './produce-options.ts'
import { checkThreads, drainTimeout, type ProducePlan, planProduce } from './produce-plan.ts'
import { showProgress, waitingLines } from './progress.ts'

/** In flight with --threads, unless it is set: half of what it is without. */
const IN_FLIGHT_OF_THREADS = {
  'queue.buffering.max.messages': 50_000,
  'queue.buffering.max.kbytes': 32_768,
} as const

export const produce: Command<ProduceArguments> = {
  command: 'produce',
  takesFiles: true,
  describe: 'Load files or standard input into a topic',
  builder: produceOptions,
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
    const plan = planProduce(options)
    const inputs = openInputs(options.files ?? [], { stdin: io.stdin })
    const names = inputs.map(({ name }) => name)
    for (const name of names) checkReadOptions(name, optionsFor(name, names, plan.read))
    const connection = resolveConnection(options, io, {
      // a misspelt topic would be made by a cluster that makes topics
      defaults: {
        'allow.auto.create.topics': options.embedded,
        // each thread has memory of its own beside what is in flight
        ...(plan.load.threads === undefined ? {} : IN_FLIGHT_OF_THREADS),
      },
    })
    checkThreads(plan.load, connection.engine)
    if (!options.embedded) requireBrokers(connection.properties)
    const { properties, cluster } = await clusterFor(options, io, connection)
    let engine = 'none'
    let deadLetters: DeadLetters | undefined
    try {
      if (plan.deadLetter !== undefined) deadLetters = await DeadLetters.open(plan.deadLetter)
      const producers = await connectProducers(plan.producers, connection, properties, io, abort.signal)
      engine = producers[0]?.engine ?? engine
      await checkTarget(producers, plan.load, engine)
      const another = async (extra: Record<string, string | number>, signal: AbortSignal) => {
        const made = await connectProducers(1, connection, { ...properties, ...extra }, io, signal)
        return made[0] as Producer
      }
      const onWaiting = waitingLines(io, options)
      const { read, load: settings } = plan
      load = new Load({ ...settings, read, producers, another, inputs, deadLetters, onWaiting })
      // interrupted meanwhile: it will read nothing, and close the producers
      if (signalled !== undefined) load.interrupt()
      const result = await watched(load, inputs, options, io)
      return report(result, { engine, embedded: options.embedded, signalled }, plan, options, io)
    } catch (error) {
      if (signalled === undefined) throw error
      return report(nothingLoaded(), { engine, embedded: options.embedded, signalled }, plan, options, io)
    } finally {
      ignore()
      await deadLetters?.close()
      await cluster?.stop()
    }
  },
}

/** Runs a load, and shows how it gets on. */
async function watched(
  load: Load,
  inputs: readonly Input[],
  options: ProduceArguments,
  io: Io,
): Promise<LoadResult> {
  const fromTerminal = inputs.some(({ name }) => name === '-') && (io.stdin as { isTTY?: boolean }).isTTY
  if (fromTerminal && !options.quiet) io.stderr.write('Reading standard input; Ctrl-D ends it.\n')
  // bytes are counted as they are unpacked, and how many that will be is not known
  const { decompress = 'auto' } = options
  const isPacked = ({ name }: Input) =>
    (decompress === 'auto' ? packingOf(name).packing : decompress) !== 'none'
  const sizes = inputs.map(input => (isPacked(input) ? null : input.size))
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
  { deadLetter }: ProducePlan,
  options: ProduceArguments,
  io: Io,
): number {
  const exitCode = loadExitCode(result, signalled)
  const context = { engine, embedded, deadLetter: deadLetter ?? null, exitCode }
  if (options.json) io.stdout.write(`${loadJson(result, context)}\n`)
  else if (!options.quiet) io.stderr.write(loadSummary(result, context))
  const reason = result.error ?? result.firstFailure ?? (options.json ? result.firstRejection : undefined)
  if (reason !== undefined) io.stderr.write(`millrace: ${reason.message}\n`)
  return exitCode
}

function interruptLoad(load: Load, io: Io, options: ProduceArguments): void {
  const first = !load.interrupted
  load.interrupt()
  if (options.quiet || !first) return
  const { inFlight } = load
  const limit = drainTimeout(options)
  // over the bar, where there is one
  const line = io.stderr.isTTY ? '\r\x1b[K' : ''
  io.stderr.write(
    `${line}Interrupted; waiting up to ${duration(limit)} for ${count(inFlight)} messages on their way. Again to leave at once.\n`,
  )
}

/**
 * A topic or partition that is not there, or an engine that stands in and cannot do this, is found before anything is
 * read. Closes the producers when it throws.
 */
async function checkTarget(
  producers: readonly Producer[],
  load: ProducePlan['load'],
  engine: string,
): Promise<void> {
  const { topic, partition } = load
  try {
    checkThreads(load, engine)
    // where records name it, each is looked for as it comes
    if (topic === undefined) return
    const found = await producers[0]?.describeTopic(topic)
    if (found === null) {
      throw new MillraceError('UNKNOWN_TOPIC', `The cluster has no topic ${topic}`, {
        hint: 'Create it, check the name, or let the cluster make it with -X allow.auto.create.topics=true where it may',
        context: { topic },
      })
    }
    const partitions = found?.partitions.length ?? 0
    if (typeof partition === 'number' && partition >= partitions) {
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
