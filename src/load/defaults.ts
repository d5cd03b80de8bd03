import type { Properties } from '../client/producer-client.ts'
import type { LoadPlan } from './plan.ts'

/** In flight with threads, unless it is set: half of what it is without. */
const IN_FLIGHT_OF_THREADS = {
  'queue.buffering.max.messages': 50_000,
  'queue.buffering.max.kbytes': 32_768,
} as const

/**
 * librdkafka drops the connection that it asked for metadata as soon as it knows the brokers by their ids, and connects
 * anew only half of this later; with its default every load waits 50 ms before its first request.
 */
const RECONNECT_MS = 20

/** What a load's producers are made with where the user does not say otherwise. */
export function loadDefaults(
  { createTopic, load: { threads } }: LoadPlan,
  { embedded }: { readonly embedded: boolean },
): Properties {
  return {
    // a cluster that makes topics would make a misspelt one, and by asking for it one that is to be made
    'allow.auto.create.topics': embedded && createTopic === undefined,
    'reconnect.backoff.ms': RECONNECT_MS,
    // each thread has memory of its own beside what is in flight
    ...(threads === undefined ? {} : IN_FLIGHT_OF_THREADS),
  }
}
