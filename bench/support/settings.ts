import { DEFAULT_LIMITS } from '../../src/engine/admission.ts'

/** What all clients of a comparison have alike; each has its own names for it. */
export interface Settings {
  readonly lingerMs: number
  readonly batchBytes: number
  /** The Java client and franz-go bound batches by bytes alone; at 100 bytes a message that is the bound that counts. */
  readonly batchMessages: number
  readonly requestsInFlight: number
  /** Messages on their way, and their bytes. */
  readonly messages: number
  readonly bytes: number
}

/** librdkafka's defaults, and millrace's own limits. */
export const defaultSettings: Settings = {
  lingerMs: 5,
  batchBytes: 1_000_000,
  batchMessages: 10_000,
  requestsInFlight: 5,
  ...DEFAULT_LIMITS,
}

/** The larger of the two ways to bound what is in flight. */
export const largeSettings: Settings = { ...defaultSettings, messages: 500_000, bytes: 1024 ** 3 }

export type Properties = Readonly<Record<string, string | number | boolean>>

/** For millrace, its ceiling and node-rdkafka. */
export function librdkafkaProperties(settings: Settings): Properties {
  return {
    'enable.idempotence': true,
    acks: 'all',
    partitioner: 'murmur2_random',
    'compression.type': 'none',
    'linger.ms': settings.lingerMs,
    'batch.size': settings.batchBytes,
    'batch.num.messages': settings.batchMessages,
    'max.in.flight.requests.per.connection': settings.requestsInFlight,
    'queue.buffering.max.messages': settings.messages,
    'queue.buffering.max.kbytes': settings.bytes / 1024,
  }
}

/** For the Java client, which has no bound by messages. */
export function javaProperties(settings: Settings): Properties {
  return {
    'enable.idempotence': true,
    acks: 'all',
    'compression.type': 'none',
    'linger.ms': settings.lingerMs,
    'batch.size': settings.batchBytes,
    'max.request.size': Math.max(1_048_576, settings.batchBytes),
    'max.in.flight.requests.per.connection': settings.requestsInFlight,
    'buffer.memory': settings.bytes,
  }
}

/** For our program around franz-go, which has idempotence, acks=all and 5 requests in flight by itself. */
export function franzGoSettings(settings: Settings): Properties {
  return {
    lingerMs: settings.lingerMs,
    batchBytes: settings.batchBytes,
    bufferedRecords: settings.messages,
    bufferedBytes: settings.bytes,
  }
}
