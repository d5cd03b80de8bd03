import { EventEmitter } from 'node:events'
import type { LogLine } from '../client/witness.ts'
import type { Course, LoadTask } from './course.ts'
import type { LoadProgress } from './progress.ts'
import type { LoadResult } from './result.ts'
import type { Waiting } from './stall.ts'

/** A load that begins to read. */
export interface LoadStart {
  readonly loadId: string
  readonly engine: 'batch' | 'callback'
  /** What it has left to read: paths, and `-` for a stream. */
  readonly inputs: readonly string[]
  /** Of these, packed ones as they are; null where one has no known end. */
  readonly bytes: number | null
  /** The file that says how far the load has come; null: there is none. */
  readonly receipt: string | null
}

export interface LoadEvents {
  /** Connected, and nothing was found against it: the load begins to read. Not where it cannot begin. */
  start: [start: LoadStart]
  /** Every `progressIntervalMs` from then on, and once when it is over. */
  progress: [progress: LoadProgress]
  /** What the load waits for, each time that is another thing; undefined: it waits no more. */
  waiting: [waiting: Waiting | undefined]
  /** A sentence, without its full stop, that `resume` or the look at the topic beforehand (preflight) has to say. */
  note: [text: string, of: 'resume' | 'preflight']
  /** A line of librdkafka's log. */
  log: [line: LogLine]
}

/** A load that was begun: its events, and in the end its account. What a listener throws does not disturb it. */
export class Loading extends EventEmitter<LoadEvents> {
  /**
   * The account, once every record that was read has ended, and what was opened is closed. A load that was interrupted,
   * stopped by a bad record, or given up for its cluster's sake resolves, too: `outcome` and `error` say why.
   *
   * Rejects where the load could not begin, and nothing was sent; as any promise it wants somebody to listen.
   * MillraceError USAGE (`context.option`), CONFIG_…, CLIENT_NOT_BUILT, ENGINE_UNAVAILABLE, INPUT_UNREADABLE, RECEIPT_…,
   * UNKNOWN_TOPIC, PREFLIGHT_REFUSED, BROKER_UNREACHABLE, AUTHENTICATION_FAILED, REQUEST_FAILED.
   */
  readonly result: Promise<LoadResult>
  #state: 'starting' | 'running' | 'ended' = 'starting'
  #interrupted = false
  #course: Course | undefined

  /** @param prepare where it fails, `result` rejects */
  constructor(prepare: () => LoadTask | Promise<LoadTask>) {
    super()
    this.result = this.#run(prepare)
  }

  /** Whether it still makes ready, reads and sends, or is over. */
  get state(): 'starting' | 'running' | 'ended' {
    return this.#state
  }

  get interrupted(): boolean {
    return this.#interrupted
  }

  /** Messages on their way, and those that wait to be offered again. */
  get inFlight(): number {
    return this.#course?.inFlight ?? 0
  }

  /**
   * Reads no more; what was accepted is waited for, at most `drainTimeoutMs`. Called again it waits for nothing: what is
   * on its way then counts as failed, possibly persisted. `result` resolves with the account, its outcome interrupted.
   */
  interrupt(): void {
    if (this.#state === 'ended') return
    this.#interrupted = true
    this.#course?.interrupt()
  }

  async #run(prepare: () => LoadTask | Promise<LoadTask>): Promise<LoadResult> {
    const onAbort = () => this.interrupt()
    let task: LoadTask | undefined
    try {
      // not before it is wanted: who only sends is not to wait for all that a load consists of
      const { Course } = await import('./course.ts')
      task = await prepare()
      const { signal } = task
      if (signal?.aborted) this.interrupt()
      signal?.addEventListener('abort', onAbort, { once: true })
      const course = new Course(task, {
        start: start => {
          this.#state = 'running'
          this.#tell(() => this.emit('start', start))
        },
        progress: progress => this.#tell(() => this.emit('progress', progress)),
        waiting: waiting => this.#tell(() => this.emit('waiting', waiting)),
        note: (text, of) => this.#tell(() => this.emit('note', text, of)),
        log: line => this.#tell(() => this.emit('log', line)),
      })
      this.#course = course
      if (this.#interrupted) course.interrupt()
      return await course.run()
    } finally {
      task?.signal?.removeEventListener('abort', onAbort)
      // somebody may be waiting for it still
      task?.stream?.destroy()
      this.#state = 'ended'
    }
  }

  /** What a listener throws is thrown apart: it is not to cut short what the load is in the middle of. */
  #tell(emit: () => boolean): void {
    try {
      emit()
    } catch (error) {
      process.nextTick(() => {
        throw error
      })
    }
  }
}
