import { Worker } from 'node:worker_threads'
import { deferred } from '../deferred.ts'
import { describe, MillraceError } from '../errors.ts'
import { scriptFor } from './entry.ts'
import { packError, unpackFields } from './errors.ts'
import type { FromThread, Start, Stop, Talk, ToThread } from './protocol.ts'

/** By default a thread's young objects take 48 MB; with this, loading takes the same processor time. */
const LIMITS = { maxYoungGenerationSizeMb: 4 }

/** What the starting thread does for the thread. */
export interface Listener<T extends Talk> {
  /** Hears what the thread tells, in its order. */
  progress(progress: T['progress']): void
  /** Where it throws a MillraceError, so does the thread's question. */
  answer(question: T['question']): Promise<T['answer']>
}

/**
 * A worker thread at one job, seen by who started it. What it told before it died is heard before `ended` rejects.
 */
export class Thread<T extends Talk> {
  /**
   * Resolves when the job is done.
   * @throws what the job threw; MillraceError THREAD_DIED where the thread ended in the middle
   */
  readonly ended: Promise<void>
  readonly #worker: Worker
  readonly #listener: Listener<T>
  readonly #end = deferred<void>()

  /** @param entry a module that calls `serve` */
  constructor(entry: URL, job: T['job'], listener: Listener<T>) {
    this.#listener = listener
    this.ended = this.#end.promise
    const start: Start<T> = { job, entry: entry.href }
    // execArgv: what this process was started with is not for its threads
    this.#worker = new Worker(scriptFor(entry), { workerData: start, execArgv: [], resourceLimits: LIMITS })
    this.#worker.on('message', (message: FromThread<T>) => this.#hear(message))
    this.#worker.on('error', error => this.#end.reject(died(describe(error), error)))
    this.#worker.on('exit', code => this.#end.reject(died(`it ended with code ${code}`)))
  }

  /** Asks the thread to come to an end; it may take its time. */
  stop(stop: Stop): void {
    this.#post({ kind: 'stop', stop })
  }

  /** Ends the thread now, whatever it is doing. Resolves when it is gone. */
  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  #hear(message: FromThread<T>): void {
    switch (message.kind) {
      case 'progress':
        this.#listener.progress(unpackFields(message.progress))
        break
      case 'question':
        void this.#answer(message.id, message.question)
        break
      case 'done':
        this.#end.resolve()
        break
      case 'failed': {
        const { error } = unpackFields({ error: message.error }) as { error: Error }
        this.#end.reject(error)
      }
    }
  }

  async #answer(id: number, question: T['question']): Promise<void> {
    try {
      this.#post({ kind: 'answer', id, answer: await this.#listener.answer(question) })
    } catch (error) {
      if (error instanceof MillraceError) this.#post({ kind: 'refusal', id, error: packError(error) })
      else this.#end.reject(died(`its question has no answer: ${describe(error)}`, error))
    }
  }

  #post(message: ToThread<T>): void {
    this.#worker.postMessage(message)
  }
}

function died(how: string, cause?: unknown): MillraceError {
  return new MillraceError('THREAD_DIED', `A worker thread died: ${how}`, { cause })
}
