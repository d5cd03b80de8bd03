import { requireBrokers } from '../config/index.ts'
import { checkReadOptions, isPacked, openInputs, optionsFor } from '../input/index.ts'
import { DeadLetters } from '../load/dead-letters.ts'
import { Load } from '../load/load.ts'
import type { LoadReceipt, ReceiptSettings } from '../load/receipt/load-receipt.ts'
import { wholeLineBytes } from '../load/receipt/whole-lines.ts'
import { type LoadResult, nothingLoaded } from '../load/result.ts'
import { allOf, type InputStretch } from '../load/stretch.ts'
import type { Producer } from '../producer/producer.ts'
import type { Command, Io } from './command.ts'
import { clusterFor, connectProducers, resolveConnection } from './common.ts'
import { checkDryRun, dryRun } from './dry-run.ts'
import { loadExitCode, loadJson, loadSummary } from './load-report.ts'
import { count, duration } from './numbers.ts'
import { type ProduceArguments, produceOptions } from './produce-options.ts'
import { checkThreads, drainTimeout, type ProducePlan, planProduce } from './produce-plan.ts'
import {
  clusterFacts,
  openRecordsFor,
  planReceipt,
  ReceiptDesk,
  tellLetters,
  tellResume,
  tellUnchecked,
} from './produce-receipt.ts'
import { showProgress, waitingLines } from './progress.ts'
import { readyProducers } from './ready.ts'

/** In flight with --threads, unless it is set: half of what it is without. */
const IN_FLIGHT_OF_THREADS = {
  'queue.buffering.max.messages': 50_000,
  'queue.buffering.max.kbytes': 32_768,
} as const

/** librdkafka's own default. */
const QUEUE_MESSAGES = 100_000

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
    checkDryRun(options)
    const plan = planProduce(options)
    const opened = openInputs(options.files ?? [], { stdin: io.stdin })
    const names = opened.map(({ name }) => name)
    for (const name of names) checkReadOptions(name, optionsFor(name, names, plan.read))
    const connection = resolveConnection(options, io, {
      // a cluster that makes topics would make a misspelt one, and by asking for it one that is to be made
      defaults: {
        'allow.auto.create.topics': options.embedded && plan.createTopic === undefined,
        // each thread has memory of its own beside what is in flight
        ...(plan.load.threads === undefined ? {} : IN_FLIGHT_OF_THREADS),
      },
    })
    checkThreads(plan.load, connection.engine)
    if (options['dry-run']) {
      const setup = { plan, inputs: opened, connection, signal: abort.signal, signalled: () => signalled }
      return dryRun(setup, options, io).finally(ignore)
    }
    if (!options.embedded) requireBrokers(connection.properties)
    const partitioner = String(connection.properties.partitioner ?? 'murmur2_random')
    const receiptPlan = planReceipt(options, opened)
    const { properties, cluster } = await clusterFor(options, io, connection)
    let engine = 'none'
    let deadLetters: DeadLetters | undefined
    let desk: ReceiptDesk | undefined
    let receipt: LoadReceipt | undefined
    try {
      desk = await ReceiptDesk.open(receiptPlan, plan, partitioner, opened)
      if (desk?.prior !== undefined && !options.quiet) tellResume(desk.prior, io)
      if (plan.deadLetter !== undefined) {
        // a letter that was not written in whole is of a record that is read again
        const keep = desk?.prior === undefined ? undefined : await wholeLineBytes(plan.deadLetter)
        deadLetters = await DeadLetters.open(plan.deadLetter, keep)
        if (desk?.prior !== undefined && !options.quiet) tellLetters(desk.prior, deadLetters, io)
      }
      const inputs = desk?.inputs ?? opened
      const setup = { plan, inputs, connection, properties, cluster, signal: abort.signal }
      const { producers, inputs: ready, properties: used } = await readyProducers(setup, options, io)
      engine = producers[0]?.engine ?? engine
      const another = async (extra: Record<string, string | number>, signal: AbortSignal) => {
        const made = await connectProducers(1, connection, { ...used, ...extra }, io, signal)
        return made[0] as Producer
      }
      const onWaiting = waitingLines(io, options)
      const { read, load: settings } = plan
      if (desk !== undefined) {
        const most = Number(used['queue.buffering.max.messages'] ?? QUEUE_MESSAGES)
        const receiptSettings = {
          threads: settings.threads ?? 1,
          openRecords: openRecordsFor(producers.length, most),
          letters: deadLetters,
        }
        receipt = await openReceipt(desk, producers, plan, receiptSettings, options, io)
      }
      const means = { producers, another, inputs: ready, deadLetters, receipt, onWaiting }
      load = new Load({ ...settings, read, ...means })
      // interrupted meanwhile: it will read nothing, and close the producers
      if (signalled !== undefined) load.interrupt()
      const result = await watched(load, plan, receipt?.stretches ?? allOf(inputs), options, io)
      return report(result, { engine, embedded: options.embedded, signalled, receipt }, plan, options, io)
    } catch (error) {
      if (signalled === undefined) throw error
      return report(
        nothingLoaded(),
        { engine, embedded: options.embedded, signalled, receipt },
        plan,
        options,
        io,
      )
    } finally {
      ignore()
      // an error may have come between
      await receipt?.close(load === undefined)
      await desk?.close()
      await deadLetters?.close()
      await cluster?.stop()
    }
  },
}

