import { MillraceError } from '../errors.ts'

/** What a load waits for. */
export interface Waiting {
  /** In words, such as: partition 7 of events has no leader. */
  readonly reason: string
  /** Since the last acknowledgement, or since what it waits for went wrong. */
  readonly seconds: number
  /** Records that were read and have not ended. */
  readonly records: number
}

export interface Watched {
  /** Grows with each record that ends well, or is rejected. */
  progress(): number
  /** Records that were read and have not ended. */
  open(): number
  /** What the cluster said last, while records wait for it. */
  trouble(): { readonly words: string; readonly message: string } | undefined
  /** Asks the cluster what is wrong; undefined: nothing that it knows of. */
  ask(): Promise<string | undefined>
  /** Hears when the load begins to wait, and when it waits no more. */
  changed(waiting: Waiting | undefined): void
  /** Nothing was acknowledged for too long. */
  stalled(error: MillraceError): void
}

export interface StallOptions {
  readonly timeoutMs: number
  /** Of all messages; absent: there are several. */
  readonly topic: string | undefined
}

const CHECK_MS = 250
/** Less than this is no wait worth a word. */
const WORTH_TELLING_MS = 2_000
const ASK_EVERY_MS = 5_000

/** Watches whether a load gets on, tells what it waits for, and when that has taken too long. */
export class StallWatch {
  readonly #watched: Watched
  readonly #options: StallOptions
  readonly #timer: NodeJS.Timeout
  #seen = -1
  #since = performance.now()
  #askedAt = Number.NEGATIVE_INFINITY
  #answer: string | undefined
  /** Since when there is trouble. */
  #troubleSince: number | undefined
  #waiting: Waiting | undefined

  constructor(watched: Watched, options: StallOptions) {
    this.#watched = watched
    this.#options = options
    this.#timer = setInterval(() => this.#check(), CHECK_MS)
  }

  get waiting(): Waiting | undefined {
    return this.#waiting
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#tell(undefined)
  }

  #check(): void {
    const watched = this.#watched
    const now = performance.now()
    const progress = watched.progress()
    const records = watched.open()
    if (progress !== this.#seen || records === 0) {
      this.#seen = progress
      this.#since = now
      this.#answer = undefined
    }
    const trouble = watched.trouble()
    this.#troubleSince = trouble === undefined ? undefined : (this.#troubleSince ?? now)
    const since = Math.min(this.#since, this.#troubleSince ?? now)
    const waitedMs = now - since
    if (records === 0 || waitedMs < WORTH_TELLING_MS) this.#tell(undefined)
    else {
      this.#ask(now)
      const reason = this.#answer ?? trouble?.words ?? 'no acknowledgement comes'
      this.#tell({ reason, seconds: waitedMs / 1000, records })
    }
    if (now - this.#since > this.#options.timeoutMs) {
      const why = trouble?.message ?? this.#answer
      watched.stalled(stalled(records, this.#options, why, trouble !== undefined))
    }
  }

  #ask(now: number): void {
    if (now - this.#askedAt < ASK_EVERY_MS) return
    this.#askedAt = now
    void this.#watched.ask().then(answer => {
      this.#answer = answer
    })
  }

  #tell(waiting: Waiting | undefined): void {
    const changed = waiting?.reason !== this.#waiting?.reason
    this.#waiting = waiting
    if (changed) this.#watched.changed(waiting)
  }
}

function stalled(
  records: number,
  { timeoutMs, topic }: StallOptions,
  why: string | undefined,
  isDelivery: boolean,
): MillraceError {
  const cause = why === undefined ? '' : `: ${why}`
  const where = topic === undefined ? '' : ` for ${topic}`
  const text = `No acknowledgement came for ${timeoutMs / 1000} s; ${records} messages${where} were on their way${cause}`
  return new MillraceError(isDelivery ? 'DELIVERY_FAILED' : 'BROKER_UNREACHABLE', text, {
    hint: isDelivery ? undefined : 'Check that the brokers are up and that every partition has a leader',
    context: { inFlight: records },
  })
}
