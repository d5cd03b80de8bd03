import { setTimeout as sleep } from 'node:timers/promises'
import { aborted, MillraceError } from '../../errors.ts'
import type { Producer } from '../../producer/producer.ts'
import type { PartitionLeader } from '../../producer/topic.ts'
import { type Spelling, spell, spellProperty } from '../spelling.ts'

/** Makes a topic; without a number, with as many partitions as the brokers give it. Fails with what Kafka says. */
export type TopicMaker = (topic: string, partitions: number | undefined) => Promise<void>

export interface TargetOptions {
  readonly topic: string
  readonly partition: number | undefined
  /** Absent: a topic that is not there is refused. */
  readonly make?: { readonly partitions: number | undefined; readonly by: TopicMaker } | undefined
  /** Asking for a topic may have the cluster make it (allow.auto.create.topics). */
  readonly mayBeMade: boolean
  readonly signal: AbortSignal
  /** How options are called towards the user. */
  readonly spelling: Spelling
}

export interface Target {
  readonly topic: string
  readonly partitions: readonly PartitionLeader[]
  readonly notes: readonly string[]
}

const MADE_MS = 30_000
/** As long as describeTopic waits for a topic that asking makes. */
const MADE_BY_ASKING_MS = 3000
const ASK_AGAIN_MS = 50

/**
 * Finds the topic of a load, or makes it and waits until each partition has a leader.
 * @throws MillraceError UNKNOWN_TOPIC; REQUEST_FAILED, BROKER_UNREACHABLE; ABORTED
 */
export async function findTarget(producer: Producer, options: TargetOptions): Promise<Target> {
  const { topic, partition, make, mayBeMade, signal, spelling } = options
  const notes: string[] = []
  // a topic that is to be made is not to be made by asking, with other partitions
  let found = await ask(producer, topic, mayBeMade && make === undefined ? MADE_BY_ASKING_MS : 0, signal)
  if (found === null && make !== undefined) {
    const mine = await made(make.by, topic, make.partitions)
    found = await ask(producer, topic, MADE_MS, signal)
    if (found !== null && mine) notes.push(`Made the topic ${topic}, with ${inWords(found.length)}`)
  }
  if (found === null) throw unknown(topic, make !== undefined, spelling)
  const count = found.length
  if (make?.partitions !== undefined && make.partitions !== count) {
    notes.push(`The topic ${topic} was there already, with ${inWords(count)} instead of ${make.partitions}`)
  }
  if (partition === undefined || partition < count) return { topic, partitions: found, notes }
  throw new MillraceError('UNKNOWN_TOPIC', `The topic ${topic} has no partition ${partition}`, {
    hint: `It has ${count}, from 0`,
    context: { topic, partition },
  })
}

/** @returns false: somebody else made it in the meantime */
async function made(by: TopicMaker, topic: string, partitions: number | undefined): Promise<boolean> {
  try {
    await by(topic, partitions)
    return true
  } catch (error) {
    if (error instanceof MillraceError && error.context.kafkaName === 'TOPIC_ALREADY_EXISTS') return false
    throw error
  }
}

/** Waits so long until the topic is there and led; the last answer counts. */
async function ask(
  producer: Producer,
  topic: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<readonly PartitionLeader[] | null> {
  const until = performance.now() + waitMs
  for (;;) {
    const found = await producer.topicLeaders(topic)
    if (signal.aborted) throw aborted(signal)
    const led = found?.every(({ leader }) => leader >= 0) ?? false
    if (led || performance.now() >= until) return found
    await sleep(ASK_AGAIN_MS)
  }
}

function unknown(topic: string, making: boolean, spelling: Spelling): MillraceError {
  const hint = making
    ? 'It was made, but no broker shows it; try again'
    : `Check the name, make it with ${spell(spelling, 'createTopic', true)}, or let the cluster make it with ${spellProperty(spelling, 'allow.auto.create.topics', true)} where it may`
  return new MillraceError('UNKNOWN_TOPIC', `The cluster has no topic ${topic}`, { hint, context: { topic } })
}

function inWords(partitions: number): string {
  return partitions === 1 ? '1 partition' : `${partitions} partitions`
}
