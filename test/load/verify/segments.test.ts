import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ClaimedRuns, type Segments } from '../../../src/load/verify/segments.ts'

const runs = fc.array(
  fc.record({ first: fc.nat(60), length: fc.integer({ min: 1, max: 15 }), owner: fc.nat(5) }),
  { maxLength: 25 },
)

function segmentsOf(
  all: readonly { first: number; length: number; owner: number }[],
  wanted: (owner: number) => boolean = () => true,
): Segments {
  const claimed = new ClaimedRuns()
  for (const { first, length, owner } of all) claimed.add(first, first + length - 1, owner)
  return claimed.segments(wanted)
}

/** Who claims each offset, once for each run. */
function claimsOf({ ends, owners }: Segments): Map<number, number[]> {
  const claims = new Map<number, number[]>()
  for (const [index, owner] of owners.entries()) {
    for (let offset = ends[2 * index] as number; offset <= (ends[2 * index + 1] as number); offset++) {
      if (claims.has(offset)) throw new Error(`offset ${offset} stands in two segments`)
      claims.set(offset, [owner].flat().sort())
    }
  }
  return claims
}

describe('segments of claimed runs', () => {
  test('have each offset once, in order, with all who claim it', () => {
    fc.assert(
      fc.property(runs, fc.nat(5), (all, unwanted) => {
        const segments = segmentsOf(all, owner => owner !== unwanted)
        const expected = new Map<number, number[]>()
        for (const { first, length, owner } of all) {
          if (owner === unwanted) continue
          for (let offset = first; offset < first + length; offset++)
            expected.set(offset, [...(expected.get(offset) ?? []), owner].sort())
        }
        expect(claimsOf(segments)).toEqual(new Map([...expected].sort(([a], [b]) => a - b)))
        expect([...segments.ends]).toEqual([...segments.ends].sort((a, b) => a - b))
      }),
    )
  })

  test('runs that only touch stay apart', () => {
    const { ends, owners } = segmentsOf([
      { first: 10, length: 5, owner: 1 },
      { first: 0, length: 10, owner: 0 },
    ])
    expect([...ends]).toEqual([0, 9, 10, 14])
    expect(owners).toEqual([0, 1])
  })
})
