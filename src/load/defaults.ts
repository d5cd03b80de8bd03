import type { Properties } from '../client/producer-client.ts'
import type { LoadPlan } from './plan.ts'

/** In flight with threads, unless it is set: half of what it is without. */
const IN_FLIGHT_OF_THREADS = {
  'queue.buffering.max.messages': 50_000,
  'queue.buffering.max.kbytes': 32_768,
} as const

/** What a load's producers are made with where the user does not say otherwise. */
export function loadDefaults(
  { createTopic, load: { threads } }: LoadPlan,
  { embedded }: { readonly embedded: boolean },
): Properties {
  return {
    // a cluster that makes topics would make a misspelt one, and by asking for it one that is to be made
    'allow.auto.create.topics': embedded && createTopic === undefined,
    // each thread has memory of its own beside what is in flight
    ...(threads === undefined ? {} : IN_FLIGHT_OF_THREADS),
  }
}
