import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { clusterIds } from '../engine/identity.ts'
import { MillraceError } from '../errors.ts'
import type { Input } from '../input/index.ts'
import type { DeadLetters } from '../load/dead-letters.ts'
import {
  type ClusterIdentity,
  checkCluster,
  checkTopic,
  describeInputs,
  type Intent,
} from '../load/receipt/identity.ts'
import {
  RECEIPT_SCHEMA,
  type ReceiptTopic,
  type RecordOptions,
  type ResumeMode,
  resumeModes,
} from '../load/receipt/lines.ts'
import { LoadReceipt, type ReceiptSettings } from '../load/receipt/load-receipt.ts'
import { PriorLoad } from '../load/receipt/prior-load.ts'
import { type ReceiptFile, thereIsOne } from '../load/receipt/receipt-file.ts'
import { allOf } from '../load/stretch.ts'
import type { Producer } from '../producer/producer.ts'
import type { Io } from './command.ts'
import { count, type Given, single, size } from './numbers.ts'
import type { ProducePlan } from './produce-plan.ts'

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

/** What was asked for; `path` is absent where no receipt is wanted. */
export interface ReceiptPlan {
  readonly path: string | undefined
  readonly resume: ResumeMode | undefined
}

/** @throws MillraceError USAGE where the options contradict each other, or there is nothing to resume */
export function planReceipt(
  options: {
    readonly receipt?: Given
    readonly 'no-receipt': boolean
    readonly resume: boolean
    readonly 'resume-mode'?: Given
    readonly embedded: boolean
  },
  inputs: readonly Input[],
): ReceiptPlan {
  const asked = single('receipt', options.receipt)
  const mode = single('resume-mode', options['resume-mode']) as ResumeMode | undefined
  if (asked === '') throw usage('--receipt is empty', 'Name a file')
  if (options['no-receipt']) {
    const other = asked !== undefined ? '--receipt' : options.resume ? '--resume' : undefined
    if (other !== undefined)
      throw usage(`--no-receipt and ${other} were given together`, 'Leave one of them out')
  }
  if (mode !== undefined && !options.resume)
    throw usage('--resume-mode was given without --resume', 'It says how a load is gone on with')
  const path = options['no-receipt'] ? undefined : (asked ?? usualPath(inputs, options.embedded))
  if (!options.resume) return { path, resume: undefined }
  if (path === undefined) {
    throw usage(
      '--resume was given, and which receipt is meant cannot be told',
      'Name it with --receipt. For standard input, and for embedded clusters, one is written only if it is named',
    )
  }
  return { path, resume: mode ?? resumeModes[0] }
}

/** Beside the first file. What went to an embedded cluster is gone with it, and nothing can be gone on with. */
function usualPath(inputs: readonly Input[], embedded: boolean): string | undefined {
  const first = inputs.find(({ size }) => size !== null)
  return embedded || first === undefined ? undefined : `${first.name}.receipt`
}

/** The receipt of a load that is not connected yet. Close it unless it goes on to `begin`. */
export class ReceiptDesk {
  readonly #path: string
  readonly #intent: Intent
  readonly #inputs: readonly Input[]
  readonly #file: ReceiptFile | undefined
  /** What is gone on with. */
  readonly prior: PriorLoad | undefined

  private constructor(
    path: string,
    intent: Intent,
    inputs: readonly Input[],
    found: { readonly file: ReceiptFile | undefined; readonly prior: PriorLoad | undefined },
  ) {
    this.#path = path
    this.#intent = intent
    this.#inputs = inputs
    this.#file = found.file
    this.prior = found.prior
  }

  /**
   * Sees, before anything is connected, that a receipt can be begun or gone on with.
   * @throws MillraceError RECEIPT_UNFIT, RECEIPT_UNREADABLE, RECEIPT_FAILED, INPUT_UNREADABLE
   */
  static async open(
    { path, resume }: ReceiptPlan,
    { read, load }: ProducePlan,
    partitioner: string,
    inputs: readonly Input[],
  ): Promise<ReceiptDesk | undefined> {
    if (path === undefined) return undefined
    if (inputs.some(({ name }) => name === path))
      throw usage(
        `${path} is both an input and the receipt`,
        'Name another receipt with --receipt, or leave it out',
      )
    if (resume === undefined && existsSync(path)) throw thereIsOne(path)
    if (resume !== undefined && !existsSync(path)) {
      throw new MillraceError('RECEIPT_UNFIT', `There is no receipt ${path} to go on with`, {
        hint: 'Check the path and the order of the files, or leave --resume out to begin the load',
        context: { receipt: path },
      })
    }
    const options = recordOptions(read, load, partitioner)
    const intent = { options, inputs: await describeInputs(inputs, read) }
    const nothing = { file: undefined, prior: undefined }
    const found =
      resume === undefined ? nothing : await PriorLoad.open(path, { mode: resume, inputs, intent })
    return new ReceiptDesk(path, intent, inputs, found)
  }

  /** In the order in which they are to be read. */
  get inputs(): readonly Input[] {
    return this.prior?.inputs ?? this.#inputs
  }

