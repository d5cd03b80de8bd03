import type { MillraceError } from '../errors.ts'
import type { Producer } from '../producer/producer.ts'
import type { BatchResult } from '../producer/results.ts'
import type { Delivery, Message } from '../types.ts'
import type { Fate, Returned } from './returned.ts'

/** A record that waits to be offered again, and who is told of its end. */
export interface Item {
  readonly record: Returned
  readonly end: (fate: Fate) => void
}

/** What became of one offering of an item. */
export type Outcome =
  | { readonly item: Item; readonly delivery: Delivery }
  | { readonly item: Item; readonly error: MillraceError }

/** Offered together at most. */
export const MOST_TOGETHER = 5_000

export interface Offered {
  readonly items: readonly Item[]
  readonly outcomes: readonly Outcome[]
  /** Those that were not accepted any more, since the producer takes no more. */
  readonly left: readonly Item[]
  /** Why so. */
  readonly cut: MillraceError | undefined
  readonly result: BatchResult
}

/** Offers items to a producer, in their order, and waits until each has ended. Never rejects. */
export async function offerAgain(producer: Producer, items: readonly Item[]): Promise<Offered> {
  const messages = items.map(({ record }) => messageOf(record))
  let cut: MillraceError | undefined
  const result = await producer.sendBatch(messages, { detail: 'all' }).catch((error: MillraceError) => {
    cut = error
    return (error.context.result as BatchResult | undefined) ?? NOTHING
  })
  const errors = new Map(result.failures.map(({ index, error }) => [index, error]))
  const outcomes: Outcome[] = []
  const left: Item[] = []
  for (const [index, item] of items.entries()) {
    const delivery = result.delivery(index)
    const error = errors.get(index) ?? cut
    if (delivery !== null) outcomes.push({ item, delivery })
    else if (index >= result.offered || error === undefined) left.push(item)
    else outcomes.push({ item, error })
  }
  return { items, outcomes, left, cut, result }
}

const NOTHING: BatchResult = {
  messages: 0,
  offered: 0,
  accepted: 0,
  refused: 0,
  delivered: 0,
  acknowledged: 0,
  failed: 0,
  possiblyPersisted: 0,
  handedBack: 0,
  failures: [],
  delivery: () => null,
  visitRuns() {},
}

/** A message that a partition refused goes to that one again: without a key it might get into another batch's way. */
function messageOf({ copy, refusedBy, verdict }: Returned): Message {
  const { topic = '', partition, key, value, headers, timestamp } = copy
  const pinned = verdict === 'wait' ? partition : (partition ?? refusedBy)
  return { topic, partition: pinned, key, value, headers, timestamp }
}

/** Key and value, as a load counts them. */
export function bytesOf({ copy: { key, value } }: Returned): number {
  return (key?.length ?? 0) + (value?.length ?? 0)
}
