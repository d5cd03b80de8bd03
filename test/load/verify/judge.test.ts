import { describe, expect, test } from 'vitest'
import type { ChunkClaim } from '../../../src/load/verify/claims.ts'
import { type Found, Judge, type PartitionState } from '../../../src/load/verify/judge.ts'

const claim: ChunkClaim = {
  chunk: 7,
  ranges: [[0, 0, 1000]],
  delivered: 10,
  unknownOffsets: 0,
  hash: 42n,
  named: 10,
  superseded: false,
}

const state: PartitionState = {
  topic: 'events',
  partition: 0,
  kind: 'read',
  low: 0,
  high: 1000,
  stable: 1000,
  next: Number.POSITIVE_INFINITY,
  unreadable: false,
  compacted: false,
}

const found: Found = { first: 100, last: 109, records: 10, hash: 42n, uncommitted: 10 }
const lost: Partial<Found> = { records: 7, uncommitted: 7, hash: 1n }

describe('what is said of a chunk', () => {
  const rows: readonly [
    name: string,
    change: { claim?: Partial<ChunkClaim>; state?: Partial<PartitionState>; found?: Partial<Found> },
    outcome: string,
    reason: string | null,
  ][] = [
    ['all there', {}, 'present', null],
    ['another hash', { found: { hash: 43n } }, 'altered', 'changed'],
    ['fewer records', { found: lost }, 'missing', 'absent'],
    ['no topic', { state: { kind: 'absent' }, found: lost }, 'missing', 'no-topic'],
    ['a topic made anew', { state: { kind: 'recreated' }, found: lost }, 'unverifiable', 'recreated'],
    ['beginning gone', { state: { low: 103 }, found: lost }, 'unverifiable', 'expired'],
    ['more lacks than the beginning', { state: { low: 102 }, found: lost }, 'missing', 'absent'],
    ['gone after it was read', { state: { low: 500 } }, 'present', null],
    ['compacted', { state: { compacted: true }, found: lost }, 'unverifiable', 'compacted'],
    [
      'compacted, and beyond the end',
      { state: { compacted: true, high: 107 }, found: { ...lost, records: 2, uncommitted: 2 } },
      'missing',
      'absent',
    ],
    ['compacted, all there', { state: { compacted: true } }, 'present', null],
    ['aborted', { found: { ...lost, uncommitted: 10 } }, 'unverifiable', 'aborted'],
    ['partly aborted', { found: { ...lost, uncommitted: 9 } }, 'missing', 'absent'],
    ['behind an open transaction', { state: { stable: 107 }, found: lost }, 'unverifiable', 'aborted'],
    ['beyond the end', { state: { stable: 107, high: 107 }, found: lost }, 'missing', 'absent'],
    ['interrupted', { state: { next: 107 }, found: lost }, 'unverifiable', 'interrupted'],
    ['interrupted behind a loss', { state: { next: 108 }, found: lost }, 'missing', 'absent'],
    ['unreadable', { state: { unreadable: true }, found: lost }, 'missing', 'unreadable'],
    [
      'offsets that nobody told',
      { claim: { delivered: 12, unknownOffsets: 2 } },
      'unverifiable',
      'unknown-offsets',
    ],
    [
      'offsets that nobody told, and a loss',
      { claim: { delivered: 12, unknownOffsets: 2 }, found: lost },
      'missing',
      'absent',
    ],
    ['a receipt at odds with itself', { claim: { delivered: 11 } }, 'unverifiable', 'contradiction'],
  ]
  test.each(rows)('%s', (_, change, outcome, reason) => {
    const judge = new Judge()
    judge.add(0, { ...state, ...change.state }, { ...found, ...change.found })
    expect(judge.verdict(0, { ...claim, ...change.claim })).toMatchObject({ chunk: 7, outcome, reason })
  })

  test('nothing was delivered', () => {
    const empty = { ...claim, delivered: 0, named: 0, hash: 0n }
    expect(new Judge().verdict(0, empty)).toMatchObject({ outcome: 'present', found: 0 })
  })

  test('an offset that two chunks claim counts for both', () => {
    const judge = new Judge()
    judge.add([0, 1], state, found)
    expect(judge.verdict(0, claim).outcome).toBe('present')
    expect(judge.verdict(1, { ...claim, hash: 5n })).toMatchObject({ outcome: 'altered', found: 10 })
  })

  test('runs that are thin are told, not all of them', () => {
    const judge = new Judge()
    for (let first = 0; first < 1000; first += 10)
      judge.add(0, state, { first, last: first + 9, records: first === 0 ? 10 : 9, hash: 0n, uncommitted: 9 })
    const { thin } = judge.verdict(0, claim)
    expect(thin).toHaveLength(20)
    expect(thin[0]).toEqual({ topic: 'events', partition: 0, first: 10, last: 19, records: 9 })
  })
})
