import type { InputRange } from '../receipt/format.ts'
import type { ChunkClaim } from './claims.ts'

/** What became of the records of a chunk. */
export const outcomes = ['present', 'missing', 'altered', 'unverifiable'] as const

export type Outcome = (typeof outcomes)[number]

/** Why a chunk is not present; each with what it means. */
export const reasons = {
  absent: 'there are fewer records in its runs of offsets than were delivered',
  'no-topic': 'its topic, or a partition of it, is not there',
  unreadable: 'the broker has records that cannot be read',
  changed: 'as many records are there, and others',
  expired:
    'it begins before the first record that the topic still has (retention, or records deleted on purpose)',
  compacted: 'the topic is compacted, which removes records',
  recreated: 'the topic was made anew since',
  'unknown-offsets': 'the broker did not tell the offsets of all its records',
  aborted: 'its transaction was aborted, or is still open',
  interrupted: 'it was not read to its end',
  contradiction: 'the receipt names another number of offsets than of records',
} as const

export type Reason = keyof typeof reasons

/** A run of offsets that has fewer records than it should. */
export interface ThinRun {
  readonly topic: string
  readonly partition: number
  readonly first: number
  readonly last: number
  readonly records: number
}

export interface Verdict {
  readonly chunk: number
  readonly outcome: Outcome
  /** Null where it is present. */
  readonly reason: Reason | null
  /** Delivered, as the receipt has it. */
  readonly records: number
  /** Seen in its runs. */
  readonly found: number
  /** Where its records stand in the inputs. */
  readonly ranges: readonly InputRange[]
  /** The first of the runs where records lack. */
  readonly thin: readonly ThinRun[]
}

/** How a partition was found. */
export interface PartitionState {
  readonly topic: string
  readonly partition: number
  readonly kind: 'read' | 'absent' | 'recreated'
  readonly low: number
  readonly high: number
  readonly stable: number
  /** All before it was looked at. */
  readonly next: number
  readonly unreadable: boolean
  readonly compacted: boolean
}

/** What was found in one segment. */
export interface Found {
  readonly first: number
  readonly last: number
  readonly records: number
  readonly hash: bigint
  /** With the records that no reader of committed ones sees. */
  readonly uncommitted: number
}

const MOST_THIN = 20
const MASK = 0xffff_ffff_ffff_ffffn

/** Offsets of one chunk that have no record, by what may have become of them. */
interface Lack {
  absent: number
  noTopic: number
  unreadable: number
  expired: number
  compacted: number
  recreated: number
  aborted: number
  unread: number
}

interface Tally extends Lack {
  found: number
  hash: bigint
  readonly thin: ThinRun[]
}

/** Gathers what was found of chunks, segment by segment, and says what that means for each. */
export class Judge {
  readonly #tallies = new Map<number, Tally>()

  /** A segment that these chunks, by position, claim. */
  add(owners: number | readonly number[], state: PartitionState, found: Found): void {
    const lack = lackOf(state, found)
    const lacking = found.records < found.last - found.first + 1
    for (const owner of typeof owners === 'number' ? [owners] : owners) {
      const tally = this.#tallyOf(owner)
      tally.found += found.records
      tally.hash = (tally.hash + found.hash) & MASK
      for (const [kind, count] of Object.entries(lack)) tally[kind as keyof Lack] += count
      if (lacking && tally.thin.length < MOST_THIN) {
        const { topic, partition } = state
        tally.thin.push({ topic, partition, first: found.first, last: found.last, records: found.records })
      }
    }
  }

  verdict(position: number, claim: ChunkClaim): Verdict {
    const tally = this.#tallyOf(position)
    const [outcome, reason] = judge(tally, claim)
    const { chunk, delivered, ranges } = claim
    return { chunk, outcome, reason, records: delivered, found: tally.found, ranges, thin: tally.thin }
  }

  #tallyOf(position: number): Tally {
    const known = this.#tallies.get(position)
    if (known !== undefined) return known
    const tally = { ...nothing(), found: 0, hash: 0n, thin: [] }
    this.#tallies.set(position, tally)
    return tally
  }
}

/** What is surely lost comes before what cannot be known, and both before what looks well. */
function judge(tally: Tally, claim: ChunkClaim): [Outcome, Reason | null] {
  if (tally.recreated > 0) return ['unverifiable', 'recreated']
  if (tally.noTopic > 0) return ['missing', 'no-topic']
  if (tally.unreadable > 0) return ['missing', 'unreadable']
  if (tally.absent > 0) return ['missing', 'absent']
  if (tally.unread > 0) return ['unverifiable', 'interrupted']
  if (tally.aborted > 0) return ['unverifiable', 'aborted']
  if (tally.compacted > 0) return ['unverifiable', 'compacted']
  if (tally.expired > 0) return ['unverifiable', 'expired']
  if (claim.named + claim.unknownOffsets !== claim.delivered) return ['unverifiable', 'contradiction']
  if (claim.unknownOffsets > 0) return ['unverifiable', 'unknown-offsets']
  return tally.hash === claim.hash ? ['present', null] : ['altered', 'changed']
}

function nothing(): Lack {
  return {
    absent: 0,
    noTopic: 0,
    unreadable: 0,
    expired: 0,
    compacted: 0,
    recreated: 0,
    aborted: 0,
    unread: 0,
  }
}

/** Each offset without record has one cause: the first that can be. */
function lackOf(state: PartitionState, { first, last, records, uncommitted }: Found): Lack {
  const lack = nothing()
  let left = last - first + 1 - records
  if (left <= 0) return lack
  const take = (most: number) => {
    const taken = Math.max(0, Math.min(left, most))
    left -= taken
    return taken
  }
  const all = Number.POSITIVE_INFINITY
  if (state.kind === 'recreated') lack.recreated = take(all)
  if (state.kind === 'absent') lack.noTopic = take(all)
  lack.expired = take(Math.min(last + 1, state.low) - first)
  if (state.next <= last) lack.unread = take(last + 1 - Math.max(first, state.next))
  lack.aborted = take(Math.max(uncommitted - records, heldBack(state, first, last)))
  // what is beyond the end was not removed
  if (state.compacted) lack.compacted = take(Math.min(last + 1, state.high) - first)
  if (state.unreadable) lack.unreadable = take(all)
  lack.absent = take(all)
  return lack
}

/** Offsets of the run behind the first open transaction. */
function heldBack({ stable, high }: PartitionState, first: number, last: number): number {
  return Math.min(last + 1, high) - Math.max(first, stable)
}
