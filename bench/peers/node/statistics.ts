import type { Batches } from '../protocol.ts'

/** What is read of librdkafka's statistics; counters are of the producer's whole life. */
export interface Statistics {
  readonly txmsgs?: unknown
  readonly brokers?: unknown
}

interface Broker {
  readonly req?: { readonly Produce?: number }
  readonly txretries?: number
}

/** What librdkafka sent by then; a request of its is one batch of one partition. Null before the first. */
export function batchesOf({ txmsgs, brokers }: Statistics): Batches | null {
  const requests = Object.values((brokers ?? {}) as Readonly<Record<string, Broker>>).reduce(
    (sum, { req, txretries }) => sum + (req?.Produce ?? 0) - (txretries ?? 0),
    0,
  )
  return requests > 0 ? { messages: Number(txmsgs), batches: requests, requests } : null
}
