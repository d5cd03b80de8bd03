import { unlink } from 'node:fs/promises'
import type { MillraceError } from '../../errors.ts'
import type { InputStretch } from '../stretch.ts'
import { ChunkTracker, type PieceEnd, type PieceStart } from './chunks.ts'
import type { ReceiptHeader, ReceiptLine, ReceiptTopic } from './lines.ts'
import type { PriorLoad } from './prior-load.ts'
import type { ReceiptFile } from './receipt-file.ts'

/** The file of dead letters, as far as a receipt speaks of it. */
export interface Letters {
  readonly bytes: number
  /** Waits until all that was appended is on the disk. */
  sync(): Promise<void>
}

export interface ReceiptSettings {
  /** Threads that read. */
  readonly threads: number
  /** Default: 500,000; never less than twice what the producers may have in flight. */
  readonly openRecords: number
  readonly letters: Letters | undefined
}

/** What is done of a load before it goes on. */
export interface AlreadyDone {
  readonly read: number
  readonly delivered: number
}

const CHUNK_MS = 1000
const MOST_CHUNK_RECORDS = 50_000
const LEAST_CHUNK_RECORDS = 500
/** Of the room for open records, chunks that are being filled take this share. */
const FILLING_SHARE = 4

/** The receipt of a load that runs: what it has left to read, and what it writes down of it. Close it in the end. */
export class LoadReceipt {
  readonly path: string
  readonly loadId: string
  readonly stretches: readonly InputStretch[]
  readonly alreadyDone: AlreadyDone
  /** Whether it was taken away again, since there was nothing to write down. */
  #gone = false
  readonly #file: ReceiptFile
  readonly #tracker: ChunkTracker
  readonly #isNew: boolean
  readonly #topics: Set<string>
  #lines = 0
  #closed: Promise<void> | undefined
  #failed: ((error: MillraceError) => void) | undefined
  #failure: MillraceError | undefined

  private constructor(
    file: ReceiptFile,
    load: {
      readonly loadId: string
      readonly stretches: readonly InputStretch[]
      readonly done: AlreadyDone
      readonly topics: readonly ReceiptTopic[]
      readonly prior: PriorLoad | undefined
    },
    { threads, openRecords, letters }: ReceiptSettings,
  ) {
    this.path = file.path
    this.loadId = load.loadId
    this.stretches = load.stretches
    this.alreadyDone = load.done
    this.#file = file
    this.#isNew = load.prior === undefined
    this.#topics = new Set(load.topics.map(({ topic }) => topic))
    const share = Math.floor(openRecords / (FILLING_SHARE * Math.max(1, threads)))
    this.#tracker = new ChunkTracker({
      openRecords,
      chunkRecords: Math.min(MOST_CHUNK_RECORDS, Math.max(LEAST_CHUNK_RECORDS, share)),
      chunkMs: CHUNK_MS,
      nextChunk: load.prior?.state.nextChunk ?? 0,
      nextDomain: load.prior?.state.nextDomain ?? 0,
      deadLetterBytes: () => letters?.bytes ?? 0,
      write: line => this.#write(line),
    })
    let synced = letters?.bytes ?? 0
    file.before = async () => {
      const bytes = letters?.bytes ?? 0
      if (bytes === synced) return
      await letters?.sync()
      synced = bytes
    }
  }

  /** Of a load that begins; the file has its header. */
  static begin(
    file: ReceiptFile,
    header: ReceiptHeader,
    stretches: readonly InputStretch[],
    settings: ReceiptSettings,
  ): LoadReceipt {
    const done = { read: 0, delivered: 0 }
    const { loadId, topics } = header
    return new LoadReceipt(file, { loadId, stretches, done, topics, prior: undefined }, settings)
  }

  /** Goes on with a load, and writes down that it does. @throws MillraceError RECEIPT_FAILED */
  static async resume(
    prior: PriorLoad,
    { at, version }: { readonly at: string; readonly version: string },
    settings: ReceiptSettings,
  ): Promise<LoadReceipt> {
    const { file, mode, remaining, state, stretches, topics } = prior
    const { openRecords } = settings
    if (stretches.length > 0) await file.append({ resumed: { at, mode, millrace: version, openRecords } })
    const { read, delivered } = remaining
    const { loadId } = state.header
    return new LoadReceipt(file, { loadId, stretches, done: { read, delivered }, topics, prior }, settings)
  }

  /** Whether there is none any more: it was closed without anything to tell. */
  get gone(): boolean {
    return this.#gone
  }

  /** Is told when the receipt cannot be written any more: the load has to end then. */
  onFailure(failed: (error: MillraceError) => void): void {
    this.#failed = failed
    if (this.#failure !== undefined) failed(this.#failure)
  }

  /** For one who reads, on its own: its pieces come in order. */
  addDomain(): number {
    return this.#tracker.addDomain()
  }

  /** Waits until so many records may be read: no more are open than the receipt says. */
  take(records: number, signal: AbortSignal): Promise<void> {
    return this.#tracker.room.take(records, signal)
  }

  begin(piece: PieceStart): void {
    this.#tracker.begin(piece)
  }

  end(end: PieceEnd): void {
    this.#tracker.end(end)
  }

  inputEnded(domain: number, input: number, at: number): void {
    this.#tracker.inputEnded(domain, input, at)
  }

  /** A part of an input is about to be read in one go. */
  part(input: number, from: number, to: number | null): void {
    void this.#write({ part: [input, from, to] as const } as ReceiptLine).catch(() => {})
  }

  knows(topic: string): boolean {
    return this.#topics.has(topic)
  }

  /** A topic is about to be sent to. */
  topic(topic: ReceiptTopic): void {
    if (this.#topics.has(topic.topic)) return
    this.#topics.add(topic.topic)
    void this.#write({ topics: [topic] }).catch(() => {})
  }

  /**
   * Writes down what has ended, waits until that is on the disk, and unlocks the file. `isVoid`: nothing can have come to
   * the cluster; a new receipt is taken away then. Never rejects.
   */
  close(isVoid: boolean): Promise<void> {
    this.#closed ??= this.#close(isVoid)
    return this.#closed
  }

  async #close(isVoid: boolean): Promise<void> {
    await this.#tracker.finish()
    const isNeedless = this.#isNew && isVoid && this.#lines === 0
    if (isNeedless) {
      this.#gone = await unlink(this.path).then(
        () => true,
        () => false,
      )
    }
    await this.#file.close()
  }

  #write(line: ReceiptLine): Promise<void> {
    if ('chunk' in line) this.#lines++
    return this.#file.append(line).catch((error: MillraceError) => {
      if (this.#failure === undefined) {
        this.#failure = error
        this.#failed?.(error)
      }
      throw error
    })
  }
}
