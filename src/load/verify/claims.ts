import { MillraceError } from '../../errors.ts'
import {
  type Damage,
  type InputRange,
  isChunk,
  isResumed,
  isTopics,
  type ReceiptHeader,
  readReceipt,
} from '../receipt/format.ts'
import { ClaimedRuns } from './segments.ts'

/** What a receipt says of one chunk. */
export interface ChunkClaim {
  readonly chunk: number
  readonly ranges: readonly InputRange[]
  readonly delivered: number
  readonly unknownOffsets: number
  readonly hash: bigint
  /** Offsets that are named. */
  readonly named: number
  /** A resume sent its records again: other chunks name them, and this one stands for nothing. */
  readonly superseded: boolean
}

export interface PartitionClaims {
  readonly topic: string
  readonly partition: number
  /** Their owners are positions among the chunks. */
  readonly runs: ClaimedRuns
}

/** All that a receipt claims to be in its topics. */
export interface Claims {
  readonly path: string
  readonly header: ReceiptHeader
  readonly chunks: readonly ChunkClaim[]
  readonly partitions: readonly PartitionClaims[]
  /** By name; null where the cluster told none. */
  readonly topicIds: ReadonlyMap<string, string | null>
  readonly damage: Damage | undefined
}

interface Met extends ChunkClaim {
  readonly after: number | undefined
  superseded: boolean
}

/**
 * Reads what a receipt claims.
 * @throws MillraceError RECEIPT_UNREADABLE; also for one that was cut off in its first line, and so claims nothing
 */
export async function readClaims(path: string): Promise<Claims> {
  const met: Met[] = []
  const partitions = new Map<string, PartitionClaims>()
  const topicIds = new Map<string, string | null>()
  const learn = (topics: ReceiptHeader['topics']) => {
    for (const { topic, topicId } of topics) topicIds.set(topic, topicIds.get(topic) ?? topicId)
  }
  const { header, damage } = await readReceipt(path, line => {
    if (isTopics(line)) learn(line.topics)
    else if (isResumed(line)) {
      if (line.resumed.mode === 'ordered') supersede(met)
    } else if (isChunk(line)) {
      let named = 0
      for (const [topic, partition, runs] of line.offsets) {
        const name = `${partition} ${topic}`
        const claims = partitions.get(name) ?? { topic, partition, runs: new ClaimedRuns() }
        partitions.set(name, claims)
        for (const [first, last] of runs) {
          claims.runs.add(first, last, met.length)
          named += last - first + 1
        }
      }
      const { chunk, after, ranges, delivered, unknownOffsets } = line
      const hash = BigInt(`0x${line.hash}`)
      met.push({ chunk, after, ranges, delivered, unknownOffsets, hash, named, superseded: false })
    }
  })
  if (header === undefined) {
    throw new MillraceError(
      'RECEIPT_UNREADABLE',
      `The receipt ${path} is empty: its load had sent nothing yet`,
      {
        hint: 'There is nothing to verify',
        context: { receipt: path, reason: 'empty' },
      },
    )
  }
  learn(header.topics)
  return { path, header, chunks: met, partitions: [...partitions.values()], topicIds, damage }
}

/** A resume that keeps the order sends all again that comes after a gap in its domain. */
function supersede(met: readonly Met[]): void {
  const followers = new Map<number | undefined, Met[]>()
  for (const chunk of met) {
    if (chunk.superseded) continue
    const siblings = followers.get(chunk.after)
    if (siblings === undefined) followers.set(chunk.after, [chunk])
    else siblings.push(chunk)
  }
  const reached = new Set(followers.get(undefined))
  // a set gives what is added meanwhile, too
  for (const { chunk } of reached) for (const next of followers.get(chunk) ?? []) reached.add(next)
  for (const chunk of met) chunk.superseded ||= !reached.has(chunk)
}
