import { type Input, optionsFor, type Part, type ReadOptions, STANDARD_INPUT } from '../input/index.ts'
import type { Producer } from '../producer/producer.ts'
import { entryBeside } from '../workers/entry.ts'
import { Thread } from '../workers/thread.ts'
import { asMillraceError, Feed, type FeedOptions } from './feed.ts'
import type { Answer, LoadTalk, Question } from './load-job.ts'
import { PartQueue } from './part-queue.ts'
import type { Steward } from './steward.ts'

export interface ThreadsOptions {
  readonly threads: number
  readonly producers: readonly Producer[]
  readonly inputs: readonly Input[]
  readonly read: ReadOptions
  readonly feed: FeedOptions
  /** Whether the load has a rate or a limit. */
  readonly metered: boolean
  /** What each thread runs; default: load-thread. */
  readonly entry?: URL | undefined
}

/**
 * Feeds the producers from worker threads, which take parts of the files until there are none. Standard input cannot
 * leave the main thread, and is read here meanwhile. Waits until all have ended; never rejects.
 * No more threads are started than there are parts.
 */
export async function feedByThreads(options: ThreadsOptions, steward: Steward): Promise<void> {
  const { producers, inputs, read, feed } = options
  const names = inputs.map(({ name }) => name)
  const readFor = (name: string) => optionsFor(name, names, read)
  const isFile = ({ name }: Input) => name !== STANDARD_INPUT
  const queue = new PartQueue(inputs.filter(isFile), readFor, options.threads)
  const streams = inputs.filter(input => !isFile(input))
  const count = Math.min(options.threads, queue.atMost)
  const threads = Array.from({ length: count }, (_, index) => {
    const mine = shareOf(producers, index, count)
    return runThread(mine, options, queue, readFor, steward)
  })
  const here = streams.map(input => ({ input, read: readFor(input.name) }))
  if (here.length > 0) threads.push(new Feed(feed, steward).run(producers, here))
  await Promise.all(threads)
}

/** The producers of a thread: in turn, so that each thread has one and no producer is without a thread. */
function shareOf(producers: readonly Producer[], index: number, threads: number): readonly Producer[] {
  const first = producers[index % producers.length] as Producer
  return [first, ...producers.filter((_, at) => at > index && at % threads === index)]
}

async function runThread(
  producers: readonly Producer[],
  { feed, metered, entry = entryBeside(import.meta.url, 'load-thread') }: ThreadsOptions,
  queue: PartQueue,
  readFor: (name: string) => ReadOptions,
  steward: Steward,
): Promise<void> {
  const { finish, abort } = steward
  const answer = async (question: Question): Promise<Answer> => {
    if (question.want === 'grant') return { grant: await steward.take(question.count) }
    if (question.want === 'reject') return { isAside: await steward.reject(question.rejected) }
    if (question.want === 'again') return { fates: await steward.again(question.returned) }
    if (question.want === 'partitions') return { partitions: await steward.partitions(question.topic) }
    const part = finish.aborted ? undefined : await queue.next()
    return { part: part && { part, read: withColumns(readFor(part.name), part) } }
  }
  try {
    const job = { tokens: producers.map(producer => producer.share()), feed, metered }
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

function withColumns(read: ReadOptions, { columns }: Part): ReadOptions {
  return columns === undefined ? read : { ...read, columns }
}
