import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError } from '../errors.ts'

/** What brokers answer while a partition's leader moves, or has just come to be: it is over within a moment. */
const moving: ReadonlySet<unknown> = new Set([
  'NOT_LEADER_FOR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
])

const ASK_AGAIN_MS = 100

/**
 * Asks for offsets, and again after an answer that a moving leader brings about: librdkafka looks for the new one then, but
 * leaves the asking to its caller. Rejects as the last asking did, once `timeoutMs` are over or the signal is aborted.
 */
export async function whileLeadersMove<T>(
  ask: () => Promise<T>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<T> {
  const until = performance.now() + timeoutMs
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const mayPass = error instanceof MillraceError && moving.has(error.context.kafkaName)
      if (!mayPass || signal?.aborted || performance.now() + ASK_AGAIN_MS >= until) throw error
    }
    await sleep(ASK_AGAIN_MS)
  }
}
