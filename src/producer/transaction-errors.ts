import { TransactionRefusal } from '../client/producer-client.ts'
import { describe, MillraceError } from '../errors.ts'

function context(cause: unknown): Readonly<Record<string, unknown>> {
  if (!(cause instanceof TransactionRefusal)) return {}
  return { kafkaCode: cause.error.code, kafkaName: cause.error.name }
}

/** What is thrown at who sends in a transaction that is over. */
export function endedTransaction(): MillraceError {
  return new MillraceError('TRANSACTION_REQUIRED', 'The transaction has ended', {
    hint: 'Send before the function given to transaction() is done',
  })
}

export function outsideTransaction(): MillraceError {
  return new MillraceError(
    'TRANSACTION_REQUIRED',
    'A producer with a transactional.id sends inside transactions only',
    { hint: 'Send through what transaction() gives its function, or leave transactional.id out' },
  )
}

export function noTransactions(): MillraceError {
  return new MillraceError('USAGE', 'This producer has no transactional.id', {
    hint: 'Transactions want one: a name that no other running producer uses',
    context: { property: 'transactional.id' },
  })
}

export function abortedTransaction(cause: unknown): MillraceError {
  return new MillraceError('TRANSACTION_ABORTED', `The transaction was aborted: ${describe(cause)}`, {
    cause,
    hint: 'Nothing of it is visible to read_committed readers; it may be tried again',
    context: context(cause),
  })
}

export function fencedProducer(cause: unknown): MillraceError {
  return new MillraceError(
    'PRODUCER_FENCED',
    'Another producer with the same transactional.id has taken over',
    {
      cause,
      hint: 'Let only one producer use a transactional.id; this one is done',
      context: context(cause),
    },
  )
}

export function timedOutTransaction(lifetimeMs: number, cause: unknown): MillraceError {
  return new MillraceError(
    'TRANSACTION_TIMED_OUT',
    `The transaction was open for longer than transaction.timeout.ms (${lifetimeMs} ms), and the broker aborted it`,
    {
      cause,
      hint: 'Make transactions smaller or transaction.timeout.ms larger; go on with a new producer',
      context: context(cause),
    },
  )
}

/** No commit was asked for, and the abort was not confirmed. */
export function unconfirmedAbort(timeoutMs: number, cause: unknown): MillraceError {
  return new MillraceError(
    'TRANSACTION_UNKNOWN',
    `The abort of the transaction was not confirmed within ${timeoutMs} ms: ${describe(cause)}`,
    {
      cause,
      hint: 'Nothing of it becomes visible: the broker aborts it after transaction.timeout.ms at the latest, or when a new producer with the same transactional.id connects',
      context: context(cause),
    },
  )
}

/** Nobody knows how it ended, or the producer met a fatal error. */
export function lostTransaction(timeoutMs: number, cause: unknown): MillraceError {
  if (cause instanceof TransactionRefusal && cause.fatal) {
    return new MillraceError('PRODUCER_FATAL', `The producer cannot go on: ${describe(cause)}`, {
      cause,
      hint: 'Close it and make a new one; nothing of an open transaction becomes visible',
      context: context(cause),
    })
  }
  return new MillraceError(
    'TRANSACTION_UNKNOWN',
    `The transaction did not end within ${timeoutMs} ms: ${describe(cause)}`,
    {
      cause,
      hint: 'It may be visible or not. A new producer with the same transactional.id ends it; then look at the topic',
      context: context(cause),
    },
  )
}