/** Begins the receipt, or goes on with it. Closes the producers when it throws. */
async function openReceipt(
  desk: ReceiptDesk,
  producers: readonly Producer[],
  { load, deadLetter }: ProducePlan,
  settings: ReceiptSettings,
  { embedded, quiet }: ProduceArguments,
  io: Io,
): Promise<LoadReceipt> {
  const [producer] = producers as [Producer]
  try {
    const facts = await clusterFacts(producer, load.topic, embedded)
    const receipt = await desk.begin(facts, settings, deadLetter)
    if (desk.prior !== undefined && !quiet) tellUnchecked(desk.prior, facts, io)
    return receipt
  } catch (error) {
    await Promise.all(producers.map(producer => producer.close()))
    throw error
  }
}

/** Runs a load, and shows how it gets on. */
async function watched(
  load: Load,
  { read: { decompress } }: ProducePlan,
  stretches: readonly InputStretch[],
  options: ProduceArguments,
  io: Io,
): Promise<LoadResult> {
  const fromTerminal =
    stretches.some(({ input }) => input.name === '-') && (io.stdin as { isTTY?: boolean }).isTTY
  if (fromTerminal && !options.quiet) io.stderr.write('Reading standard input; Ctrl-D ends it.\n')
  const sizes = stretches.map(({ input, from, to }) => {
    // of a packed one only the whole's packed size is known
    if (isPacked(input.name, decompress)) return from === 0 ? input.size : null
    const end = to ?? input.size
    return end === null ? null : end - from
  })
  const total = sizes.every(size => size !== null) ? sizes.reduce((sum, size) => sum + size, 0) : null
  const wanted = !options['no-progress'] && !options.quiet
  const asBar = io.stderr.isTTY === true && io.env.TERM !== 'dumb'
  const progress = wanted ? showProgress(load, total, io, asBar) : undefined
  const result = await load.run()
  progress?.stop()
  return result
}

interface Ending {
  readonly engine: string
  readonly embedded: boolean
  readonly signalled: 'SIGINT' | 'SIGTERM' | undefined
  readonly receipt: LoadReceipt | undefined
}

/** Tells the account, for programs or for people. @returns the exit code */
function report(
  result: LoadResult,
  { engine, embedded, signalled, receipt }: Ending,
  { deadLetter }: ProducePlan,
  options: ProduceArguments,
  io: Io,
): number {
  const exitCode = loadExitCode(result, signalled)
  const path = receipt === undefined || receipt.gone ? null : receipt.path
  const context = { engine, embedded, deadLetter: deadLetter ?? null, receipt: path, exitCode }
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
