import type { Message } from '../types.ts'
import type { Offers } from './offers.ts'

/** More digits than 2^53 has. */
export const MOST_DIGITS = 16

/** Which of so many lanes it is, so that together they have each number once. */
export interface Part {
  readonly index: number
  readonly of: number
}

/** Of nothing else. */
export const WHOLE: Part = { index: 0, of: 1 }

/** A part of a part. */
export function within(outer: Part, { index, of }: Part): Part {
  return { index: outer.index * of + index, of: outer.of * of }
}

/**
 * Payloads that are numbers from 0 on, as text: each lane has every so-many-th, ascending. They are made as they are
 * offered, which is a part of what is measured then.
 */
export function monotonicOffers(topic: string, { index, of }: Part): Offers {
  let next = index
  const take = () => {
    const text = String(next)
    next += of
    return text
  }
  const message = (): Message => ({ topic, value: take() })
  return {
    message,
    batch: length => Array.from({ length }, message),
    framed(length) {
      // of its own: what was offered belongs to the producer until it has ended
      const bytes = Buffer.allocUnsafeSlow(length * MOST_DIGITS)
      const ranges = new Uint32Array(2 * length)
      let at = 0
      for (let number = 0; number < length; number++) {
        ranges[2 * number] = at
        at += bytes.write(take(), at, 'latin1')
        ranges[2 * number + 1] = at
      }
      return { topic, bytes, ranges }
    },
  }
}

/** Bytes of a payload, on average over the first so many. */
export function meanDigits(count: number): number {
  if (count === 0) return 1
  let digits = 0
  for (let length = 1, from = 0, to = 10; from < count; length++, from = to, to *= 10) {
    digits += length * (Math.min(to, count) - from)
  }
  return digits / count
}
