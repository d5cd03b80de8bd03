import type { OwnProducer } from './culprit.ts'
import { type Item, MOST_TOGETHER, type Offered, offerAgain } from './resender.ts'
import { type Finding, Sieve, type Trial } from './sieve.ts'

/** How those ended that were not delivered. */
export interface Sorted {
  /** One of them is to blame, or each is. */
  readonly suspects: readonly Item[]
  readonly guilty: readonly Item[]
}

export interface SuspectsOptions {
  /** To its batches librdkafka adds nothing. */
  readonly alone: OwnProducer
  readonly together: OwnProducer
  /** Hears of what was offered. */
  readonly offered: (offered: Offered, isAlone: boolean) => Promise<Sorted>
  /** Aborted: offers no more. */
  readonly signal: AbortSignal
}

/**
 * Offers records of refused batches again, to find who is to blame: a group a partition at a time, all partitions at once.
 * Nobody is to blame who was not refused in a batch of its own, whatever librdkafka makes of a group.
 */
export class Suspects {
  readonly #options: SuspectsOptions
  /** By topic and partition. */
  readonly #sieves = new Map<string, Sieve<Item>>()
  #busy = false
  #running: Promise<void> = Promise.resolve()

  constructor(options: SuspectsOptions) {
    this.#options = options
  }

  add(items: readonly Item[]): void {
    for (const [place, some] of byPlace(items)) this.#sieveOf(place).add(some)
    if (!this.#busy && items.length > 0) this.#running = this.#run()
  }

  /** Waits for what was offered, and gives back what was not; the signal is aborted. */
  async leave(): Promise<readonly Item[]> {
    await this.#running
    return [...this.#sieves.values()].flatMap(sieve => sieve.leave())
  }

  async #run(): Promise<void> {
    this.#busy = true
    while (this.#sieves.size > 0 && !this.#options.signal.aborted) await this.#round()
    this.#busy = false
  }

  async #round(): Promise<void> {
    const trials = new Map<string, Trial<Item>>()
    for (const [place, sieve] of this.#sieves) {
      const trial = sieve.next()
      if (trial === undefined) this.#sieves.delete(place)
      else trials.set(place, trial)
    }
    const all = [...trials.values()]
    const [alone, together] = await Promise.all([
      this.#offer(
        all.filter(({ alone }) => alone).flatMap(({ items }) => items),
        true,
      ),
      this.#offer(
        all.filter(({ alone }) => !alone).flatMap(({ items }) => items),
        false,
      ),
    ])
    const back = byPlace([...alone.suspects, ...together.suspects])
    const guilty = byPlace([...alone.guilty, ...together.guilty])
    for (const [place, trial] of trials) {
      const finding: Finding<Item> = {
        back: back.get(place) ?? [],
        guilty: guilty.get(place)?.length ?? 0,
      }
      this.#sieveOf(place).heard(trial, finding)
    }
  }

  async #offer(items: readonly Item[], isAlone: boolean): Promise<Sorted> {
    if (items.length === 0) return NOBODY
    const { alone, together, offered, signal } = this.#options
    const producer = await (isAlone ? alone : together).get()
    if (producer === undefined || signal.aborted) return { suspects: items, guilty: [] }
    const answer = await offerAgain(producer, items)
    const { suspects, guilty } = await offered(answer, isAlone)
    return { suspects: [...suspects, ...answer.left], guilty }
  }

  #sieveOf(place: string): Sieve<Item> {
    const known = this.#sieves.get(place)
    if (known !== undefined) return known
    const sieve = new Sieve<Item>(MOST_TOGETHER)
    this.#sieves.set(place, sieve)
    return sieve
  }
}

const NOBODY: Sorted = { suspects: [], guilty: [] }

/** By the partition that they go to, as far as it is known. */
function byPlace(items: readonly Item[]): Map<string, Item[]> {
  const places = new Map<string, Item[]>()
  for (const item of items) {
    const { copy, refusedBy } = item.record
    const place = `${copy.topic} ${copy.partition ?? refusedBy}`
    const known = places.get(place)
    if (known === undefined) places.set(place, [item])
    else known.push(item)
  }
  return places
}
