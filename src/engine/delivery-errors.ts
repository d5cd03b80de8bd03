import { FATAL, type KafkaError, kafkaError, possiblyPersisted } from '../client/kafka-errors.ts'
import { DeliveryError, type ErrorCode, MillraceError } from '../errors.ts'

const CACHED = 1000

/**
 * Makes delivery errors. A whole queue tends to fail at once for one reason: messages that failed
 * alike share one error object, without a stack, which would tell nothing of them.
 */
export class DeliveryErrors {
  readonly #cache = new Map<string, DeliveryError>()

  /** An accepted message that ended without acknowledgement. `persisted`: overrides what the error alone tells. */
  failed(
    error: KafkaError,
    topic: string,
    partition: number,
    persisted = possiblyPersisted(error),
  ): DeliveryError {
    return this.#shared('DELIVERY_FAILED', error, topic, partition, persisted)
  }

  /** A message that librdkafka did not take. */
  refused(code: number, topic: string, partition: number): DeliveryError {
    const error = kafkaError(code)
    return this.#shared(refusalCode(error), error, topic, partition, false)
  }

  #shared(
    code: ErrorCode,
    error: KafkaError,
    topic: string,
    partition: number,
    persisted: boolean,
  ): DeliveryError {
    const key = `${code} ${error.code} ${partition} ${persisted} ${topic}`
    const known = this.#cache.get(key)
    if (known !== undefined) return known
    if (this.#cache.size >= CACHED) this.#cache.clear()
    const made = deliveryError(code, error, topic, partition, persisted)
    this.#cache.set(key, made)
    return made
  }
}

function refusalCode({ name, fault }: KafkaError): ErrorCode {
  if (name === 'MSG_SIZE_TOO_LARGE') return 'MESSAGE_TOO_LARGE'
  if (fault === 'record') return 'INVALID_MESSAGE'
  if (name === '_UNKNOWN_TOPIC' || name === 'UNKNOWN_TOPIC_OR_PART') return 'UNKNOWN_TOPIC'
  return name === '_FATAL' ? 'PRODUCER_FATAL' : 'REQUEST_FAILED'
}

function deliveryError(
  code: ErrorCode,
  error: KafkaError,
  topic: string,
  partition: number,
  persisted: boolean,
): DeliveryError {
  const place = partition >= 0 ? `${topic} [${partition}]` : topic
  const certainty = persisted ? '; it may or may not have been written' : ''
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return new DeliveryError(
      code,
      `Not delivered to ${place}: ${error.text} (${error.name})${certainty}`,
      {
        kafkaCode: error.code,
        kafkaName: error.name,
        retriable: error.retriable,
        possiblyPersisted: persisted,
        fault: error.fault,
        topic,
        partition: partition >= 0 ? partition : null,
      },
      { hint: error.advice },
    )
  } finally {
    Error.stackTraceLimit = limit
  }
}

export function fatalError(reason: string): MillraceError {
  return new MillraceError('PRODUCER_FATAL', `The producer cannot go on: ${reason}`, {
    hint: 'It takes no more messages. Close it, make a new one, and send again what was not delivered',
    context: { kafkaCode: FATAL, kafkaName: '_FATAL' },
  })
}
