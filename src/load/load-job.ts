import type { Part, ReadOptions } from '../input/index.ts'
import type { ProducerToken } from '../producer/share.ts'
import type { Talk } from '../workers/protocol.ts'
import type { FeedOptions } from './feed.ts'
import type { Place } from './place.ts'
import type { Fate, Rejected, Returned } from './returned.ts'
import type { Grant, LoadEvent } from './steward.ts'

/** What a thread of a load is started with, and what it and the load say to each other. */
export interface LoadTalk extends Talk {
  job: LoadJob
  progress: LoadEvent
  question: Question
  answer: Answer
}

export interface LoadJob {
  /** Of the producers that it sends through. */
  readonly tokens: readonly ProducerToken[]
  readonly feed: FeedOptions
  /** Whether records are granted by the load, for a rate or a limit; otherwise the thread need not ask. */
  readonly metered: boolean
}

export type Question =
  | { readonly want: 'part' }
  | { readonly want: 'grant'; readonly count: number; readonly bytes: number }
  | { readonly want: 'partitions'; readonly topic: string }
  | { readonly want: 'reject'; readonly rejected: readonly Rejected[] }
  | { readonly want: 'again'; readonly returned: readonly Returned[] }

export interface Answer {
  /** Absent: there are no more. */
  readonly part?: { readonly part: Part; readonly read: ReadOptions; readonly place: Place } | undefined
  readonly grant?: Grant | undefined
  readonly partitions?: number | undefined
  readonly isAside?: boolean | undefined
  readonly fates?: readonly Fate[] | undefined
}
