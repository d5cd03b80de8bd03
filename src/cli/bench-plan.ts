import { totalmem } from 'node:os'
import { resolve } from 'node:path'
import {
  acksValues,
  apis,
  type Cell,
  cellsOf,
  compressions,
  defaultGrid,
  type Grid,
  plainCells,
  withCeilings,
} from '../bench/cell.ts'
import { choices, numbers, rates } from '../bench/lists.ts'
import { MOST_DIGITS } from '../bench/monotonic.ts'
import { digestOf, type Ring, ringFromFile } from '../bench/payloads.ts'
import type { Plan } from '../bench/plan.ts'
import { hasStages } from '../bench/stages/stage.ts'
import type { Properties } from '../client/producer-client.ts'
import { canonicalName, requireBrokers, resolveProperties } from '../config/index.ts'
import { chooseEngine, type EngineName, engineNames } from '../engine/connect.ts'
import { checkTopic } from '../engine/message.ts'
import { describe, MillraceError } from '../errors.ts'
import {
  checkPerfCells,
  checkSizes,
  type PerfArguments,
  type PerfChoice,
  perfChoiceOf,
} from './bench-perf.ts'
import { type Given, number, single } from './numbers.ts'

/** What says which trials are to be run. */
export interface BenchArguments extends PerfArguments {
  brokers?: Given
  topic?: Given
  api?: Given
  batch?: Given
  outstanding?: Given
  loops?: Given
  threads?: Given
  producers?: Given
  processes?: Given
  rate?: Given
  compression?: Given
  acks?: Given
  partitions?: Given
  engine?: Given
  duration?: Given
  messages?: Given
  warmup?: Given
  repeat?: Given
  seed?: Given
  ceiling: boolean
  stages?: boolean | undefined
  'allow-failures': boolean
  set?: readonly string[] | undefined
  config?: Given
  label?: Given
  against?: Given
}

const DAY_SECONDS = 86_400
const MOST_BYTES = 100_000_000
const MOST_RATE = 1_000_000_000

/**
 * Checks the options and makes a plan of them.
 * @throws MillraceError USAGE naming the option; CONFIG_… as `resolveProperties` and `requireBrokers`;
 * INPUT_UNREADABLE for --payload-file
 */
export function planOf(
  args: BenchArguments,
  environment: NodeJS.ProcessEnv,
): { plan: Plan; warnings: readonly string[]; lists: Partial<Grid> } {
  const brokers = single('brokers', args.brokers)
  const topic = single('topic', args.topic)
  checkTopicOption(topic)
  const payloadFile = single('payload-file', args['payload-file'])
  refuseTogether(args, 'payload-file', 'message-size')
  refuseTogether(args, 'duration', 'messages')
  refuseTogether(args, 'topic', 'partitions')
  if (brokers === undefined) {
    if (args.config !== undefined) throw needsBrokers('config', 'the embedded cluster needs none')
    if (args.partitions !== undefined) checkEmbeddedPartitions()
  }
  // a topic that is there already has the partitions it has
  const partitions = topic !== undefined && brokers !== undefined ? null : 4
  const { properties, transactionalId, warnings: propertyWarnings } = propertiesOf(args, brokers, environment)
  const perf = perfChoiceOf(args, properties, transactionalId)
  const ring = payloadFile === undefined ? undefined : ringFromFile(payloadFile, perf.payloadDelimiter)
  const messageSize = sizeOf(ring, perf.payloadMonotonic)
  const warnings = [...propertyWarnings, ...brokersWarning(brokers, environment)]
  const warn = (text: string) => warnings.push(text)
  const lists = gridOf(args, warn)
  const plain = Object.keys(lists).length === 0
  const engine = lists.engine ?? [chooseEngine('auto', warn)]
  const layered = args.stages === true
  const engines =
    plain && !layered
      ? plainCells(engine.includes('batch') ? 'batch' : 'callback', partitions, messageSize)
      : cellsOf({ ...defaultGrid, partitions: [partitions], messageSize: [messageSize], ...lists, engine })
  // what a plain run has beside it by itself is left out where it cannot be
  const alone =
    !args.ceiling && (layered || perf.transactions !== undefined || perf.payloadMonotonic === true)
  const cells = !alone && hasCeiling(args.ceiling, plain, warn) ? withCeilings(engines) : engines
  checkPerfCells(perf, cells)
  if (layered) checkStages(args, perf, cells)
  if (ring === undefined)
    checkSizes(
      cells.map(cell => cell.messageSize),
      properties,
      'message-size',
    )
  else checkSizes([largestOf(ring)], properties, 'payload-file')
  const messages = number('messages', args.messages, { min: 1, max: 1e12 })
  const seconds = number('duration', args.duration, { min: 0.1, max: DAY_SECONDS, whole: false })
  return {
    plan: {
      cells,
      repeat: number('repeat', args.repeat, { min: 1, max: 10_000 }) ?? 3,
      seed: number('seed', args.seed, { min: 0, max: 0xffff_ffff }) ?? 1,
      warmupSeconds:
        number('warmup', args.warmup, { min: 0, max: DAY_SECONDS, whole: false }) ??
        (perf.warmupMessages !== undefined ? 0 : plain ? 0.5 : 1),
      length: messages === undefined ? { seconds: seconds ?? (plain ? 2 : 5) } : { messages },
      allowFailures: args['allow-failures'],
      ...perf,
      stages: layered || undefined,
      payloadFile: payloadFile === undefined ? undefined : resolve(payloadFile),
      payloadDigest: ring === undefined ? undefined : digestOf(ring),
      topic,
      brokers,
      properties,
      label: single('label', args.label),
      memoryBytes: totalmem() / 4,
    },
    lists,
    warnings: [...warnings, ...compressionWarning(cells, payloadFile)],
  }
}

