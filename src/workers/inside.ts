import { parentPort, workerData } from 'node:worker_threads'
import { type Deferred, deferred } from '../deferred.ts'
import { MillraceError } from '../errors.ts'
import { type PackedError, packError, packFields, unpackError } from './errors.ts'
import type { FromThread, Start, Talk, ToThread } from './protocol.ts'

/** The thread that started this one, seen from within. */
export interface Starter<T extends Talk> {
  /** Aborted when it says `finish` (or `abort`). */
  readonly finish: AbortSignal
  /** Aborted when it says `abort`. */
  readonly abort: AbortSignal
  /** Tells it something. Errors among the fields arrive as errors. */
  tell(progress: T['progress']): void
  /** Asks it something; waits for its answer. */
  ask(question: T['question']): Promise<T['answer']>
}

/**
 * Does the job that this worker thread was started with, and then lets the thread end. What `work` throws is thrown
 * where it was started.
 */
export async function serve<T extends Talk>(
  work: (job: T['job'], starter: Starter<T>) => Promise<void>,
): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error('This is the entry of a worker thread')
  const { job } = workerData as Start<T>
  const finish = new AbortController()
  const abort = new AbortController()
  const questions = new Map<number, Deferred<T['answer']>>()
  let asked = 0
  const post = (message: FromThread<T>) => port.postMessage(message)
  port.on('message', (message: ToThread<T>) => {
    if (message.kind === 'stop') {
      finish.abort()
      if (message.stop === 'abort') abort.abort()
      return
    }
    const question = questions.get(message.id)
    questions.delete(message.id)
    if (message.kind === 'answer') question?.resolve(message.answer)
    else question?.reject(unpackError(message.error as PackedError))
  })
  try {
    await work(job, {
      finish: finish.signal,
      abort: abort.signal,
      tell: progress => post({ kind: 'progress', progress: packFields(progress) }),
      ask(question) {
        const id = ++asked
        const answer = deferred<T['answer']>()
        questions.set(id, answer)
        post({ kind: 'question', id, question })
        return answer.promise
      },
    })
    post({ kind: 'done' })
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    post({ kind: 'failed', error: packError(error) })
  } finally {
    // nothing else keeps the thread
    port.close()
  }
}
