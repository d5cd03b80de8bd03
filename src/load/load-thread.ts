import { openPart } from '../input/index.ts'
import { AttachedProducer } from '../producer/attached.ts'
import { Collector } from '../workers/collect.ts'
import { type Starter, serve } from '../workers/inside.ts'
import { Feed, type Source } from './feed.ts'
import type { LoadJob, LoadTalk } from './load-job.ts'
import type { Fate } from './returned.ts'
import type { Grant, Steward } from './steward.ts'

/** Of this thread: more takes no less processor time, and 10 MiB take 25 MB more of two threads (4 adjacent runs each). */
const DEAD_BYTES = 2 * 1024 * 1024

// The entry of a load's worker threads.
await serve<LoadTalk>(async (job, load) => {
  const producers = job.tokens.map(token => AttachedProducer.attach(token))
  await new Feed(job.feed, stewardOf(load, job)).run(producers, parts(load))
  await Promise.all(producers.map(producer => producer.close({ timeoutMs: 0 })))
})

async function* parts(load: Starter<LoadTalk>): AsyncGenerator<Source> {
  for (;;) {
    const { part } = load.finish.aborted ? {} : await load.ask({ want: 'part' })
    if (part === undefined) return
    yield { input: openPart(part.part), read: part.read, place: part.place }
  }
}

/** The load in the main thread, which is asked where it has something to say. */
function stewardOf(load: Starter<LoadTalk>, { metered }: LoadJob): Steward {
  const { finish, abort } = load
  const collector = new Collector(DEAD_BYTES)
  const freely = (count: number): Grant =>
    finish.aborted ? { count: 0, last: true } : { count, last: false }
  return {
    finish,
    abort,
    async take(count, bytes) {
      if (!metered || finish.aborted) return freely(count)
      return (await load.ask({ want: 'grant', count, bytes })).grant as Grant
    },
    async partitions(topic) {
      return (await load.ask({ want: 'partitions', topic })).partitions as number
    },
    async reject(rejected) {
      return (await load.ask({ want: 'reject', rejected })).isAside as boolean
    },
    async again(returned) {
      return (await load.ask({ want: 'again', returned })).fates as readonly Fate[]
    },
    tell(event) {
      load.tell(event)
      collector.check()
    },
  }
}
