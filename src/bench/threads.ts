import { Worker } from 'node:worker_threads'
import { deferred } from '../deferred.ts'
import { describe } from '../errors.ts'
import { decode, Histogram, nanoseconds } from '../latency/index.ts'
import type { ProducerToken } from '../producer/share.ts'
import type { Lane } from './contender.ts'
import type { Part } from './monotonic.ts'
import type { Schedule } from './pacer.ts'
import type {
  ThreadAccount,
  ThreadCall,
  ThreadData,
  ThreadDelay,
  ThreadMessage,
  ThreadRequest,
} from './thread-protocol.ts'
import { Budget } from './traffic.ts'
import type { TrialSpec } from './trial.ts'

const NOTHING: ThreadAccount = {
  offered: 0,
  delivered: 0,
  failed: 0,
  possiblyPersisted: 0,
  firstFailure: undefined,
  lateness: '',
}

type Answer = Extract<ThreadMessage, { kind: 'answer' }>

/** The loops of one thread, as the main thread sees them. */
export class ThreadLane implements Lane {
  readonly #worker: Worker
  readonly #threads: number
  readonly #ready = deferred<void>()
  readonly #waiting = new Map<number, (answer: Answer | undefined) => void>()
  #account = NOTHING
  #lateness = new Histogram()
  #calls = 0
  #died: string | undefined
  #closed = false

  /** `onHalt`: a failure stopped its offering, or the thread died. */
  constructor(data: ThreadData, onHalt: () => void) {
    this.#threads = data.spec.cell.threads
    this.#worker = startThread(data)
    this.#worker.on('message', (message: ThreadMessage) => {
      if (message.kind === 'ready') this.#ready.resolve()
      else if (message.kind === 'halted') onHalt()
      else this.#answered(message)
    })
    const died = (why: string) => {
      if (this.#closed) return
      this.#died ??= why
      this.#ready.resolve()
      // nobody waits for a thread that is gone
      for (const answered of this.#waiting.values()) answered(undefined)
      this.#waiting.clear()
      onHalt()
    }
    this.#worker.on('error', error => died(describe(error)))
    this.#worker.on('exit', code => died(`it ended with code ${code}`))
  }

  get offered(): number {
    return this.#account.offered
  }

  get delivered(): number {
    return this.#account.delivered
  }

  get failed(): number {
    return this.#account.failed
  }

  get possiblyPersisted(): number {
    return this.#account.possiblyPersisted
  }

  get firstFailure(): string | undefined {
    return this.#account.firstFailure
  }

  get lateness(): Histogram {
    return this.#lateness
  }

  /** Why the thread ended before its time. */
  get died(): string | undefined {
    return this.#died
  }

  /** Resolves once it is attached to its producers, or has died. */
  async ready(): Promise<void> {
    await this.#ready.promise
  }

  start(work: Budget | Schedule): void {
    void this.#call({ kind: 'start', work: this.#workOf(work) })
  }

  async spent(): Promise<void> {
    await this.#call({ kind: 'spent' })
  }

  async stop(): Promise<void> {
    await this.#call({ kind: 'stop' })
  }

  measure(): void {
    void this.#call({ kind: 'measure' })
  }

  /** Its event loop since `measure`; undefined where it has died. */
  async measured(): Promise<ThreadDelay | undefined> {
    return (await this.#call({ kind: 'measured' }))?.delay
  }

  /** Has it leave its producers and end. */
  async close(): Promise<void> {
    await this.#call({ kind: 'close' })
    this.#closed = true
    await this.#worker.terminate()
  }

  #workOf(work: Budget | Schedule): Extract<ThreadCall, { kind: 'start' }>['work'] {
    if (!(work instanceof Budget)) return { schedule: { ...work, startAt: nanoseconds(work.startAt) } }
    const messages = work.share(this.#threads)
    return { messages: Number.isFinite(messages) ? messages : null }
  }

  #call(call: ThreadCall): Promise<Answer | undefined> {
    if (this.#died !== undefined || this.#closed) return Promise.resolve(undefined)
    const id = ++this.#calls
    const answer = new Promise<Answer | undefined>(resolve => this.#waiting.set(id, resolve))
    this.#worker.postMessage({ id, call } satisfies ThreadRequest)
    return answer
  }

  #answered(answer: Answer): void {
    if (answer.account !== undefined) {
      this.#account = answer.account
      this.#lateness = decode(answer.account.lateness)
    }
    this.#waiting.get(answer.id)?.(answer)
    this.#waiting.delete(answer.id)
  }
}

/**
 * Starts the threads of a trial and waits until each is attached to all its producers.
 * @throws Error where one dies before
 */
export async function startThreads(
  spec: TrialSpec,
  process: Part,
  tokens: readonly ProducerToken[],
  onHalt: () => void,
): Promise<ThreadLane[]> {
  const lanes = Array.from(
    { length: spec.cell.threads },
    (_, index) => new ThreadLane({ spec, index, process, tokens }, onHalt),
  )
  await Promise.all(lanes.map(lane => lane.ready()))
  const died = lanes.find(lane => lane.died !== undefined)?.died
  if (died === undefined) return lanes
  await Promise.all(lanes.map(lane => lane.close()))
  throw new Error(`a thread of the trial could not start: ${died}`)
}

function startThread(data: ThreadData): Worker {
  const fromSource = import.meta.url.endsWith('.ts')
  const entry = new URL(`./trial-thread${fromSource ? '.ts' : '.js'}`, import.meta.url)
  if (!fromSource) return new Worker(entry, { workerData: data })
  // run from source, as tests do; Node's --import does not reach a worker's loader on Node 20
  const api = import.meta.resolve('tsx/esm/api')
  const source = `import(${JSON.stringify(api)}).then(({ register }) => {
    register()
    return import(${JSON.stringify(entry.href)})
  })`
  return new Worker(source, { eval: true, execArgv: [], workerData: data })
}