/** Bytes of a message; of a file's payloads the mean. */
function sizeOf(ring: Ring | undefined, monotonic: boolean | undefined): number {
  if (monotonic === true) return MOST_DIGITS
  return ring === undefined ? 100 : Math.round(ring.meanBytes * 10) / 10
}

function largestOf({ ranges }: Ring): number {
  let largest = 0
  for (let at = 0; at < ranges.length; at += 2) {
    largest = Math.max(largest, (ranges[at + 1] as number) - (ranges[at] as number))
  }
  return largest
}

/** Another command would have gone there. */
function brokersWarning(brokers: string | undefined, environment: NodeJS.ProcessEnv): string[] {
  if (brokers !== undefined || !environment.MILLRACE_BROKERS) return []
  return ['MILLRACE_BROKERS is not used: bench takes brokers from -b only']
}

/**
 * A plain run has ceilings where it can, another where it is told to.
 * @throws MillraceError ENGINE_UNAVAILABLE when they were asked for and the addon is missing
 */
function hasCeiling(asked: boolean, plain: boolean, warn: (text: string) => void): boolean {
  if (!asked && !plain) return false
  try {
    chooseEngine('batch', warn)
    return true
  } catch (error) {
    if (!(error instanceof MillraceError && error.code === 'ENGINE_UNAVAILABLE')) throw error
    if (!asked) {
      warn('there is no ceiling to compare with: it is a part of the addon')
      return false
    }
    throw new MillraceError('ENGINE_UNAVAILABLE', `--ceiling is a part of the addon. ${error.message}`, {
      cause: error,
    })
  }
}

/** What the names stand for here, each once: `auto` is one of the others. */
function enginesOf(names: readonly EngineName[] | undefined, warn: (text: string) => void) {
  return names && [...new Set(names.map(name => chooseEngine(name, warn)))]
}

/** @throws MillraceError USAGE where there is no layer to tell apart */
function checkStages(args: BenchArguments, { transactions }: PerfChoice, cells: readonly Cell[]): void {
  const refuse = (why: string, hint: string) => new MillraceError('USAGE', `--stages: ${why}`, { hint })
  if (transactions !== undefined) throw refuse('only brokers know transactions', 'Leave out one of them')
  if (args.against !== undefined) {
    throw refuse('another installation may have other layers', 'Give --stages or --against')
  }
  if (cells.some(hasStages)) return
  throw refuse(
    'its layers are those of the batch engine in one thread of one process at full speed, and no row has these',
    'Give --engine batch, --threads 1, --processes 1 and --rate max among the lists, or leave them out',
  )
}

type ListArgument = 'engine' | 'api' | 'message-size' | 'rate' | 'compression' | 'acks' | NumberArgument
type NumberArgument = 'batch' | 'outstanding' | 'loops' | 'threads' | 'producers' | 'processes' | 'partitions'

