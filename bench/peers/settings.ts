import { DEFAULT_LIMITS } from '../../src/engine/admission.ts'
import type { Properties } from './protocol.ts'

/** What all clients of a comparison have alike; each has its own names for it. */
export interface Settings {
  readonly lingerMs: number
  readonly batchBytes: number
  /** The Java client and franz-go bound batches by bytes alone; at 100 bytes a message that is the bound that counts. */
  readonly batchMessages: number
  readonly requestsInFlight: number
  readonly acks: 'all'
  readonly idempotence: true
  readonly compression: Compression
  /** Messages on their way, and their bytes. */
  readonly messages: number
  readonly bytes: number
}

export const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

export interface Compression {
  readonly codec: (typeof codecs)[number]
  /** Null: each client's default. */
  readonly level: number | null
}

/** librdkafka's defaults, and millrace's own limits. */
export const defaultSettings: Settings = {
  lingerMs: 5,
  batchBytes: 1_000_000,
  batchMessages: 10_000,
  requestsInFlight: 5,
  acks: 'all',
  idempotence: true,
  compression: { codec: 'none', level: null },
  ...DEFAULT_LIMITS,
}

/** The larger of the two ways to bound what is in flight. */
export const largeSettings: Settings = { ...defaultSettings, messages: 500_000, bytes: 1024 ** 3 }

/** What a message takes in a batch beside its value, at most, without key and headers. */
const RECORD_OVERHEAD = 24

/** Messages of a size that one batch surely holds, by its bytes and its number; whole thousands where there are such. */
export function batchOf({ batchBytes, batchMessages }: Settings, messageSize: number): number {
  const count = Math.max(1, Math.min(batchMessages, Math.floor(batchBytes / (messageSize + RECORD_OVERHEAD))))
  return count < 1000 ? count : count - (count % 1000)
}

/** Messages of a size that may be on their way, by their number and their bytes. */
export function outstandingOf({ messages, bytes }: Settings, messageSize: number): number {
  return Math.max(1, Math.min(messages, Math.floor(bytes / messageSize)))
}

/** For all that stands on librdkafka. */
export function librdkafkaProperties(settings: Settings): Properties {
  const { codec, level } = settings.compression
  return {
    'enable.idempotence': settings.idempotence,
    acks: settings.acks,
    partitioner: 'murmur2_random',
    'compression.type': codec,
    ...(level === null ? {} : { 'compression.level': level }),
    'linger.ms': settings.lingerMs,
    'batch.size': settings.batchBytes,
    'batch.num.messages': settings.batchMessages,
    'max.in.flight.requests.per.connection': settings.requestsInFlight,
    'queue.buffering.max.messages': settings.messages,
    'queue.buffering.max.kbytes': settings.bytes / 1024,
  }
}

/** For rdkafka_performance, which has other defaults than librdkafka for some. */
export function rdkafkaPerformanceProperties(settings: Settings): Properties {
  return {
    ...librdkafkaProperties(settings),
    'message.send.max.retries': 2_147_483_647,
    'retry.backoff.ms': 100,
  }
}

/** For the Java client, which has no bound by messages. */
export function javaProperties(settings: Settings): Properties {
  const { codec, level } = settings.compression
  return {
    'enable.idempotence': settings.idempotence,
    acks: settings.acks,
    'compression.type': codec,
    ...(level === null ? {} : { [`compression.${codec}.level`]: level }),
    'linger.ms': settings.lingerMs,
    'batch.size': settings.batchBytes,
    'max.request.size': Math.max(1_048_576, settings.batchBytes),
    'max.in.flight.requests.per.connection': settings.requestsInFlight,
    'buffer.memory': settings.bytes,
  }
}

/** For our program around franz-go, which with idempotence has 5 requests in flight and acks=all, and nothing else. */
export function franzGoSettings(settings: Settings): Properties {
  const { codec, level } = settings.compression
  return {
    acks: settings.acks,
    idempotence: settings.idempotence,
    compression: codec,
    ...(level === null ? {} : { compressionLevel: level }),
    lingerMs: settings.lingerMs,
    batchBytes: settings.batchBytes,
    requestsInFlight: settings.requestsInFlight,
    bufferedRecords: settings.messages,
    bufferedBytes: settings.bytes,
  }
}

/** For kafkajs, which neither lingers nor gathers: a call is what goes out. */
export function kafkajsOptions(settings: Settings): Properties {
  return {
    idempotent: settings.idempotence,
    acks: -1,
    maxInFlightRequests: settings.requestsInFlight,
    compression: settings.compression.codec,
  }
}

/** For @platformatic/kafka, whose calls go out as they are, too. */
export function platformaticOptions(settings: Settings): Properties {
  return {
    idempotent: settings.idempotence,
    acks: -1,
    maxInflights: settings.requestsInFlight,
    compression: settings.compression.codec,
  }
}
