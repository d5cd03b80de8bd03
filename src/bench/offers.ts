import type { Framed, Message } from '../types.ts'
import type { Cell } from './cell.ts'
import { monotonicOffers, type Part } from './monotonic.ts'
import type { Ring } from './payloads.ts'
import type { TrialSpec } from './trial.ts'

/** What the loops of a trial offer, made before the clock runs unless it grows; each call gives the next. */
export interface Offers {
  message(): Message
  batch(length: number): readonly Message[]
  framed(length: number): Framed
}

/** What one lane of a trial offers. */
export function offersFor({ topic, cell, payloadMonotonic }: TrialSpec, ring: Ring, part: Part): Offers {
  return payloadMonotonic === true ? monotonicOffers(topic, part) : offersOf(ring, topic, cell)
}

/** Batches that are made differ in their payloads, up to this many messages of all of them. */
const MADE_MESSAGES = 65_536

export function offersOf(ring: Ring, topic: string, { api, batch }: Cell): Offers {
  const { bytes, ranges } = ring
  const payloads = ranges.length / 2
  const at = (position: number): Message => {
    const index = position % payloads
    return { topic, value: bytes.subarray(ranges[2 * index], ranges[2 * index + 1]) }
  }
  const size = batch ?? 1
  const batches = Math.max(1, Math.floor(MADE_MESSAGES / size))
  const messages = api === 'framed' ? [] : Array.from({ length: payloads }, (_, index) => at(index))
  const arrays = Array.from({ length: api === 'batch' ? batches : 0 }, (_, number) =>
    Array.from({ length: size }, (_, index) => messages[(number * size + index) % payloads] as Message),
  )
  const frames = Array.from({ length: api === 'framed' ? batches : 0 }, (_, number) =>
    frame(ring, topic, number * size, size),
  )
  let next = 0
  const pick = <T>(made: readonly T[]): T => {
    if (next >= made.length) next = 0
    return made[next++] as T
  }
  return {
    message: () => pick(messages),
    batch(length) {
      const made = pick(arrays)
      return length === made.length ? made : made.slice(0, length)
    },
    framed(length) {
      const made = pick(frames)
      return 2 * length === made.ranges.length
        ? made
        : { ...made, ranges: made.ranges.subarray(0, 2 * length) }
    },
  }
}

function frame({ bytes, ranges }: Ring, topic: string, first: number, size: number): Framed {
  const own = new Uint32Array(2 * size)
  for (let index = 0; index < size; index++) {
    const payload = (first + index) % (ranges.length / 2)
    own[2 * index] = ranges[2 * payload] as number
    own[2 * index + 1] = ranges[2 * payload + 1] as number
  }
  return { topic, bytes, ranges: own }
}
