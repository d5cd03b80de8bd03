import type { Properties } from '../../client/producer-client.ts'
import { aborted, MillraceError } from '../../errors.ts'
import {
  formatOf,
  type Input,
  optionsFor,
  packingOf,
  type ReadOptions,
  STANDARD_INPUT,
} from '../../input/index.ts'
import type { Producer } from '../../producer/producer.ts'
import type { Constants } from '../offering.ts'
import { type Spelling, spell } from '../spelling.ts'
import { fitBatches } from './batch-size.ts'
import { askRules } from './configs.ts'
import { peek } from './peek.ts'
import type { TopicRules } from './rules.ts'
import { type Sample, type SampledTopic, type Specimen, sampleInputs } from './sample.ts'
import { findTarget, type TargetOptions } from './target.ts'
import { judgeTimestamps } from './timestamps.ts'
import { number } from './wording.ts'

export interface PreflightOptions {
  /** One of the load's. */
  readonly producer: Producer
  readonly constants: Constants
  readonly inputs: readonly Input[]
  readonly read: ReadOptions
  /** What the user has set for the producers, under canonical names. */
  readonly given: Properties
  /** Loads what the topic will not keep, or not as it is, all the same. */
  readonly allowExpired: boolean
  /** How options are called towards the user. */
  readonly spelling: Spelling
  readonly make?: TargetOptions['make']
  /** The cluster is millrace's own, which has no configuration to ask for. */
  readonly embedded: boolean
  /** A producer of the batch engine, where the load's is not. */
  readonly standIn: () => Promise<Producer>
  readonly signal: AbortSignal
  /** Default: the time now, in ms. */
  readonly now?: number | undefined
}

export interface Readiness {
  /** To be read instead of those that were given. */
  readonly inputs: readonly Input[]
  /** What the producers have to be made with, beside what was given; mostly nothing. */
  readonly properties: Readonly<Record<string, number>>
  /** Of each topic that was looked at. */
  readonly partitions: ReadonlyMap<string, number>
  readonly rules: readonly TopicRules[]
  /** Sentences for people: what was done, what is odd, and what could not be checked. */
  readonly notes: readonly string[]
}

/** How long standard input may keep the load from beginning. */
const FIRST_BYTES_MS = 1000
/** Of topics that records name. */
const MOST_TOPICS = 16

/**
 * Sees, before anything is sent, that the topic is there, and that it takes and keeps what is to be loaded. Reads the
 * inputs' beginnings where records carry timestamps or topics, otherwise nothing. Sends nothing.
 * @throws MillraceError UNKNOWN_TOPIC; PREFLIGHT_REFUSED with the figures and the way out; REQUEST_FAILED,
 * BROKER_UNREACHABLE, ABORTED
 */
export async function preflight(options: PreflightOptions): Promise<Readiness> {
  const { constants, embedded, given, signal } = options
  const { topic } = constants
  const { inputs, sample, notes } = await lookAtInputs(options)
  if (signal.aborted) throw aborted(signal)
  const {
    partitions,
    leader,
    notes: found,
  } = await lookAtTopics(options, [...sample.named].slice(0, MOST_TOPICS))
  notes.push(...found)
  const ready = { inputs, partitions }
  if (partitions.size === 0) return { ...ready, properties: {}, rules: [], notes }
  if (embedded) {
    notes.push('Not checked: limits, retention and compaction; an embedded cluster has none')
    return { ...ready, properties: {}, rules: [], notes }
  }
  const asking = { broker: leader, standIn: options.standIn }
  const { rules, untold } = await askRules(options.producer, [...partitions.keys()], asking)
  if (signal.aborted) throw aborted(signal)
  for (const [name, reason] of untold) {
    notes.push(`Not checked: limits, retention and compaction of ${name}; ${reason}`)
  }
  for (const each of rules) {
    refuseKeyless(each, options)
    notes.push(...judge(each, sample.topics.get(topic === undefined ? each.topic : ''), options))
    notes.push(...spaceNotes(each, partitions.get(each.topic) ?? 1, options))
  }
  const { properties, notes: fitting } = fitBatches(rules, given)
  return { ...ready, properties, rules, notes: [...notes, ...fitting] }
}

