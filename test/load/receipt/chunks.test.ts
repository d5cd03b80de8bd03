import { expect, test } from 'vitest'
import { ChunkTracker, type PieceEnd } from '../../../src/load/receipt/chunks.ts'
import type { ChunkLine } from '../../../src/load/receipt/lines.ts'

/** Offered together, and delivered. */
const others = [
  [4, 0, 3],
  [5, 0, 2],
] as const

const nothing: Omit<PieceEnd, 'piece'> = {
  domain: 0,
  delivered: 0,
  rejected: 0,
  lost: 0,
  bytes: 0,
  partitions: [],
  unknownOffsets: 0,
  hash: 0n,
}

/** What is written down of two inputs that were offered together, between pieces of others, when they ended so. */
async function written(end: Partial<PieceEnd>): Promise<ChunkLine[]> {
  const lines: ChunkLine[] = []
  const tracker = new ChunkTracker({
    openRecords: 100,
    chunkRecords: 100,
    chunkMs: 1e9,
    nextChunk: 0,
    nextDomain: 0,
    deadLetterBytes: () => 0,
    write: async line => {
      lines.push(line)
    },
  })
  const domain = tracker.addDomain()
  tracker.begin({ domain, piece: 0, input: 0, from: 0, to: 7, records: 1, skipped: 0 })
  tracker.inputEnded(domain, 0, 7)
  const whole = [
    [1, 0, 5],
    [2, 0, 0],
    [3, 0, 9],
  ] as const
  tracker.begin({ domain, piece: 1, input: 1, from: 0, to: 5, whole, records: 4, skipped: 1 })
  tracker.begin({ domain, piece: 2, input: 4, from: 0, to: 3, whole: others, records: 1, skipped: 0 })
  for (const piece of [0, 2]) tracker.end({ ...nothing, piece, delivered: 1 })
  tracker.end({ ...nothing, ...end, piece: 1 })
  await tracker.finish()
  return lines
}

test('inputs that were offered together are each of a line’s ranges, and have ended', async () => {
  expect(await written({ delivered: 3, rejected: 1 })).toMatchObject([
    {
      ranges: [
        [0, 0, 7],
        [1, 0, 5],
        [2, 0, 0],
        [3, 0, 9],
        [4, 0, 3],
        [5, 0, 2],
      ],
      ends: [0, 1, 2, 3, 4, 5],
      read: 7,
      skipped: 1,
      delivered: 5,
      rejected: 1,
    },
  ])
})

test.each([
  { delivered: 3, lost: 1 },
  { delivered: 4, lost: 0, open: true },
])('none of them is done when %j', async ({ open, ...end }) => {
  const lines = await written(open === true ? { ...end, delivered: 3 } : end)
  expect(lines).toMatchObject([
    { ranges: [[0, 0, 7]], ends: [0], read: 1 },
    { ranges: others.slice(), ends: [4, 5], read: 1 },
  ])
})
