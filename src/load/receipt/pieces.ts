import type { RecordBlock } from '../../input/index.ts'
import type { BatchResult } from '../../producer/results.ts'
import type { Message } from '../../types.ts'
import type { Account } from '../account.ts'
import type { Offering } from '../offering.ts'
import type { StreamWatch } from '../place.ts'
import { type RecordHasher, recordHasher } from '../record-hash.ts'
import type { Copy, Fate, Returned } from '../returned.ts'
import type { LoadEvent } from '../steward.ts'
import type { PieceEnd, PieceStart } from './chunks.ts'
import type { InputRange } from './lines.ts'
import { addOffset } from './runs.ts'

/** Who is told of ends. */
interface Listener {
  tell(event: LoadEvent): void
}

/** What became of messages of a piece that were offered together. */
export interface Ended {
  readonly offered: Offering
  readonly result: BatchResult
  /** Of the deliveries, with their offsets. */
  readonly account: Account
  /** Of them more will be told. */
  readonly returned: number
}

/** Tells a receipt of what one thread reads and sends: from where to where each piece reaches, and how it ends. */
export class Pieces {
  readonly #domain: number
  readonly #listener: Listener
  readonly #hasher: RecordHasher
  #input = 0
  #at = 0
  #stream: StreamWatch | undefined
  #last = -1

  private constructor(domain: number, listener: Listener, hasher: RecordHasher) {
    this.#domain = domain
    this.#listener = listener
    this.#hasher = hasher
  }

  static async of(domain: number, listener: Listener): Promise<Pieces> {
    return new Pieces(domain, listener, await recordHasher())
  }

  /** The piece that was begun last. */
  get current(): number {
    return this.#last
  }

  /** What comes next is of that input, from `at` on. */
  open(input: number, at: number, stream: StreamWatch | undefined): void {
    this.#input = input
    this.#at = at
    this.#stream = stream
  }

  /** A piece that reaches from the end of the last one to `to`, which is in that block. */
  begin(block: RecordBlock, to: number, records: number, skipped: number): PieceStart {
    this.#stream?.add(block, to)
    const from = this.#at
    this.#at = to
    return {
      domain: this.#domain,
      piece: ++this.#last,
      input: this.#input,
      from,
      to,
      records,
      skipped,
      prefix: this.#stream?.text,
    }
  }

  /** A piece of inputs that were read whole. */
  beginWhole(whole: readonly InputRange[], records: number, skipped: number): PieceStart {
    const [input, from, to] = whole[0] as InputRange
    const piece = ++this.#last
    return { domain: this.#domain, piece, input, from, to, whole, records, skipped }
  }

  inputEnded(): void {
    this.#listener.tell({ kind: 'inputEnded', domain: this.#domain, input: this.#input, at: this.#at })
  }

  settled(piece: number, { offered, result, account, returned }: Ended): PieceEnd {
    const { delivered, bytes, runs } = account
    return {
      ...this.#end(piece),
      delivered,
      lost: result.messages - delivered - returned,
      bytes,
      partitions: runs,
      unknownOffsets: runs.reduce((left, { runs }) => left - lengthOf(runs), delivered),
      hash:
        delivered === result.messages
          ? this.#hasher.sum(offered, 0, delivered)
          : this.#hashOf(offered, result),
    }
  }

  /** Records of a piece were rejected, or were to be and could not. */
  aside(piece: number, rejected: number, lost: number): void {
    if (rejected + lost === 0) return
    this.#listener.tell({ kind: 'ended', end: { ...this.#end(piece), rejected, lost } })
  }

  /** Records of a piece that were offered again have ended. */
  fated(piece: number, returned: readonly Returned[], fates: readonly Fate[]): void {
    if (fates.length === 0) return
    const end = { ...this.#end(piece), partitions: [] as PieceEnd['partitions'][number][] }
    for (const [index, fate] of fates.entries()) {
      if (fate.state === 'rejected') end.rejected++
      else if (fate.state === 'failed') end.lost++
      else {
        const { copy } = returned[index] as Returned
        const { topic, partition, offset } = fate.delivery
        end.delivered++
        end.bytes += (copy.key?.length ?? 0) + (copy.value?.length ?? 0)
        end.hash += this.#hasher.sum([messageOf(copy)], 0, 1)
        const runs: number[] = []
        if (offset === null) end.unknownOffsets++
        else addOffset(runs, offset)
        end.partitions.push({ topic, partition, runs })
      }
    }
    this.#listener.tell({ kind: 'ended', end })
  }

  #end(piece: number) {
    const none = { delivered: 0, rejected: 0, lost: 0, bytes: 0, unknownOffsets: 0 }
    return { domain: this.#domain, piece, ...none, partitions: [], hash: 0n }
  }

  /** Of those that were delivered, where not all were. */
  #hashOf(offered: Offering, result: BatchResult): bigint {
    let hash = 0n
    let from = 0
    for (let index = 0; index <= result.messages; index++) {
      if (index < result.messages && result.delivery(index) !== null) continue
      if (index > from) hash += this.#hasher.sum(offered, from, index)
      from = index + 1
    }
    return hash
  }
}

function lengthOf(runs: readonly number[]): number {
  let length = 0
  for (let at = 0; at < runs.length; at += 2) length += (runs[at + 1] as number) - (runs[at] as number) + 1
  return length
}

/** What comes from another thread is no Buffer any more, and need not be. */
function messageOf({ topic = '', key, value, headers }: Copy): Message {
  return { topic, key, value, headers }
}