  /**
   * Begins the receipt, or goes on with it where the cluster is still the same.
   * @throws MillraceError RECEIPT_UNFIT, RECEIPT_FAILED; BROKER_UNREACHABLE, REQUEST_FAILED
   */
  async begin(
    cluster: ClusterFacts,
    settings: ReceiptSettings,
    deadLetter: string | undefined,
  ): Promise<LoadReceipt> {
    const { prior } = this
    const at = new Date().toISOString()
    if (prior !== undefined) {
      checkCluster(this.#path, prior.state.header, cluster)
      for (const known of prior.topics) checkTopic(this.#path, known, await cluster.topic(known.topic))
      return LoadReceipt.resume(prior, { at, version }, settings)
    }
    const header = {
      schema: RECEIPT_SCHEMA,
      loadId: randomUUID(),
      createdAt: at,
      millrace: version,
      planDigest: null,
      ...this.#intent,
      clusterId: cluster.clusterId,
      embedded: cluster.embedded,
      topics: cluster.topics,
      deadLetter: deadLetter ?? null,
      openRecords: settings.openRecords,
    } as const
    return LoadReceipt.begin(this.#path, header, allOf(this.#inputs), settings, this.#file)
  }

  async close(): Promise<void> {
    await (this.prior?.file ?? this.#file)?.close()
  }
}

/** What the cluster says of itself and of topics. */
export interface ClusterFacts extends ClusterIdentity {
  /** Those that are sent to, as far as they are known beforehand. */
  readonly topics: readonly ReceiptTopic[]
  /** Null: there is no such topic. */
  topic(name: string): Promise<ReceiptTopic | null>
}

export async function clusterFacts(
  producer: Producer,
  topic: string | undefined,
  embedded: boolean,
): Promise<ClusterFacts> {
  const describe = async (name: string) => {
    const found = await producer.describeTopic(name)
    if (found === null) return null
    const broker = found.partitions.find(({ leader }) => leader >= 0)?.leader ?? 0
    const { topicIds } = await clusterIds(producer, { topics: [name], broker })
    const topicId = embedded ? null : (topicIds.get(name) ?? null)
    return { topic: name, topicId, partitions: found.partitions.length }
  }
  const { clusterId } = await clusterIds(producer)
  const first = topic === undefined ? null : await describe(topic)
  const topics = first === null ? [] : [first]
  return { clusterId: embedded ? null : clusterId, embedded, topics, topic: describe }
}

/** The options that make other messages of the same records, or put them elsewhere. */
function recordOptions(
  read: ProducePlan['read'],
  load: ProducePlan['load'],
  partitioner: string,
): RecordOptions {
  const { needsTopic: _needsTopic, onBad: _onBad, headerFields, ...plain } = read
  const { topic, key, partition, headers } = load
  const pairs = (list: readonly (readonly [string, unknown])[] | undefined) =>
    list?.map(([name, value]) => `${name}=${String(value)}`)
  const all = {
    topic,
    key,
    partition,
    headers: pairs(headers),
    headerFields: pairs(headerFields),
    partitioner,
    ...plain,
  }
  const given = Object.entries(all).filter(([, value]) => value !== undefined && value !== false)
  return Object.fromEntries(given.map(([name, value]) => [name, plainValue(value)]))
}

function plainValue(value: unknown): RecordOptions[string] {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1')
  return value as RecordOptions[string]
}

const LEAST_OPEN = 500_000

/** Records that may be open: a few times what is in flight, so that chunks can wait for their last record. */
export function openRecordsFor(producers: number, inFlight: number): number {
  return Math.max(LEAST_OPEN, 2 * producers * inFlight)
}

/** Says what a resume is about to do. */
export function tellResume({ remaining, state, stretches, touched, torn, mode }: PriorLoad, io: Io): void {
  const say = (text: string) => io.stderr.write(`${text}\n`)
  if (stretches.length === 0) {
    say(`All of the load is done already: ${count(remaining.read)} records`)
    return
  }
  say(
    `Going on with a load of which ${count(remaining.read)} records are done. ` +
      `Up to ${count(state.openRecords)} that were on their way may be sent twice`,
  )
  if (remaining.again > 0) {
    const why = 'had been delivered ahead of others that were not, and are sent again to keep the order'
    say(`  ${count(remaining.again)} records ${why} (--resume-mode gaps would not)`)
  }
  if (mode === 'gaps') say('  Only what is missing is sent: the order of records is not kept')
  if (torn) say('  The last line of the receipt was not written in whole, and was cut off')
  for (const path of touched)
    say(`  ${path} was touched since; size and content, where looked at, are the same`)
  const packed = stretches.filter(({ input, index, from }) => {
    return from > 0 && input.size !== null && state.header.inputs[index]?.compression !== null
  })
  if (packed.length > 0) {
    const bytes = packed.reduce((sum, { from }) => sum + from, 0)
    const which = packed.length === 1 ? `${packed[0]?.input.name} is` : `${packed.length} packed inputs are`
    say(`  ${which} unpacked again up to where the load had come (${size(bytes)})`)
  }
  for (const { input, from, prefix } of stretches) {
    if (prefix === undefined) continue
    const name = input.name === '-' ? 'Standard input' : input.name
    say(`  ${name} is read from its beginning; the ${size(from)} of it that were sent are passed over`)
  }
}

/** Says where letters of records are missing that will not be read again. */
export function tellLetters({ remaining }: PriorLoad, { path, bytes }: DeadLetters, io: Io): void {
  const { deadLetterBytes } = remaining
  if (bytes >= deadLetterBytes) return
  io.stderr.write(
    `  ${path} has ${bytes} bytes, and had ${deadLetterBytes}: letters that were there before are not written again\n`,
  )
}

/** Says what of a cluster could not be held against the receipt. */
export function tellUnchecked({ state }: PriorLoad, { clusterId, topics }: ClusterFacts, io: Io): void {
  const unknown = [
    clusterId === null || state.header.clusterId === null ? 'whether it is the same cluster' : '',
    topics.some(({ topicId }) => topicId === null) || state.topics.some(({ topicId }) => topicId === null)
      ? 'whether a topic was deleted and made again'
      : '',
  ].filter(Boolean)
  if (unknown.length > 0) io.stderr.write(`  Not checked, since it was not told: ${unknown.join('; ')}\n`)
}

function usage(message: string, hint: string): MillraceError {
  return new MillraceError('USAGE', message, { hint })
}
