/**
 * The closed set of error codes, each with what it means for the caller.
 * Scripts and tests rely on them: add, do not rename.
 */
export const errorCodes = {
  USAGE: 'a command or call was given something it does not take',
  CONFIG_MISSING: 'a property that is needed was not given',
  CONFIG_UNKNOWN_PROPERTY: 'librdkafka has no such property',
  CONFIG_INVALID_VALUE: 'a property has a value that it does not take, or two properties contradict',
  CONFIG_FILE: 'a configuration file cannot be read or understood',
  CLIENT_NOT_BUILT: 'node-rdkafka is not installed or was not built',
  ENGINE_UNAVAILABLE: 'the engine asked for, or what else needs the addon, cannot run here',
  BROKER_UNREACHABLE: 'no broker answered',
  AUTHENTICATION_FAILED: 'the brokers refused the credentials or the TLS handshake',
  UNKNOWN_TOPIC: 'the cluster has no such topic',
  PREFLIGHT_REFUSED: 'the topic would refuse, or soon delete, what is to be loaded; nothing was sent',
  INVALID_MESSAGE: 'a message cannot be sent as it is; nothing of it was accepted',
  UNSUPPORTED_MESSAGE: 'this engine cannot carry such a message; nothing of it was accepted',
  MESSAGE_TOO_LARGE: 'a message is beyond a limit of this client; nothing of it was accepted',
  DELIVERY_FAILED: 'an accepted message was not acknowledged',
  PRODUCER_CLOSED: 'the producer is closing or closed; what the error speaks of was not accepted',
  PRODUCER_FATAL: 'the producer met a fatal error and takes no more messages',
  PRODUCER_FENCED: 'another producer with the same transactional.id took over',
  TRANSACTION_REQUIRED: 'a message was offered outside of a transaction; it was not accepted',
  TRANSACTION_ABORTED: 'the transaction was aborted; nothing of it is visible',
  TRANSACTION_TIMED_OUT: 'the broker aborted a transaction that was open for too long',
  TRANSACTION_UNKNOWN: 'whether the transaction was committed is not known',
  FLUSH_TIMEOUT: 'messages were still on their way when the time was up',
  ABORTED: 'the caller aborted; what had been accepted has ended',
  THREAD_DIED: 'a worker thread ended in the middle of its job',
  SOURCE_FAILED: 'the source of messages threw; what had been accepted has ended',
  INPUT_UNREADABLE: 'an input cannot be opened or read',
  BAD_RECORD: 'a record of the input cannot be made into a message, or was refused because of what it is',
  TOO_MANY_REJECTED: 'more records were rejected than is allowed',
  DEAD_LETTERS_UNWRITABLE: 'rejected records cannot be written to their file (any more)',
  RECEIPT_UNREADABLE: 'a receipt cannot be read, or was altered',
  RECEIPT_UNFIT: 'a receipt is of another load, or of one that runs, or its inputs or cluster changed',
  RECEIPT_FAILED: 'a receipt cannot be written',
  OUTPUT_FAILED: 'results cannot be written to the file that was named for them',
  HISTOGRAM_UNREADABLE: 'a text is no latency histogram, or was altered',
  HISTOGRAM_LAYOUT: 'a latency histogram has other buckets, or is of another version',
  CLUSTER_FAILED: 'the embedded cluster could not start or serve',
  CLUSTER_STOPPED: 'the embedded cluster was stopped, or is being stopped',
  REQUEST_FAILED: 'the cluster refused or did not answer a request',
} as const

export type ErrorCode = keyof typeof errorCodes

export interface MillraceErrorOptions {
  cause?: unknown
  /** What the caller can do about it; appended to the message. */
  hint?: string | undefined
  /** Facts that a program may want: file, line, property, broker … */
  context?: Readonly<Record<string, unknown>> | undefined
}

/** Every error that millrace throws or rejects with. `code` is stable; `message` is for people. */
export class MillraceError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly context: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: MillraceErrorOptions = {}) {
    const whole = options.hint === undefined ? message : `${message}. ${options.hint}`
    super(whole, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'MillraceError'
    this.code = code
    this.hint = options.hint
    this.context = options.context ?? {}
  }
}

/** What an error says, without its hint: for another one that is to have the same. */
export function textOf({ message, hint }: MillraceError): string {
  return hint === undefined ? message : message.slice(0, -(hint.length + '. '.length))
}

/** Whether the record itself or the cluster (or the way to it) is the cause. */
export type Fault = 'record' | 'cluster'

export interface DeliveryErrorFields {
  /** Kafka's or librdkafka's error number; librdkafka's own are negative. */
  kafkaCode: number
  /** Its name, such as TOPIC_AUTHORIZATION_FAILED or _MSG_TIMED_OUT. */
  kafkaName: string
  retriable: boolean
  possiblyPersisted: boolean
  fault: Fault
  topic: string
  /** Null where no partition was chosen yet. */
  partition: number | null
}

/**
 * One message that was not delivered. With `possiblyPersisted` false the broker does not have it;
 * with true it may or may not: sending it again may duplicate it.
 */
export class DeliveryError extends MillraceError implements DeliveryErrorFields {
  readonly kafkaCode: number
  readonly kafkaName: string
  readonly retriable: boolean
  readonly possiblyPersisted: boolean
  readonly fault: Fault
  readonly topic: string
  readonly partition: number | null

  constructor(
    code: ErrorCode,
    message: string,
    fields: DeliveryErrorFields,
    options: MillraceErrorOptions = {},
  ) {
    super(code, message, options)
    this.name = 'DeliveryError'
    this.kafkaCode = fields.kafkaCode
    this.kafkaName = fields.kafkaName
    this.retriable = fields.retriable
    this.possiblyPersisted = fields.possiblyPersisted
    this.fault = fields.fault
    this.topic = fields.topic
    this.partition = fields.partition
  }
}

/** The text of anything that was thrown. */
export function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** What an aborted call rejects with. */
export function aborted(signal: AbortSignal | undefined): MillraceError {
  return new MillraceError('ABORTED', 'Aborted by the caller', { cause: signal?.reason })
}
