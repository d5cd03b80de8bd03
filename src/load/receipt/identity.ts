import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { MillraceError } from '../../errors.ts'
import { type Input, packingOf, type ReadOptions } from '../../input/index.ts'
import { type Spelling, spell, spellRecordOption } from '../spelling.ts'
import type { ReceiptHeader, ReceiptInput, ReceiptTopic, RecordOptions } from './lines.ts'
import { sampleOf, samplesOf } from './sample.ts'

/** What a load is about to do, to be held against what a receipt says of it. */
export interface Intent {
  readonly options: RecordOptions
  readonly inputs: readonly ReceiptInput[]
}

/** What a cluster says of itself. */
export interface ClusterIdentity {
  readonly clusterId: string | null
  readonly embedded: boolean
}

const AT_A_TIME = 16

/** How inputs are known again. @throws MillraceError INPUT_UNREADABLE */
export async function describeInputs(
  inputs: readonly Input[],
  { decompress = 'auto' }: ReadOptions,
): Promise<ReceiptInput[]> {
  const samples = await samplesOf(inputs)
  const described: ReceiptInput[] = []
  for (let from = 0; from < inputs.length; from += AT_A_TIME) {
    const some = inputs.slice(from, from + AT_A_TIME)
    described.push(...(await Promise.all(some.map(input => describeInput(input, decompress, samples)))))
  }
  return described
}

async function describeInput(
  input: Input,
  asked: string,
  samples: ReadonlyMap<Input, string>,
): Promise<ReceiptInput> {
  const { name, size } = input
  const packing = asked === 'auto' ? packingOf(name).packing : asked
  const compression = packing === 'gzip' || packing === 'zstd' ? packing : null
  if (size === null) return { path: name, size, mtimeMs: null, sample: '', compression }
  const sample = samples.get(input) ?? (await sampleOf(name, size))
  return { path: name, size, mtimeMs: input.mtimeMs ?? (await stat(name)).mtimeMs, sample, compression }
}

export interface Matched {
  /** For each input of the receipt, which of those that were given it is. */
  readonly order: readonly number[]
  /** Inputs that were written to, though not changed as far as was looked. */
  readonly touched: readonly string[]
}

/** Finds the receipt's inputs again. @throws MillraceError RECEIPT_UNFIT */
export function matchInputs(
  path: string,
  known: readonly ReceiptInput[],
  given: readonly ReceiptInput[],
): Matched {
  const left = new Map<string, number[]>()
  for (const [index, input] of given.entries()) {
    const name = nameOf(input)
    left.set(name, [...(left.get(name) ?? []), index])
  }
  const order: number[] = []
  const missing: string[] = []
  const changed: string[] = []
  const touched: string[] = []
  for (const input of known) {
    const found = left.get(nameOf(input))?.shift()
    if (found === undefined) {
      missing.push(input.path)
      continue
    }
    order.push(found)
    const now = given[found] as ReceiptInput
    const change = changeOf(input, now)
    if (change !== undefined) changed.push(`${input.path} ${change}`)
    else if (input.mtimeMs !== now.mtimeMs) touched.push(input.path)
  }
  const added = [...left.values()].flat().map(index => (given[index] as ReceiptInput).path)
  if (missing.length > 0 || added.length > 0) {
    const parts = [
      missing.length > 0 ? `${some(missing)} ${missing.length === 1 ? 'is' : 'are'} missing` : '',
      added.length > 0 ? `${some(added)} ${added.length === 1 ? 'was' : 'were'} not among them` : '',
    ]
    throw unfit(
      path,
      `it is of other inputs: ${parts.filter(Boolean).join('; ')}`,
      'Give the same files as when the load began, from the same folder; load others with a receipt of their own',
      { missing, added },
    )
  }
  if (changed.length > 0) {
    throw unfit(
      path,
      `inputs have changed since: ${some(changed)}`,
      'Its positions mean nothing there. Restore them, or load what they are now anew, with a receipt of its own',
      { changed },
    )
  }
  return { order, touched }
}

