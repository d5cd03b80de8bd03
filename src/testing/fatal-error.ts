import { kafkaError } from '../client/kafka-errors.ts'
import { loadBinding } from '../engine/binding.ts'
import { handleOf } from '../engine/handles.ts'
import { MillraceError } from '../errors.ts'
import { Producer } from '../producer/producer.ts'
import { type ErrorName, errorNumber } from './kafka-names.ts'

export interface FatalErrorOptions {
  /** Default OUT_OF_ORDER_SEQUENCE_NUMBER, which an idempotent producer meets when the broker lost messages. */
  readonly error?: ErrorName | undefined
  /** What the producer is told, after `test_fatal_error: `. */
  readonly reason?: string | undefined
}

/**
 * Has a producer meet a fatal error, as if a broker's answer had brought it. When this returns, librdkafka takes
 * no more messages and begins to end those in its queue; what is in flight ends by the broker's answer. The
 * producer says so (`fatal`, PRODUCER_FATAL) a few turns of the event loop later.
 * @throws MillraceError USAGE for what is no producer, an unknown error, or the callback engine (which has no such
 * way; there, `pushErrors('Produce', ['OUT_OF_ORDER_SEQUENCE_NUMBER'])` leads to a fatal error); PRODUCER_CLOSED;
 * PRODUCER_FATAL when it had met one before
 */
export function raiseFatalError(producer: Producer, options: FatalErrorOptions = {}): void {
  const { error = 'OUT_OF_ORDER_SEQUENCE_NUMBER', reason = 'raised by a test' } = options
  const code = errorNumber(error)
  if (!(producer instanceof Producer)) throw new MillraceError('USAGE', 'raiseFatalError takes a Producer')
  const channel = handleOf(producer)
  if (channel === undefined) {
    throw new MillraceError('USAGE', 'A producer with the callback engine cannot be told to fail', {
      hint: "Connect it with engine: 'batch', or push OUT_OF_ORDER_SEQUENCE_NUMBER to the cluster's Produce",
    })
  }
  const { name, text } = kafkaError(loadBinding().binding.cluster.raiseFatalError(channel, code, reason))
  if (name === 'NO_ERROR') return
  if (name === '_DESTROY') throw new MillraceError('PRODUCER_CLOSED', 'The producer is closed')
  if (name === '_PREV_IN_PROGRESS') {
    throw new MillraceError('PRODUCER_FATAL', 'The producer had met a fatal error before')
  }
  throw new MillraceError('REQUEST_FAILED', `librdkafka raised no fatal error: ${text} (${name})`)
}
