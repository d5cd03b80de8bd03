import { describe, MillraceError } from '../errors.ts'
import type { Account } from './account.ts'
import type { DeadLetters } from './dead-letters.ts'
import { type Rejected, rejectionOf } from './returned.ts'

/** How many records may be rejected: so many, or so many in a hundred of those read. */
export type MaxRejected = { readonly count: number } | { readonly percent: number }

export interface RejectionOptions {
  /** Default: the first rejected record stops the load. */
  readonly onBadRecord?: 'stop' | 'skip' | undefined
  /** Where rejected records are put; the load does not close it. Absent: they are only counted. */
  readonly deadLetters?: DeadLetters | undefined
  /** Beyond it the load stops. Default: no bound, where it does not stop at the first. */
  readonly maxRejected?: MaxRejected | undefined
}

/** A share of fewer records says little: before, it is looked at only in the end. */
const SHARE_FROM = 10_000

/** Records that are themselves the cause: puts them aside, counts them, and knows when there are too many. */
export class Rejections {
  readonly #account: Account
  readonly #options: RejectionOptions
  readonly #stop: (error: MillraceError) => void
  #first: MillraceError | undefined

  /** @param stop ends the load */
  constructor(account: Account, options: RejectionOptions, stop: (error: MillraceError) => void) {
    this.#account = account
    this.#options = options
    this.#stop = stop
  }

  /** Whether the load goes on without them. */
  get goOn(): boolean {
    return this.#options.onBadRecord === 'skip'
  }

  /** The first one's error. */
  get first(): MillraceError | undefined {
    return this.#first
  }

  /** No more of them than are allowed; without such a bound: none. */
  get within(): boolean {
    const { rejected } = this.#account
    return rejected === 0 || (this.#options.maxRejected !== undefined && !this.#isBeyond())
  }

  /** Puts them aside, then counts them. False: that was not possible, and the load stops. Never rejects. */
  async add(rejected: readonly Rejected[]): Promise<boolean> {
    const [first] = rejected
    if (first === undefined) return true
    try {
      await this.#options.deadLetters?.append(rejected)
    } catch (error) {
      this.#stop(error instanceof MillraceError ? error : unexpected(error))
      return false
    }
    this.count(rejected.length, rejectionOf(first))
    return true
  }

  /** Counts some of which it is known already that they are to be. */
  count(count: number, error: MillraceError): void {
    this.#account.rejected += count
    this.#first ??= error
    if (!this.goOn) this.#stop(this.#first)
    else if (this.#isBeyond() && (this.#account.read >= SHARE_FROM || this.#isCounted))
      this.#stop(this.#tooMany())
  }

  /** In the end a share is one of all records. */
  checkShare(): void {
    if (this.goOn && this.#isBeyond()) this.#stop(this.#tooMany())
  }

  get #isCounted(): boolean {
    const { maxRejected } = this.#options
    return maxRejected !== undefined && 'count' in maxRejected
  }

  #isBeyond(): boolean {
    const { maxRejected } = this.#options
    const { read, rejected } = this.#account
    if (maxRejected === undefined) return false
    return 'count' in maxRejected ? rejected > maxRejected.count : rejected * 100 > maxRejected.percent * read
  }

  #tooMany(): MillraceError {
    const { maxRejected } = this.#options
    const { read, rejected } = this.#account
    const bound =
      maxRejected === undefined
        ? ''
        : 'count' in maxRejected
          ? String(maxRejected.count)
          : `${maxRejected.percent}%`
    const text = `${rejected} of ${read} records were rejected, and no more than ${bound} may be. The first: ${this.#first?.message}`
    return new MillraceError('TOO_MANY_REJECTED', text, { context: { read, rejected, maxRejected } })
  }
}

function unexpected(cause: unknown): MillraceError {
  return new MillraceError('SOURCE_FAILED', `The load failed unexpectedly: ${describe(cause)}`, { cause })
}
