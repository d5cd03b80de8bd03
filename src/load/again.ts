import { setMaxListeners } from 'node:events'
import type { MillraceError } from '../errors.ts'
import type { Producer } from '../producer/producer.ts'
import type { CloseResult } from '../producer/results.ts'
import { Account } from './account.ts'
import { type AnotherProducer, Lane, OwnProducer } from './culprit.ts'
import { Patience } from './patience.ts'
import { bytesOf, type Item, type Offered } from './resender.ts'
import { type Fate, type Rejected, type Returned, reasonOf } from './returned.ts'
import type { Settlement } from './steward.ts'
import { type Sorted, Suspects } from './suspects.ts'
import { verdict } from './verdict.ts'

export interface AgainListener {
  settled(settlement: Settlement): void
  /** Puts records aside; false: that was not possible. */
  reject(rejected: readonly Rejected[]): Promise<boolean>
}

export interface AgainOptions {
  /** What waits for the cluster is offered to this one. */
  readonly producer: Producer
  /** Absent: nothing can be offered alone, so that innocent neighbours fail too. */
  readonly another: AnotherProducer | undefined
}

/** What keeps records from being delivered: in a few words, and in full. */
export interface Trouble {
  readonly words: string
  readonly message: string
}

/** A group is offered at once: to wait for more of it would only take time, each time. */
const GROUPS = { 'linger.ms': 5 }

interface Settled extends Sorted {
  readonly waiting: readonly Item[]
}

/** An item whose last offering failed, and why. */
interface Failed {
  readonly item: Item
  readonly error: MillraceError
}

/**
 * What becomes of records that were offered and surely are not in the log.
 *
 * A broker refuses whole batches. Who is at fault is found in smaller and smaller groups, and in the end with batches of one,
 * through producers of their own, to which librdkafka adds nothing else. Neighbours that the broker itself has acquitted go
 * through another one in large batches, for amid new records they would meet the next culprit. What failed for the cluster's
 * sake waits until that is back.
 */
export class Again {
  readonly #listener: AgainListener
  readonly #stop = new AbortController()
  readonly #lanes: { readonly suspects: Suspects; readonly neighbours: Lane } | undefined
  /** All that were made for these. */
  readonly #producers: readonly OwnProducer[] = []
  readonly #patience: Patience
  #stopped: Promise<unknown> | undefined
  #open = 0
  #resent = 0
  #delivered = 0
  #superseded = 0
  #trouble: Trouble | undefined

  constructor({ producer, another }: AgainOptions, listener: AgainListener) {
    this.#listener = listener
    const { signal } = this.#stop
    setMaxListeners(0, signal)
    const together = async (offered: Offered) => {
      const { waiting, suspects } = await this.#settle(offered, false)
      this.#share(suspects)
      return waiting
    }
    this.#patience = new Patience(producer, together, signal)
    if (another === undefined) return
    const unreachable = (error: MillraceError) => {
      this.#trouble = { words: error.message, message: error.message }
    }
    const own = (properties: Readonly<Record<string, number>>) =>
      new OwnProducer(() => another(properties, signal), unreachable, signal)
    const [alone, groups, neighbours] = [own({ 'batch.num.messages': 1 }), own(GROUPS), own({})] as const
    this.#producers = [alone, groups, neighbours]
    const offered = async (offered: Offered, isAlone: boolean) => {
      const { waiting, ...sorted } = await this.#settle(offered, isAlone)
      this.#wait(waiting)
      return sorted
    }
    this.#lanes = {
      suspects: new Suspects({ alone, together: groups, offered, signal }),
      neighbours: new Lane(neighbours, async offered => this.#wait(await together(offered)), signal),
    }
  }

  /** Records that have not ended. */
  get open(): number {
    return this.#open
  }

  /** Messages offered again so far. */
  get resent(): number {
    return this.#resent
  }

