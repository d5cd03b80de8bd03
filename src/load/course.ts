import type { Readable } from 'node:stream'
import type { Properties } from '../client/producer-client.ts'
import type { LogLine } from '../client/witness.ts'
import type { Producer } from '../producer/producer.ts'
import type { EmbeddedCluster } from '../testing/embedded-cluster.ts'
import type { ConnectProducers } from './connect.ts'
import { DeadLetters } from './dead-letters.ts'
import { Load } from './load.ts'
import type { LoadEvents, LoadStart } from './loading.ts'
import type { LoadPlan } from './plan.ts'
import { bytesOf, ProgressMeter } from './progress.ts'
import { type Ready, readyProducers } from './ready.ts'
import { clusterFacts } from './receipt/cluster-facts.ts'
import { ReceiptDesk } from './receipt/desk.ts'
import type { LoadReceipt } from './receipt/load-receipt.ts'
import { letterNotes, resumeNotes, uncheckedNotes } from './receipt/notes.ts'
import type { ReceiptPlan } from './receipt/plan.ts'
import { openRecordsFor } from './receipt/room.ts'
import { wholeLineBytes } from './receipt/whole-lines.ts'
import { type LoadEnd, type LoadResult, nothingLoaded } from './result.ts'
import { allOf, type InputStretch } from './stretch.ts'

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

/** Hears how a load gets on; what it does with that never throws. */
export type CourseListener = { readonly [event in keyof LoadEvents]: (...said: LoadEvents[event]) => void }

/** What is open while a load goes on. */
interface Open {
  desk?: ReceiptDesk | undefined
  letters?: DeadLetters | undefined
  receipt?: LoadReceipt | undefined
}

/** librdkafka's own default. */
const QUEUE_MESSAGES = 100_000

/** A load from its files to its account. Runs once. */
export class Course {
  readonly #task: LoadTask
  readonly #listener: CourseListener
  /** Gives up connecting, and whatever else is to be done before the first record. */
  readonly #giveUp = new AbortController()
  readonly #open: Open = {}
  #load: Load | undefined

  constructor(task: LoadTask, listener: CourseListener) {
    this.#task = task
    this.#listener = listener
  }

  get inFlight(): number {
    return this.#load?.inFlight ?? 0
  }

  /** As Load.interrupt; before there is anything to read, none will be. */
  interrupt(): void {
    this.#giveUp.abort()
    this.#load?.interrupt()
  }

  /** Waits until every record has ended, and what was opened is closed. @throws MillraceError where it cannot begin */
  async run(): Promise<LoadResult> {
    const open = this.#open
    try {
      return await this.#begin()
    } finally {
      // an error may have come between
      await open.receipt?.close(this.#load === undefined)
      await open.desk?.close()
      await open.letters?.close()
    }
  }

  async #begin(): Promise<LoadResult> {
    const open = this.#open
    const { plan, cluster, ...task } = this.#task
    let engine: LoadResult['engine'] = 'none'
    try {
      await this.#openFiles()
      const connect = task.connect(line => this.#listener.log(line))
      const ready = await readyProducers({
        plan,
        inputs: open.desk?.inputs ?? plan.inputs,
        properties: task.properties,
        cluster,
        connect,
        signal: this.#giveUp.signal,
        onNote: text => this.#listener.note(text, 'preflight'),
      })
      engine = ready.producers[0].engine
      open.receipt = await this.#beginReceipt(ready)
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
        onWaiting: waiting => this.#listener.waiting(waiting),
      })
      this.#load = load
      // interrupted meanwhile: it will read nothing, and close the producers
      if (this.#giveUp.signal.aborted) load.interrupt()
      const end = await this.#watched(load, open.receipt?.stretches ?? allOf(ready.inputs), {
        plan,
        engine,
        receipt: open.receipt?.path ?? null,
      })
      return resultOf(end, engine, plan, open)
    } catch (error) {
      // whatever it was that the interruption has cut short
      if (!this.#giveUp.signal.aborted || this.#load !== undefined) throw error
      return resultOf(nothingLoaded(), engine, plan, open)
    }
  }

  /** The receipt that is gone on with, if any, and the file of dead letters: before anything is connected. */
  async #openFiles(): Promise<void> {
    const open = this.#open
    const { plan, receipt, properties } = this.#task
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
  async #beginReceipt({ producers, properties }: Ready): Promise<LoadReceipt | undefined> {
    const { plan, cluster } = this.#task
    const { desk, letters } = this.#open
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
    const start = { loadId: load.id, engine, inputs: [...new Set(inputs)], bytes, receipt }
    this.#listener.start(start)
    const tellProgress = (ended: boolean) => {
      const progress = meter.look(ended)
      this.#listener.progress(progress)
    }
    const timer = setInterval(tellProgress, plan.progressIntervalMs, false)
    const end = await load.run()
    clearInterval(timer)
    tellProgress(true)
    return end
  }

  #tellResume(notes: readonly string[]): void {
    for (const note of notes) this.#listener.note(note, 'resume')
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
