import { EventEmitter } from 'node:events'
import type { Readable } from 'node:stream'
import type { Properties } from '../client/producer-client.ts'
import type { LogLine } from '../client/witness.ts'
import type { Producer } from '../producer/producer.ts'
import type { EmbeddedCluster } from '../testing/embedded-cluster.ts'
import type { ConnectProducers } from './connect.ts'
import { DeadLetters } from './dead-letters.ts'
import { Load } from './load.ts'
import type { LoadPlan } from './plan.ts'
import { bytesOf, type LoadProgress, ProgressMeter } from './progress.ts'
import { type Ready, readyProducers } from './ready.ts'
import { clusterFacts } from './receipt/cluster-facts.ts'
import { ReceiptDesk } from './receipt/desk.ts'
import type { LoadReceipt } from './receipt/load-receipt.ts'
import { letterNotes, resumeNotes, uncheckedNotes } from './receipt/notes.ts'
import type { ReceiptPlan } from './receipt/plan.ts'
import { openRecordsFor } from './receipt/room.ts'
import { wholeLineBytes } from './receipt/whole-lines.ts'
import { type LoadEnd, type LoadResult, nothingLoaded } from './result.ts'
import type { Waiting } from './stall.ts'
import { allOf, type InputStretch } from './stretch.ts'

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

/** What a load goes about with, once everything that it was given was found to be right. */
export interface LoadTask {
  readonly plan: LoadPlan
  readonly receipt: ReceiptPlan
  /** With the brokers, under canonical names. */
  readonly properties: Properties
  /** Where these are the brokers of an embedded cluster; not stopped by the load. */
  readonly cluster: EmbeddedCluster | undefined
  /** `onLog` hears librdkafka's log. */
  readonly connect: (onLog: (line: LogLine) => void) => ConnectProducers
  /** What the inputs read beside files: destroyed in the end. Absent: it is none of the load's. */
  readonly stream?: Readable | undefined
  readonly signal?: AbortSignal | undefined
}

/** What is open while a load goes on. */
interface Open {
  desk?: ReceiptDesk | undefined
  letters?: DeadLetters | undefined
  receipt?: LoadReceipt | undefined
}

