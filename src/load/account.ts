import type { BatchResult } from '../producer/results.ts'
import { addRun } from './receipt/runs.ts'

/** What a load delivered to one partition. */
export interface PartitionAccount {
  readonly topic: string
  readonly partition: number
  delivered: number
  /** Null where the broker told no offset. */
  firstOffset: number | null
  lastOffset: number | null
}

/** The same, with all offsets. */
export interface PartitionRuns extends PartitionAccount {
  /** First and last of each run of offsets, one after the other. */
  readonly runs: number[]
}

/** How records that were offered have ended. */
export interface Settled {
  readonly delivered: number
  readonly failed: number
  readonly possiblyPersisted: number
  readonly bytes: number
  readonly partitions: readonly PartitionAccount[]
}

/**
 * The account of a load, in records:
 * read = sent + skipped + rejected + unsent + alreadyDone, and sent = delivered + failed once it has ended.
 */
export class Account {
  read = 0
  /** By runs of the load before this one. */
  alreadyDone = 0
  /** Left out on purpose, such as blank lines. */
  skipped = 0
  /** Cannot be a message, or was refused because of what it is. Stands among the dead letters, where there are such. */
  rejected = 0
  delivered = 0
  failed = 0
  /** Part of failed. */
  possiblyPersisted = 0
  /** Of the delivered records, key and value. */
  bytes = 0
  readonly #topics = new Map<string, Map<number, PartitionAccount & { readonly runs?: number[] }>>()
  readonly #keepsRuns: boolean

  /** @param keepsRuns whether all offsets are kept */
  constructor(keepsRuns = false) {
    this.#keepsRuns = keepsRuns
  }

  get sent(): number {
    return this.delivered + this.failed
  }

  /** What was read and has not ended: on its way while the load runs, never accepted when it is over. */
  get open(): number {
    return this.read - this.sent - this.skipped - this.rejected - this.alreadyDone
  }

  get partitions(): readonly PartitionAccount[] {
    return this.#all().sort((a, b) =>
      a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1,
    )
  }

  /** All offsets, where they are kept. */
  get runs(): readonly PartitionRuns[] {
    return this.#all().filter((account): account is PartitionRuns => account.runs !== undefined)
  }

  /** Notes each delivery of a batch; `sizeOf` are bytes from one index to another (exclusive). */
  addDeliveries(result: BatchResult, sizeOf: (from: number, to: number) => number): void {
    result.visitRuns((topic, partition, first, index, count) => {
      this.bytes += sizeOf(index, index + count)
      const account = this.#partition(topic, partition)
      account.delivered += count
      if (first === null) return
      const last = first + count - 1
      if (account.runs !== undefined) addRun(account.runs, first, last)
      account.firstOffset = least(account.firstOffset, first)
      account.lastOffset = greatest(account.lastOffset, last)
    })
    this.delivered += result.delivered
  }

  /** Adds what another one has noted of deliveries and failures. */
  addSettled({ delivered, failed, possiblyPersisted, bytes, partitions }: Settled): void {
    this.delivered += delivered
    this.failed += failed
    this.possiblyPersisted += possiblyPersisted
    this.bytes += bytes
    for (const { topic, partition, delivered, firstOffset, lastOffset } of partitions) {
      const account = this.#partition(topic, partition)
      account.delivered += delivered
      account.firstOffset = least(account.firstOffset, firstOffset)
      account.lastOffset = greatest(account.lastOffset, lastOffset)
    }
  }

  #partition(topic: string, partition: number): PartitionAccount & { readonly runs?: number[] } {
    let partitions = this.#topics.get(topic)
    if (partitions === undefined) {
      partitions = new Map()
      this.#topics.set(topic, partitions)
    }
    let account = partitions.get(partition)
    if (account === undefined) {
      const runs = this.#keepsRuns ? { runs: [] } : {}
      account = { topic, partition, delivered: 0, firstOffset: null, lastOffset: null, ...runs }
      partitions.set(partition, account)
    }
    return account
  }

  #all(): (PartitionAccount & { readonly runs?: number[] })[] {
    return [...this.#topics.values()].flatMap(partitions => [...partitions.values()])
  }
}

function least(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other
  return Math.min(one, other)
}

function greatest(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other
  return Math.max(one, other)
}
