import { randomUUID } from 'node:crypto'
import { aborted, MillraceError } from '../errors.ts'
import { type ClientError, identify } from './kafka-errors.ts'
import { whileLeadersMove } from './leaders-move.ts'
import { loadClient } from './load.ts'
import { type Metadata, type Properties, refusedByLibrdkafka, requestFailed } from './producer-client.ts'
import { connectInSlices } from './sliced-metadata.ts'
import { Witness } from './witness.ts'

/** A message as it is in the log. */
export interface ReadMessage {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** A null value reads as an empty one: node-rdkafka's consumer does not tell them apart. */
  readonly headers: readonly (readonly [name: string, value: Buffer])[]
}

/** Where to begin in each partition. */
export type From =
  | 'beginning'
  | 'end'
  | { readonly offset: number }
  /** So many offsets before the end. */
  | { readonly beforeEnd: number }
  | { readonly timestamp: number }

export interface ReadOptions {
  readonly topic: string
  /** Default: all partitions. */
  readonly partition?: number | undefined
  readonly from?: From | undefined
  /** How many messages at most. */
  readonly limit?: number | undefined
  /** How long to wait for the cluster to answer or to send the next message, in ms; default 10,000. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

interface RdkafkaMessage {
  topic: string
  partition: number
  offset: number
  timestamp: number
  key: Buffer | null
  value: Buffer | null
  headers?: Record<string, Buffer>[]
}

interface Assignment {
  topic: string
  partition: number
  offset: number
}

/** The parts of node-rdkafka's KafkaConsumer that are used here. */
interface RdkafkaConsumer {
  connect(
    options: { topic: string; timeout: number },
    callback: (error: ClientError | null, metadata: Metadata) => void,
  ): void
  disconnect(callback: () => void): void
  getMetadata(
    options: { topic?: string; allTopics?: boolean; timeout: number },
    callback: (error: ClientError | null, metadata: Metadata) => void,
  ): void
  assign(partitions: Assignment[]): void
  consume(count: number, callback: (error: ClientError | null, messages: RdkafkaMessage[]) => void): void
  setDefaultConsumeTimeout(milliseconds: number): void
  queryWatermarkOffsets(
    topic: string,
    partition: number,
    timeout: number,
    callback: (error: ClientError | null, offsets: { lowOffset: number; highOffset: number }) => void,
  ): void
  offsetsForTimes(
    partitions: Assignment[],
    timeout: number,
    callback: (error: ClientError | null, partitions: Assignment[]) => void,
  ): void
  on(event: 'partition.eof', listener: (eof: { partition: number }) => void): void
  on(event: 'event.log', listener: (line: { severity: number; fac: string; message: string }) => void): void
  on(event: 'event.error', listener: (error: ClientError) => void): void
}

const BATCH = 1000
const CONSUME_MS = 250

/**
 * Reads a topic from `from` to where it ended when the reading began. Within a partition messages come
 * in the order of their offsets.
 * @throws MillraceError UNKNOWN_TOPIC, BROKER_UNREACHABLE, REQUEST_FAILED, CONFIG_INVALID_VALUE, ABORTED
 */
export async function* readTopic(properties: Properties, options: ReadOptions): AsyncGenerator<ReadMessage> {
  const {
    topic,
    partition,
    from = 'beginning',
    limit = Number.POSITIVE_INFINITY,
    timeoutMs = 10_000,
    signal,
  } = options
  const { consumer, metadata } = await connect(properties, topic, timeoutMs, signal)
  try {
    const ends = new Map<number, number>()
    const assignment: Assignment[] = []
    for (const id of choosePartitions(metadata, topic, partition)) {
      const range = await rangeOf(consumer, id, { ...options, from, timeoutMs })
      if (range.next >= range.end) continue
      ends.set(id, range.end)
      assignment.push({ topic, partition: id, offset: range.next })
    }
    // a partition is read when its last message was seen, or its end where that is a transaction marker
    const open = new Set(ends.keys())
    consumer.on('partition.eof', eof => open.delete(eof.partition))
    consumer.assign(assignment)
    consumer.setDefaultConsumeTimeout(Math.min(CONSUME_MS, timeoutMs))
    let count = 0
    if (limit <= 0) return
    let lastSeen = performance.now()
    while (open.size > 0) {
      if (signal?.aborted) throw aborted(signal)
      const messages = await consume(consumer, topic)
      if (messages.length > 0) lastSeen = performance.now()
      else if (open.size > 0 && performance.now() - lastSeen > timeoutMs)
        throw stalled(topic, open, timeoutMs)
      for (const message of messages) {
        const end = ends.get(message.partition) ?? 0
        if (message.offset >= end - 1) open.delete(message.partition)
        if (message.offset >= end) continue
        yield toReadMessage(message)
        if (++count >= limit) return
      }
    }
  } finally {
    await new Promise<void>(resolve => consumer.disconnect(() => resolve()))
  }
}

function connect(
  properties: Properties,
  topic: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<{ consumer: RdkafkaConsumer; metadata: Metadata }> {
  const { rdkafka } = loadClient()
  let consumer: RdkafkaConsumer
  try {
    consumer = new rdkafka.KafkaConsumer(
      {
        ...properties,
        // never joins it: partitions are assigned, offsets not committed
        'group.id': `millrace-read-${randomUUID()}`,
        'enable.auto.commit': false,
        'enable.partition.eof': true,
        'allow.auto.create.topics': false,
      },
      { 'auto.offset.reset': 'earliest' },
    ) as unknown as RdkafkaConsumer
  } catch (cause) {
    throw refusedByLibrdkafka(cause)
  }
  const witness = new Witness()
  consumer.on('event.log', ({ severity, fac, message }) =>
    witness.log({ level: severity, facility: fac, message }),
  )
  consumer.on('event.error', error => witness.error(identify(error)))
  const brokers = String(properties['bootstrap.servers'] ?? '')
  return new Promise((resolve, reject) => {
    connectInSlices(consumer, () => signal?.aborted === true)
    consumer.connect({ topic, timeout: timeoutMs }, (error, metadata) => {
      if (error && signal?.aborted) reject(aborted(signal))
      else if (error) reject(witness.explain(brokers, timeoutMs, identify(error)))
      else resolve({ consumer, metadata })
    })
  })
}

function choosePartitions(metadata: Metadata, topic: string, partition: number | undefined): number[] {
  const found = metadata.topics.find(({ name }) => name === topic)
  const partitions = found?.partitions.map(({ id }) => id).sort((a, b) => a - b) ?? []
  if (partitions.length === 0) {
    throw new MillraceError('UNKNOWN_TOPIC', `The cluster has no topic ${topic}`, {
      hint: 'Check the name, and that the credentials may read it',
      context: { topic },
    })
  }
  if (partition === undefined) return partitions
  if (partitions.includes(partition)) return [partition]
  throw new MillraceError('UNKNOWN_TOPIC', `The topic ${topic} has no partition ${partition}`, {
    hint: `It has ${partitions.length}, from 0`,
    context: { topic, partition },
  })
}

async function rangeOf(
  consumer: RdkafkaConsumer,
  partition: number,
  { topic, from, timeoutMs, signal }: ReadOptions & { readonly from: From; readonly timeoutMs: number },
): Promise<{ next: number; end: number }> {
  const bounds = () =>
    ask<{ lowOffset: number; highOffset: number }>(`offsets of ${topic}`, callback =>
      consumer.queryWatermarkOffsets(topic, partition, timeoutMs, callback),
    )
  const { lowOffset: low, highOffset: end } = await whileLeadersMove(bounds, timeoutMs, signal)
  if (from === 'beginning') return { next: low, end }
  if (from === 'end') return { next: end, end }
  if ('beforeEnd' in from) return { next: Math.max(low, end - from.beforeEnd), end }
  if ('offset' in from) return { next: Math.max(low, from.offset), end }
  const byTime = () =>
    ask<Assignment[]>(`offsets of ${topic} by time`, callback =>
      consumer.offsetsForTimes([{ topic, partition, offset: from.timestamp }], timeoutMs, callback),
    )
  const [found] = await whileLeadersMove(byTime, timeoutMs, signal)
  // -1 where no message is that young
  return { next: found === undefined || found.offset < 0 ? end : found.offset, end }
}

function consume(consumer: RdkafkaConsumer, topic: string): Promise<RdkafkaMessage[]> {
  return ask(`messages of ${topic}`, callback => consumer.consume(BATCH, callback))
}

function ask<T>(
  what: string,
  call: (callback: (error: ClientError | null, value: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(requestFailed(what, identify(error))) : resolve(value)))
  })
}

function stalled(topic: string, open: ReadonlySet<number>, timeoutMs: number): MillraceError {
  return new MillraceError(
    'BROKER_UNREACHABLE',
    `No message came for ${timeoutMs} ms from ${topic} [${[...open].join(', ')}]`,
    { hint: 'The leader of the partition may be down', context: { topic } },
  )
}

function toReadMessage(message: RdkafkaMessage): ReadMessage {
  const { topic, partition, offset, timestamp, key, value, headers = [] } = message
  return {
    topic,
    partition,
    offset,
    timestamp,
    key,
    value,
    headers: headers.map(toHeader),
  }
}

/** node-rdkafka makes an object of each header, by plain assignment: one named __proto__ becomes its prototype. */
function toHeader(header: Record<string, Buffer>): readonly [string, Buffer] {
  const [own] = Object.entries(header)
  return own ?? ['__proto__', Object.getPrototypeOf(header) as Buffer]
}