/** librdkafka's own default. */
const QUEUE_MESSAGES = 100_000

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
  /** Gives up connecting, and whatever else is to be done before the first record. */
  readonly #giveUp = new AbortController()
  #load: Load | undefined

  /** @param prepare is called at once; where it throws, `result` rejects */
  constructor(prepare: () => LoadTask) {
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
    return this.#load?.inFlight ?? 0
  }

  /**
   * Reads no more; what was accepted is waited for, at most `drainTimeoutMs`. Called again it waits for nothing: what is
   * on its way then counts as failed, possibly persisted. `result` resolves with the account, its outcome interrupted.
   */
  interrupt(): void {
    if (this.#state === 'ended') return
    this.#interrupted = true
    this.#giveUp.abort()
    this.#load?.interrupt()
  }

  async #run(prepare: () => LoadTask): Promise<LoadResult> {
    const open: Open = {}
    const onAbort = () => this.interrupt()
    let task: LoadTask | undefined
    try {
      task = prepare()
      const { signal } = task
      if (signal?.aborted) this.interrupt()
      signal?.addEventListener('abort', onAbort, { once: true })
      // so that whoever called has put up listeners before there is anything to hear
      await undefined
      return await this.#begun(task, open)
    } finally {
      task?.signal?.removeEventListener('abort', onAbort)
      // an error may have come between
      await open.receipt?.close(this.#load === undefined)
      await open.desk?.close()
      await open.letters?.close()
      // somebody may be waiting for it still
      task?.stream?.destroy()
      this.#state = 'ended'
    }
  }

  async #begun(task: LoadTask, open: Open): Promise<LoadResult> {
    const { plan, cluster } = task
    let engine: LoadResult['engine'] = 'none'
    try {
      await this.#openFiles(task, open)
      const connect = task.connect(line => this.#tell(() => this.emit('log', line)))
      const ready = await readyProducers({
        plan,
        inputs: open.desk?.inputs ?? plan.inputs,
        properties: task.properties,
        cluster,
        connect,
        signal: this.#giveUp.signal,
        onNote: text => this.#tell(() => this.emit('note', text, 'preflight')),
      })
      engine = ready.producers[0].engine
      open.receipt = await this.#beginReceipt(task, ready, open)
      const another = async (extra: Readonly<Record<string, string | number>>, signal: AbortSignal) => {
        const made = await connect(1, { ...ready.properties, ...extra }, signal)
        return made[0] as Producer
      }
      const load = new Load({
        ...plan.load,
        read: plan.read,
        producers: ready.producers,
        another,
        inputs: ready.inputs,
        deadLetters: open.letters,
        receipt: open.receipt,
        spelling: plan.spelling,
        onWaiting: waiting => this.#tell(() => this.emit('waiting', waiting)),
      })
      this.#load = load
      // interrupted meanwhile: it will read nothing, and close the producers
      if (this.#interrupted) load.interrupt()
      const end = await this.#watched(load, open.receipt?.stretches ?? allOf(ready.inputs), {
        plan,
        engine,
        receipt: open.receipt?.path ?? null,
      })
      return resultOf(end, engine, plan, open)
    } catch (error) {
      // whatever it was that the interruption has cut short
      if (!this.#interrupted || this.#load !== undefined) throw error
      return resultOf(nothingLoaded(), engine, plan, open)
    }
  }

  /** The receipt that is gone on with, if any, and the file of dead letters: before anything is connected. */
  async #openFiles({ plan, receipt, properties }: LoadTask, open: Open): Promise<void> {
    const partitioner = String(properties.partitioner ?? 'murmur2_random')
    open.desk = await ReceiptDesk.open(receipt, plan, partitioner)
    const prior = open.desk?.prior
    if (prior !== undefined) this.#tellResume(resumeNotes(prior, plan.spelling))
    if (plan.deadLetter === undefined) return
    // a letter that was not written in whole is of a record that is read again
    const keep = prior === undefined ? undefined : await wholeLineBytes(plan.deadLetter)
    open.letters = await DeadLetters.open(plan.deadLetter, keep)
    if (prior !== undefined) this.#tellResume(letterNotes(prior, open.letters))
  }

  /** Begins the receipt, or goes on with it. Closes the producers when it throws. */
  async #beginReceipt(
    { plan, cluster }: LoadTask,
    { producers, properties }: Ready,
    { desk, letters }: Open,
  ): Promise<LoadReceipt | undefined> {
    if (desk === undefined) return undefined
    const most = Number(properties['queue.buffering.max.messages'] ?? QUEUE_MESSAGES)
    const settings = {
      threads: plan.load.threads ?? 1,
      openRecords: openRecordsFor(producers.length, most),
      letters,
    }
    try {
      const facts = await clusterFacts(producers[0], plan.load.topic, cluster !== undefined)
      const receipt = await desk.begin(facts, settings, plan.deadLetter)
      if (desk.prior !== undefined) this.#tellResume(uncheckedNotes(desk.prior, facts))
      return receipt
    } catch (error) {
      await Promise.all(producers.map(producer => producer.close()))
      throw error
    }
  }

  /** Runs the load, and tells how it gets on. */
  async #watched(
    load: Load,
    stretches: readonly InputStretch[],
    { plan, engine, receipt }: { readonly plan: LoadPlan } & Pick<LoadStart, 'engine' | 'receipt'>,
  ): Promise<LoadEnd> {
    const bytes = bytesOf(stretches, plan.read)
    const inputs = stretches.map(({ input }) => input.name)
    const meter = new ProgressMeter(load, bytes)
    this.#state = 'running'
    const start = { loadId: load.id, engine, inputs: [...new Set(inputs)], bytes, receipt }
    this.#tell(() => this.emit('start', start))
    const tellProgress = (ended: boolean) => {
      const progress = meter.look(ended)
      this.#tell(() => this.emit('progress', progress))
    }
    const timer = setInterval(tellProgress, plan.progressIntervalMs, false)
    const end = await load.run()
    clearInterval(timer)
    tellProgress(true)
    return end
  }

  #tellResume(notes: readonly string[]): void {
    for (const note of notes) this.#tell(() => this.emit('note', note, 'resume'))
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

function resultOf(
  end: LoadEnd,
  engine: LoadResult['engine'],
  { deadLetter }: LoadPlan,
  { receipt }: Open,
): LoadResult {
  const path = receipt === undefined || receipt.gone ? null : receipt.path
  return { ...end, engine, receipt: path, deadLetter: deadLetter ?? null }
}