function changeOf(known: ReceiptInput, now: ReceiptInput): string | undefined {
  if (known.compression !== now.compression)
    return `was read ${packed(known)}, and now would be ${packed(now)}`
  if (known.size !== now.size) return `had ${inBytes(known)}, and has ${inBytes(now)}`
  return known.sample === now.sample ? undefined : 'has the same size, but other content'
}

const packed = ({ compression }: ReceiptInput) =>
  compression === null ? 'as it stands' : `as ${compression}`

const inBytes = ({ size }: ReceiptInput) => (size === null ? 'no known end' : `${size} bytes`)

const nameOf = ({ path }: ReceiptInput) => (path === '-' ? path : resolve(path))

/** @throws MillraceError RECEIPT_UNFIT where the records would become other messages */
export function checkOptions(
  path: string,
  known: RecordOptions,
  given: RecordOptions,
  spelling: Spelling,
): void {
  const names = [...new Set([...Object.keys(known), ...Object.keys(given)])].sort()
  const other = names.filter(name => text(known[name]) !== text(given[name]))
  if (other.length === 0) return
  const list = other.map(
    name => `${spellRecordOption(spelling, name)} was ${text(known[name])}, and is ${text(given[name])}`,
  )
  throw unfit(
    path,
    `its load had other options: ${list.join('; ')}`,
    'Give those again. Brokers, threads, producers, rate and compression may be others',
    { options: other },
  )
}

const text = (value: RecordOptions[string] | undefined) =>
  value === undefined ? 'not given' : JSON.stringify(value)

/** @throws MillraceError RECEIPT_UNFIT where it is not the cluster that the load went to */
export function checkCluster(
  path: string,
  known: ReceiptHeader,
  now: ClusterIdentity,
  spelling: Spelling,
): void {
  if (known.embedded || now.embedded) {
    throw unfit(
      path,
      known.embedded
        ? 'its load went to an embedded cluster, which ended with it'
        : 'its load went to a cluster, and an embedded one is a new one each time',
      `Load all anew, with ${spell(spelling, 'receipt', false)}`,
    )
  }
  if (known.clusterId === null || now.clusterId === null || known.clusterId === now.clusterId) return
  throw unfit(
    path,
    `its load went to the cluster ${known.clusterId}, and this one is ${now.clusterId}`,
    'Name the brokers of that one; or load all into this one, with a receipt of its own',
    { clusterId: now.clusterId },
  )
}

/** @throws MillraceError RECEIPT_UNFIT where a topic is not what it was; `now` is null where it is gone */
export function checkTopic(path: string, known: ReceiptTopic, now: ReceiptTopic | null): void {
  const { topic, topicId, partitions } = known
  const anew = 'Load all anew, with a receipt of its own'
  if (now === null)
    throw unfit(path, `the topic ${topic} is gone`, `What was delivered is, too. ${anew}`, { topic })
  if (topicId !== null && now.topicId !== null && topicId !== now.topicId) {
    throw unfit(
      path,
      `the topic ${topic} was deleted and made again (its id was ${topicId}, and is ${now.topicId})`,
      `What was delivered is gone. ${anew}`,
      { topic },
    )
  }
  if (partitions === now.partitions) return
  throw unfit(
    path,
    `the topic ${topic} had ${partitions} partitions, and has ${now.partitions}`,
    `Keys belong to other partitions now, so their order would be lost. ${anew}, or into a topic of ${partitions}`,
    { topic, partitions: now.partitions },
  )
}

export function unfit(
  path: string,
  reason: string,
  hint: string,
  context: Readonly<Record<string, unknown>> = {},
): MillraceError {
  return new MillraceError('RECEIPT_UNFIT', `The receipt ${path} does not fit: ${reason}`, {
    hint,
    context: { receipt: path, reason, ...context },
  })
}

const MOST_NAMED = 5

function some(names: readonly string[]): string {
  const more = names.length - MOST_NAMED
  return names.slice(0, MOST_NAMED).join(', ') + (more > 0 ? `, and ${more} more` : '')
}
