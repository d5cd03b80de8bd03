import { DeliveryError, type ErrorCode, type MillraceError } from '../errors.ts'

/**
 * What is to become of a record whose message was not delivered. `reject`: it is itself the cause. `suspect`: it, or
 * another one of its batch, is. `neighbour`: surely another one is. `wait`: the cluster is, and surely has not got it.
 * `failed`: the broker may have it. `unsent`: its producer was closed before it was sent. `fatal`: so is the rest.
 */
export type Verdict = 'reject' | 'suspect' | 'neighbour' | 'wait' | 'failed' | 'unsent' | 'fatal'

export function verdict(error: MillraceError): Verdict {
  if (foundBeforehand.includes(error.code)) return 'reject'
  if (!(error instanceof DeliveryError) || ending.includes(error.code)) return 'fatal'
  const { kafkaName, possiblyPersisted, fault } = error
  if (fatalNames.has(kafkaName)) return 'fatal'
  if (possiblyPersisted) return 'failed'
  if (kafkaName === '_PURGE_QUEUE') return 'unsent'
  if (kafkaName === '_INVALID_DIFFERENT_RECORD') return 'neighbour'
  return fault === 'record' ? 'suspect' : 'wait'
}

/** What is found in a message itself, before it is accepted. */
const foundBeforehand: readonly ErrorCode[] = ['INVALID_MESSAGE', 'UNSUPPORTED_MESSAGE', 'MESSAGE_TOO_LARGE']

const ending: readonly ErrorCode[] = ['PRODUCER_FATAL', 'PRODUCER_FENCED', 'PRODUCER_CLOSED']

/** With these the producer is done, or will be within the moment. */
const fatalNames: ReadonlySet<string> = new Set([
  '_FATAL',
  '_FENCED',
  '_GAPLESS_GUARANTEE',
  '_INCONSISTENT',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
])