/** The lists that were given. */
function gridOf(args: BenchArguments, warn: (text: string) => void): Partial<Grid> {
  const text = (option: ListArgument) => single(option, args[option])
  const lists = {
    engine: enginesOf(choices('engine', text('engine'), engineNames), warn),
    api: choices('api', text('api'), apis),
    batch: numbers('batch', text('batch'), 1, 10_000_000),
    outstanding: numbers('outstanding', text('outstanding'), 1, 10_000_000),
    loops: numbers('loops', text('loops'), 1, 10_000),
    threads: numbers('threads', text('threads'), 1, 64),
    producers: numbers('producers', text('producers'), 1, 100),
    processes: numbers('processes', text('processes'), 1, 64),
    messageSize: numbers('message-size', text('message-size'), 1, MOST_BYTES),
    rate: rates('rate', text('rate'), MOST_RATE),
    compression: choices('compression', text('compression'), compressions),
    partitions: numbers('partitions', text('partitions'), 1, 100_000),
    acks: choices('acks', text('acks'), acksValues),
  }
  return Object.fromEntries(
    Object.entries(lists).filter(([, values]) => values !== undefined),
  ) as Partial<Grid>
}

/** Properties that cells set, and the options for them. */
const ofCells: ReadonlyMap<string, string> = new Map(
  (
    [
      ['compression.type', 'compression'],
      ['acks', 'acks'],
      ['queue.buffering.max.messages', 'outstanding'],
      ['bootstrap.servers', 'brokers'],
      ['transactional.id', 'transactional-id'],
    ] as const
  ).map(([property, option]) => [canonicalName(property), option]),
)

/** For an embedded cluster only what the line says; else as for other commands, but for the brokers. */
function propertiesOf(
  args: BenchArguments,
  brokers: string | undefined,
  environment: NodeJS.ProcessEnv,
): { properties: Properties; transactionalId: string | undefined; warnings: readonly string[] } {
  const flags = args.set ?? []
  for (const flag of flags) {
    const option = ofCells.get(canonicalName(flag.split('=', 1)[0]?.trim() ?? ''))
    if (option !== undefined) {
      throw new MillraceError('USAGE', `-X ${flag.split('=', 1)[0]} is not for bench`, {
        hint: `Use --${option}`,
      })
    }
  }
  const given = brokers === undefined ? {} : { environment, file: single('config', args.config) }
  const resolved = resolveProperties({ ...given, flags, overrides: { 'bootstrap.servers': brokers } })
  if (brokers !== undefined) requireBrokers(resolved.properties, resolved.sources)
  const properties: Record<string, string | number | boolean> = {}
  const warnings = [...resolved.warnings]
  for (const [name, value] of Object.entries(resolved.properties)) {
    const option = ofCells.get(name)
    if (option === undefined) properties[name] = value
    else if (option !== 'brokers' && option !== 'transactional-id')
      warnings.push(`${name} (${resolved.sources.get(name)}) is not used: bench has --${option}`)
  }
  const id = resolved.properties['transactional.id']
  return { properties, transactionalId: id === undefined ? undefined : String(id), warnings }
}

function checkTopicOption(topic: string | undefined): void {
  if (topic === undefined) return
  try {
    checkTopic(topic)
  } catch (error) {
    throw new MillraceError('USAGE', `--topic: ${describe(error)}`, { cause: error })
  }
}

function refuseTogether(args: BenchArguments, one: keyof BenchArguments, other: keyof BenchArguments): void {
  if (args[one] === undefined || args[other] === undefined) return
  throw new MillraceError('USAGE', `Both --${one} and --${other} were given`, { hint: 'Give one of them' })
}

function needsBrokers(option: string, why: string, cause?: unknown): MillraceError {
  return new MillraceError('USAGE', `--${option} goes with --brokers only: ${why}`, { cause })
}

/** Only the addon makes topics on an embedded cluster; those that come by themselves have 4 partitions. */
function checkEmbeddedPartitions(): void {
  try {
    chooseEngine('batch', () => {})
  } catch (cause) {
    if (!(cause instanceof MillraceError && cause.code === 'ENGINE_UNAVAILABLE')) throw cause
    const why = `without the addon, the embedded cluster's topics have 4. ${cause.message}`
    throw needsBrokers('partitions', why, cause)
  }
}

function compressionWarning(cells: readonly Cell[], payloadFile: string | undefined): string[] {
  if (payloadFile !== undefined || cells.every(({ compression }) => compression === 'none')) return []
  return [
    'random payloads do not compress: --payload-file with messages of your own shows what compression does',
  ]
}