  /**
   * Grows with each of them that is delivered, or refused while the guilty are looked for, also while others that were offered
   * with it have not ended. What the cluster is to blame for fails once there, and is in Patience's hands then.
   */
  get progress(): number {
    return this.#producers.reduce((sum, { made }) => {
      const { delivered = 0, failed = 0 } = made?.counts ?? {}
      return sum + delivered + failed
    }, this.#delivered)
  }

  /** How many of the failures that the producers count were not the end of a record. */
  get superseded(): number {
    return this.#superseded
  }

  /** What the cluster said last, while records wait for it. */
  get trouble(): Trouble | undefined {
    return this.#open === 0 ? undefined : this.#trouble
  }

  /** Waits until each of them has ended. Never rejects. */
  take(returned: readonly Returned[]): Promise<readonly Fate[]> {
    this.#open += returned.length
    const items: Item[] = []
    const fates = returned.map(
      record =>
        new Promise<Fate>(end => {
          items.push({ record, end })
        }),
    )
    for (const { reason } of returned) this.#supersede(reason.code)
    this.#share(items)
    return Promise.all(fates)
  }

  /** Offers no more; what is not on its way fails at once, the rest when that has ended. */
  stop(): void {
    this.#stop.abort()
    this.#stopped ??= Promise.all(
      [...Object.values(this.#lanes ?? {}), this.#patience].map(lane =>
        lane.leave().then(left => this.#giveUp(left)),
      ),
    )
  }

  /** Stops, and closes its producers. Waits until every record has ended. Never rejects. */
  async close(): Promise<readonly CloseResult[]> {
    this.stop()
    const closed = await Promise.all(this.#producers.map(({ made }) => made?.close({ timeoutMs: 0 })))
    await this.#stopped
    return closed.filter(result => result !== undefined)
  }

  #share(items: readonly Item[]): void {
    const are = (which: Returned['verdict']) => items.filter(({ record }) => record.verdict === which)
    this.#wait(are('wait'))
    if (this.#stop.signal.aborted || this.#lanes === undefined) {
      this.#giveUp([...are('suspect'), ...are('neighbour')])
      return
    }
    this.#lanes.suspects.add(are('suspect'))
    this.#lanes.neighbours.add(are('neighbour'))
  }

  #wait(items: readonly Item[]): void {
    if (items.length === 0) return
    if (this.#stop.signal.aborted) {
      this.#giveUp(items)
      return
    }
    this.#trouble ??= troubleOf(items[0])
    this.#patience.add(items)
  }

  /** Those that are suspects, or wait for the cluster, or wait on, are in the hands of the caller then. */
  async #settle({ items, outcomes, cut, result }: Offered, isAlone: boolean): Promise<Settled> {
    this.#resent += result.offered
    this.#delivered += result.delivered
    const account = new Account()
    account.addDeliveries(result, (from, to) =>
      items.slice(from, to).reduce((bytes, { record }) => bytes + bytesOf(record), 0),
    )
    const failed: Failed[] = []
    for (const outcome of outcomes) {
      if ('error' in outcome) failed.push(outcome)
      else this.#end(outcome.item, { state: 'delivered', delivery: outcome.delivery })
    }
    // closed by the load: it knows why
    this.#tell(account, cut?.code === 'PRODUCER_CLOSED' ? undefined : cut)
    const waiting = failed.filter(({ error }) => verdict(error) === 'wait')
    const back = waiting.map(({ item, error }) => returnedFor(item, 'wait', error))
    if (back.length > 0) this.#trouble = troubleOf(back[0])
    else if (result.delivered > 0) this.#trouble = undefined
    for (const { error } of waiting) this.#supersede(error.code)
    const sorted = await this.#judge(
      failed.filter(({ error }) => verdict(error) !== 'wait'),
      isAlone,
    )
    return { waiting: back, ...sorted }
  }

  /** Sorts out what the cluster is not to blame for. */
  async #judge(failed: readonly Failed[], isAlone: boolean): Promise<Sorted> {
    const suspects: Item[] = []
    const neighbours: Item[] = []
    const guilty: Failed[] = []
    for (const { item, error } of failed) {
      const found = verdict(error)
      if (found === 'reject' || (isAlone && (found === 'suspect' || found === 'neighbour'))) {
        guilty.push({ item, error })
      } else if (found === 'suspect' || found === 'neighbour') {
        this.#supersede(error.code)
        const back = found === 'suspect' ? suspects : neighbours
        back.push(returnedFor(item, found, error))
      } else this.#fail({ item, error }, found === 'fatal' ? error : undefined)
    }
    this.#share(neighbours)
    if (guilty.length > 0) await this.#reject(guilty)
    return { suspects, guilty: guilty.map(({ item }) => item) }
  }

  async #reject(guilty: readonly Failed[]): Promise<void> {
    const list = guilty.map(({ item: { record }, error }) => {
      const { origin, copy } = record
      return { origin, copy, reason: reasonOf(error) }
    })
    const isAside = await this.#listener.reject(list)
    for (const failed of guilty) {
      if (!isAside) this.#fail(failed, undefined)
      else {
        this.#supersede(failed.error.code)
        this.#end(failed.item, { state: 'rejected' })
      }
    }
  }

  /** The last offering was the last one. */
  #fail({ item, error }: Failed, broken: MillraceError | undefined): void {
    const { possiblyPersisted } = reasonOf(error)
    const account = new Account()
    account.failed = 1
    account.possiblyPersisted = possiblyPersisted ? 1 : 0
    // what producers count is what was accepted and not handed back
    if (error.code !== 'DELIVERY_FAILED' || verdict(error) === 'unsent') this.#superseded--
    this.#tell(account, broken, error)
    this.#end(item, { state: 'failed', possiblyPersisted })
  }

  /** They were offered before, and are not to be any more. */
  #giveUp(items: readonly Item[]): void {
    if (items.length === 0) return
    this.#superseded -= items.length
    const account = new Account()
    account.failed = items.length
    this.#tell(account, undefined)
    for (const item of items) this.#end(item, { state: 'failed', possiblyPersisted: false })
  }

  #tell(account: Account, broken: MillraceError | undefined, failure?: MillraceError): void {
    const { delivered, failed, possiblyPersisted, bytes, partitions } = account
    const sums = { delivered, failed, possiblyPersisted, bytes, partitions }
    if (delivered + failed === 0 && broken === undefined) return
    this.#listener.settled({ kind: 'settled', ...sums, failure, broken })
  }

  #end({ end }: Item, fate: Fate): void {
    this.#open--
    end(fate)
  }

  /** A failure was not the end of its record. What was refused is not among the failures that producers count. */
  #supersede(code: string): void {
    if (code === 'DELIVERY_FAILED') this.#superseded++
  }
}

function returnedFor({ record, end }: Item, found: Returned['verdict'], error: MillraceError): Item {
  return { record: { ...record, verdict: found, reason: reasonOf(error) }, end }
}

function troubleOf(item: Item | undefined): Trouble | undefined {
  if (item === undefined) return undefined
  const { reason, copy } = item.record
  const { message, kafkaName } = reason
  return { words: kafkaName === null ? message : `${copy.topic} fails with ${kafkaName}`, message }
}
