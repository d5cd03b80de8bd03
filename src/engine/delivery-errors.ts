import { type KafkaError, kafkaError, possiblyPersisted } from '../client/kafka-errors.ts'
import { DeliveryError, type ErrorCode } from '../errors.ts'

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
    const kind = error.name === 'MSG_SIZE_TOO_LARGE' ? 'MESSAGE_TOO_LARGE' : 'INVALID_MESSAGE'
    return this.#shared(error.fault === 'record' ? kind : 'DELIVERY_FAILED', error, topic, partition, false)
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
