import type { ProducerProperties } from '../config/index.ts'
import { Loading } from './loading.ts'
import type { LoadOptions } from './options.ts'

/**
 * Loads files, or a stream, into a topic, and accounts for every record: what `millrace produce` does, with events
 * instead of a progress bar. Begins at once, and returns before anything was read; never throws.
 *
 * Properties are those of a producer. Defaults that differ from its own: allow.auto.create.topics=false,
 * reconnect.backoff.ms=20, and with threads 50,000 messages or 32 MiB in flight.
 * @returns the load, whose `result` waits for its end; that rejects with MillraceError where the load cannot begin
 */
export function load(properties: ProducerProperties, options: LoadOptions): Loading {
  // as they are now: who called may go on to change them
  const given = [copyOf(properties), copyOf(options)] as const
  return new Loading(async () => (await import('./prepare.ts')).prepare(...given))
}

/** What is no object is for the check to refuse. */
function copyOf<T extends object>(given: T): T {
  return typeof given === 'object' && given !== null ? { ...given } : given
}
