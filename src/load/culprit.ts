import { setTimeout as sleep } from 'node:timers/promises'
import type { MillraceError } from '../errors.ts'
import type { Producer } from '../producer/producer.ts'
import { type Item, MOST_TOGETHER, type Offered, offerAgain } from './resender.ts'

/** Connects another producer like those of the load, but for some properties; an abort ends the trying. */
export type AnotherProducer = (
  properties: Readonly<Record<string, string | number>>,
  signal: AbortSignal,
) => Promise<Producer>

const TRY_AGAIN_MS = 500

/** A producer that is made when it is wanted, and tried for until there is one. */
export class OwnProducer {
  readonly #make: () => Promise<Producer>
  readonly #unreachable: (error: MillraceError) => void
  readonly #signal: AbortSignal
  #producer: Producer | undefined

  /**
   * @param unreachable hears why none could be made; it is tried again
   * @param signal aborted: none is made any more
   */
  constructor(
    make: () => Promise<Producer>,
    unreachable: (error: MillraceError) => void,
    signal: AbortSignal,
  ) {
    this.#make = make
    this.#unreachable = unreachable
    this.#signal = signal
  }

  /** Absent before it was wanted. */
  get made(): Producer | undefined {
    return this.#producer
  }

  /** Waits until it is connected; undefined: the signal came first. Never rejects. */
  async get(): Promise<Producer | undefined> {
    while (this.#producer === undefined && !this.#signal.aborted) await this.#connect()
    return this.#producer
  }

  async #connect(): Promise<void> {
    try {
      const producer = await this.#make()
      if (this.#signal.aborted) await producer.close({ timeoutMs: 0 })
      else this.#producer = producer
    } catch (error) {
      this.#unreachable(error as MillraceError)
      await sleep(TRY_AGAIN_MS, undefined, { signal: this.#signal }).catch(() => {})
    }
  }
}

/** Offers items through a producer of its own: nothing else is in its batches. */
export class Lane {
  readonly #own: OwnProducer
  readonly #offered: (offered: Offered) => Promise<void>
  readonly #signal: AbortSignal
  readonly #items: Item[] = []
  #busy = false
  #running: Promise<void> = Promise.resolve()

  /**
   * @param offered hears of what was offered
   * @param signal aborted: offers no more
   */
  constructor(own: OwnProducer, offered: (offered: Offered) => Promise<void>, signal: AbortSignal) {
    this.#own = own
    this.#offered = offered
    this.#signal = signal
  }

  add(items: readonly Item[]): void {
    for (const item of items) this.#items.push(item)
    if (!this.#busy) this.#running = this.#run()
  }

  /** Waits for what was offered, and gives back what was not; the signal is aborted. */
  async leave(): Promise<readonly Item[]> {
    await this.#running
    return this.#items.splice(0)
  }

  async #run(): Promise<void> {
    this.#busy = true
    while (this.#items.length > 0 && !this.#signal.aborted) {
      const producer = await this.#own.get()
      if (producer === undefined) continue
      const offered = await offerAgain(producer, this.#items.splice(0, MOST_TOGETHER))
      this.#items.unshift(...offered.left)
      await this.#offered(offered)
    }
    this.#busy = false
  }
}
