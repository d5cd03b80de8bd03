import { type ErrorCode, MillraceError } from '../errors.ts'
import { EXIT } from './command.ts'

const byCode: Readonly<Record<ErrorCode, number>> = {
  USAGE: EXIT.usage,
  CONFIG_MISSING: EXIT.usage,
  CONFIG_UNKNOWN_PROPERTY: EXIT.usage,
  CONFIG_INVALID_VALUE: EXIT.usage,
  CONFIG_FILE: EXIT.usage,
  CLIENT_NOT_BUILT: EXIT.usage,
  ENGINE_UNAVAILABLE: EXIT.usage,
  UNKNOWN_TOPIC: EXIT.usage,
  PREFLIGHT_REFUSED: EXIT.usage,
  INPUT_UNREADABLE: EXIT.input,
  BAD_RECORD: EXIT.input,
  RECEIPT_UNREADABLE: EXIT.input,
  RECEIPT_UNFIT: EXIT.usage,
  RECEIPT_FAILED: EXIT.input,
  TOO_MANY_REJECTED: EXIT.input,
  DEAD_LETTERS_UNWRITABLE: EXIT.input,
  OUTPUT_FAILED: EXIT.input,
  HISTOGRAM_UNREADABLE: EXIT.input,
  HISTOGRAM_LAYOUT: EXIT.input,
  SOURCE_FAILED: EXIT.unexpected,
  THREAD_DIED: EXIT.unexpected,
  BROKER_UNREACHABLE: EXIT.cluster,
  AUTHENTICATION_FAILED: EXIT.cluster,
  REQUEST_FAILED: EXIT.cluster,
  PRODUCER_FATAL: EXIT.cluster,
  PRODUCER_FENCED: EXIT.cluster,
  TRANSACTION_REQUIRED: EXIT.unexpected,
  TRANSACTION_ABORTED: EXIT.cluster,
  TRANSACTION_TIMED_OUT: EXIT.cluster,
  TRANSACTION_UNKNOWN: EXIT.cluster,
  CLUSTER_FAILED: EXIT.cluster,
  CLUSTER_STOPPED: EXIT.unexpected,
  DELIVERY_FAILED: EXIT.cluster,
  INVALID_MESSAGE: EXIT.incomplete,
  UNSUPPORTED_MESSAGE: EXIT.incomplete,
  MESSAGE_TOO_LARGE: EXIT.incomplete,
  PRODUCER_CLOSED: EXIT.unexpected,
  FLUSH_TIMEOUT: EXIT.cluster,
  ABORTED: EXIT.SIGINT,
}

/** The exit code for what a command threw. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof MillraceError)) return EXIT.unexpected
  // a command that was interrupted tells by what
  if (error.code === 'ABORTED' && error.context.signal === 'SIGTERM') return EXIT.SIGTERM
  return byCode[error.code]
}
