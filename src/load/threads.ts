import { optionsForPart, type ReadOptions, STANDARD_INPUT } from '../input/index.ts'
import type { Producer } from '../producer/producer.ts'
import { entryBeside } from '../workers/entry.ts'
import { Thread } from '../workers/thread.ts'
import { asMillraceError, Feed, type FeedOptions } from './feed.ts'
import type { Answer, LoadTalk, Question } from './load-job.ts'
import { PartQueue } from './part-queue.ts'
import type { Place } from './place.ts'
import type { LoadReceipt } from './receipt/load-receipt.ts'
import type { Steward } from './steward.ts'
import { type InputStretch, placeOf, sourceOf } from './stretch.ts'

export interface ThreadsOptions {
  readonly threads: number
  readonly producers: readonly Producer[]
  readonly stretches: readonly InputStretch[]
  /** The options for an input of that name. */
  readonly readFor: (name: string) => ReadOptions
  readonly feed: FeedOptions
  /** Whether the load has a say in when how many records are read. */
  readonly metered: boolean
  readonly receipt?: LoadReceipt | undefined
  /** What each thread runs; default: load-thread. */
  readonly entry?: URL | undefined
}

/**
 * Feeds the producers from worker threads, which take parts of the files until there are none. Standard input cannot
 * leave the main thread, and is read here meanwhile. Waits until all have ended; never rejects.
 * No more threads are started than there are parts.
 */
export async function feedByThreads(options: ThreadsOptions, steward: Steward): Promise<void> {
  const { producers, stretches, readFor, feed, receipt } = options
  const isFile = ({ input }: InputStretch) => input.name !== STANDARD_INPUT
  const queue = new PartQueue(stretches.filter(isFile), readFor, options.threads)
  const count = Math.min(options.threads, queue.atMost)
  const threads = Array.from({ length: count }, (_, index) => {
    const mine = shareOf(producers, index, count)
    return runThread(mine, options, queue, readFor, steward)
  })
  const here = stretches.filter(stretch => !isFile(stretch))
  if (here.length > 0) {
    const sources = await Promise.all(here.map(stretch => sourceOf(stretch, readFor(stretch.input.name))))
    threads.push(new Feed({ ...feed, domain: receipt?.addDomain() }, steward).run(producers, sources))
  }
  await Promise.all(threads)
}

/** The producers of a thread: in turn, so that each thread has one and no producer is without a thread. */
function shareOf(producers: readonly Producer[], index: number, threads: number): readonly Producer[] {
  const first = producers[index % producers.length] as Producer
  return [first, ...producers.filter((_, at) => at > index && at % threads === index)]
}

async function runThread(
  producers: readonly Producer[],
  { feed, metered, receipt, entry = entryBeside(import.meta.url, 'load-thread') }: ThreadsOptions,
  queue: PartQueue,
  readFor: (name: string) => ReadOptions,
  steward: Steward,
): Promise<void> {
  const { finish, abort } = steward
  const answer = async (question: Question): Promise<Answer> => {
    if (question.want === 'grant') return { grant: await steward.take(question.count, question.bytes) }
    if (question.want === 'reject') return { isAside: await steward.reject(question.rejected) }
    if (question.want === 'again') return { fates: await steward.again(question.returned) }
    if (question.want === 'partitions') return { partitions: await steward.partitions(question.topic) }
    return { part: finish.aborted ? undefined : await nextPart(queue, readFor, steward, receipt) }
  }
  try {
    const tokens = producers.map(producer => producer.share())
    const job = { tokens, feed: { ...feed, domain: receipt?.addDomain() }, metered }
    const thread = new Thread<LoadTalk>(entry, job, { progress: event => steward.tell(event), answer })
    const stopping = [
      [finish, () => thread.stop('finish')],
      [abort, () => thread.stop('abort')],
    ] as const
    for (const [signal, stop] of stopping) {
      if (signal.aborted) stop()
      signal.addEventListener('abort', stop, { once: true })
    }
    try {
      await thread.ended
    } finally {
      for (const [signal, stop] of stopping) signal.removeEventListener('abort', stop)
      // not awaited: a thread that reads from a pipe ends when the pipe's writer does
      void thread.terminate()
    }
  } catch (error) {
    // a thread that was only starting when the load was cut short finds no producer any more
    const { code } = asMillraceError(error)
    if (abort.aborted && code === 'PRODUCER_CLOSED') return
    steward.tell({ kind: 'died', error: asMillraceError(error) })
  }
}

async function nextPart(
  queue: PartQueue,
  readFor: (name: string) => ReadOptions,
  steward: Steward,
  receipt: LoadReceipt | undefined,
): Promise<Answer['part']> {
  try {
    const next = await queue.next()
    if (next === undefined) return undefined
    const { part, stretch } = next
    const { start, end } = part
    // of what nobody had begun to read: from now on it is one part
    if (stretch.divisible && !(start === 0 && end === null)) receipt?.part(stretch.index, start, end)
    const place: Place = { ...placeOf(stretch), ends: end === null }
    return { part, read: optionsForPart(readFor(part.name), part), place }
  } catch (error) {
    steward.tell({ kind: 'input', error: asMillraceError(error) })
    return undefined
  }
}
