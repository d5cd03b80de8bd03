import { openPart } from '../input/index.ts'
import { AttachedProducer } from '../producer/attached.ts'
import { type Starter, serve } from '../workers/inside.ts'
import { Feed, type Source } from './feed.ts'
import type { LoadJob, LoadTalk } from './load-job.ts'
import type { Grant, Steward } from './steward.ts'

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
    yield { input: openPart(part.part), read: part.read }
  }
}

/** The load in the main thread, which is asked where it has something to say. */
function stewardOf(load: Starter<LoadTalk>, { metered }: LoadJob): Steward {
  const { finish, abort } = load
  const freely = (count: number): Grant =>
    finish.aborted ? { count: 0, last: true } : { count, last: false }
  return {
    finish,
    abort,
    async take(count) {
      if (!metered || finish.aborted) return freely(count)
      return (await load.ask({ want: 'grant', count })).grant as Grant
    },
    async partitions(topic) {
      return (await load.ask({ want: 'partitions', topic })).partitions as number
    },
    tell: event => load.tell(event),
  }
}
