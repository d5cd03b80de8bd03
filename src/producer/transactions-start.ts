import { type ProducerClient, TransactionRefusal } from '../client/producer-client.ts'
import { aborted, describe, MillraceError } from '../errors.ts'
import { fencedProducer } from './transaction-errors.ts'

/** One request; librdkafka goes on with it at the next. */
const SLICE_MS = 500

/**
 * Registers the transactional.id: fences an older producer of that id, and ends what it had left open.
 * @throws MillraceError PRODUCER_FENCED, REQUEST_FAILED, ABORTED
 */
export async function startTransactions(
  client: ProducerClient,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    if (signal?.aborted) throw aborted(signal)
    const left = Math.max(1, Math.ceil(deadline - performance.now()))
    try {
      await client.initTransactions(Math.min(left, SLICE_MS))
      return
    } catch (error) {
      const goesOn = error instanceof TransactionRefusal && error.retriable && !error.fatal
      if (!goesOn || performance.now() >= deadline) throw explain(error, timeoutMs)
    }
  }
}

function explain(cause: unknown, timeoutMs: number): MillraceError {
  if (!(cause instanceof TransactionRefusal)) throw cause
  const { error } = cause
  if (error.name === 'PRODUCER_FENCED' || error.name === '_FENCED') return fencedProducer(cause)
  const late = cause.retriable ? ` within ${timeoutMs} ms` : ''
  return new MillraceError(
    'REQUEST_FAILED',
    `The cluster did not take the transactional.id${late}: ${describe(cause)}`,
    {
      cause,
      hint:
        error.advice ??
        'An older transaction of the same id, or a cluster without its transaction log, can hold it up',
      context: { kafkaCode: error.code, kafkaName: error.name },
    },
  )
}