/** What the records say beside key and value, as far as it can be seen without reading all of them. */
async function lookAtInputs({ constants, inputs, read }: PreflightOptions): Promise<{
  readonly inputs: readonly Input[]
  readonly sample: Sample
  readonly notes: string[]
}> {
  const readFor = optionsFor(
    inputs.map(({ name }) => name),
    read,
  )
  const byTopic = constants.topic === undefined
  const says = ({ name }: Input) =>
    formatOf(name, read.format) === 'envelope' || read.timestampField !== undefined || byTopic
  const specimens: Specimen[] = []
  const notes: string[] = []
  const mine: Input[] = []
  for (const input of inputs) {
    const options = readFor(input.name)
    if (!says(input)) mine.push(input)
    else if (input.name === STANDARD_INPUT) {
      const { input: rest, head } = await peek(input, FIRST_BYTES_MS)
      mine.push(rest)
      if (head === undefined)
        notes.push('Not checked: timestamps of standard input, of which no whole record came yet')
      else specimens.push({ input: head, read: options })
    } else {
      mine.push(input)
      // what is taken out of a pipe is gone
      if (input.size === null)
        notes.push(`Not checked: timestamps of ${input.name}, which can be read only once`)
      else specimens.push({ input, read: options })
    }
  }
  const sample = await sampleInputs(specimens, { byTopic })
  if (sample.unseen > 0) notes.push(`Not checked: timestamps of the last ${number(sample.unseen)} inputs`)
  return { inputs: mine, sample, notes }
}

/** The load's topic, or those that records were seen to name: a record that names another is a bad one, later. */
async function lookAtTopics(
  { producer, constants, make, given, signal, spelling }: PreflightOptions,
  named: readonly string[],
): Promise<{
  readonly partitions: ReadonlyMap<string, number>
  readonly leader: number
  readonly notes: readonly string[]
}> {
  const { topic, partition } = constants
  if (topic !== undefined) {
    const target = await findTarget(producer, {
      topic,
      partition: partition === 'any' ? undefined : partition,
      make,
      // librdkafka's default is true for producers
      mayBeMade: given['allow.auto.create.topics'] !== false,
      signal,
      spelling,
    })
    const leader = target.partitions.find(({ leader }) => leader >= 0)?.leader ?? -1
    return { partitions: new Map([[topic, target.partitions.length]]), leader, notes: target.notes }
  }
  const partitions = new Map<string, number>()
  let leader = -1
  for (const name of named) {
    const found = await producer.topicLeaders(name)
    if (found === null) continue
    partitions.set(name, found.length)
    if (leader < 0) leader = found.find(({ leader }) => leader >= 0)?.leader ?? -1
  }
  return { partitions, leader, notes: [] }
}

function refuseKeyless(
  { topic, compacted }: TopicRules,
  { constants, inputs, read, spelling }: PreflightOptions,
): void {
  if (!compacted || constants.key !== undefined) return
  if (read.keyDelimiter !== undefined || read.keyField !== undefined) return
  const keyless = inputs.find(({ name }) => formatOf(name, read.format) !== 'envelope')
  if (keyless === undefined) return
  const [field, delimiter, key] = (['keyField', 'keyDelimiter', 'key'] as const).map(option =>
    spell(spelling, option),
  )
  const ways = `${field}, ${delimiter} or ${key}`
  throw new MillraceError(
    'PREFLIGHT_REFUSED',
    `${topic} is compacted (cleanup.policy), and takes no record without key: nothing says what the keys are`,
    {
      hint: `Name them with ${ways}, or load into a topic with cleanup.policy=delete`,
      context: { topic, property: 'cleanup.policy', input: keyless.name },
    },
  )
}

function judge(
  rules: TopicRules,
  sampled: SampledTopic | undefined,
  { read, allowExpired, spelling, now = Date.now() }: PreflightOptions,
): readonly string[] {
  if (sampled === undefined) return []
  const { refusal, notes } = judgeTimestamps(rules, sampled, {
    chosen: read.timestampField !== undefined,
    now,
    spelling,
  })
  if (refusal === undefined) return notes
  if (!allowExpired) throw refusal
  // without the way out, which was taken
  return [refusal.message.slice(0, -`. ${refusal.hint}`.length)]
}

/** Whether the end of the load pushes out its beginning, as far as files tell how large it will be. */
function spaceNotes(
  { topic, retentionBytes }: TopicRules,
  partitions: number,
  { inputs, read, constants }: PreflightOptions,
): string[] {
  const packed = ({ name }: Input) => packingOf(name).packing !== 'none'
  if (retentionBytes === null || constants.topic === undefined || read.valueField !== undefined) return []
  const size = inputs.reduce((sum, input) => sum + (packed(input) ? 0 : (input.size ?? 0)), 0)
  if (size <= retentionBytes * partitions) return []
  return [
    `${topic} keeps ${number(retentionBytes)} bytes a partition (retention.bytes), and the files have ${number(size)} ` +
      `for ${number(partitions)}: unless they get smaller by compression, the first records are deleted before the last ones come`,
  ]
}
