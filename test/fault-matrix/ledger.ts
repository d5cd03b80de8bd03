import { expect } from 'vitest'
import { type CloseResult, DeliveryError, MillraceError, type Producer } from '../../src/index.ts'
import type { EmbeddedCluster } from '../../src/testing/index.ts'

/** How one message ended, as the producer told it. */
export type Fate =
  | { readonly state: 'delivered'; readonly partition: number; readonly offset: number | null }
  | { readonly state: 'failed'; readonly error: DeliveryError }
  | { readonly state: 'refused'; readonly error: MillraceError }

export interface Offer {
  /** Default 0. */
  readonly partition?: number
}

/**
 * Numbers messages of one topic, keeps what the producer says of each, and compares that with the producer's own
 * account and with what is in the log.
 */
export class Ledger {
  readonly #producer: Producer
  readonly #cluster: EmbeddedCluster
  readonly topic: string
  readonly fates: Fate[] = []
  #offered = 0
  readonly #ends: Promise<void>[] = []

  constructor(producer: Producer, cluster: EmbeddedCluster, topic: string) {
    this.#producer = producer
    this.#cluster = cluster
    this.topic = topic
  }

  /** Offers so many, the first half one by one, the others as a batch; does not wait. */
  offer(count: number, { partition = 0 }: Offer = {}): void {
    const half = Math.ceil(count / 2)
    for (let n = 0; n < half; n++) this.#ends.push(this.#send(this.#next(partition)))
    const batch = Array.from({ length: count - half }, () => this.#next(partition))
    if (batch.length > 0) this.#ends.push(this.#sendBatch(batch))
  }

  /** Waits until each has ended. */
  async ended(): Promise<readonly Fate[]> {
    await Promise.all(this.#ends)
    return this.fates
  }

  of(state: Fate['state']): Fate[] {
    return this.fates.filter(fate => fate.state === state)
  }

  errors(): MillraceError[] {
    return this.fates.flatMap(fate => (fate.state === 'delivered' ? [] : [fate.error]))
  }

  /**
   * Closes the producer and checks the invariant of the fault matrix. `once`: no message may be there twice (the
   * embedded cluster checks no sequence numbers, so that holds only where no answer was lost).
   * @returns the numbers in the log, by partition in order
   */
  async check({ once = true }: { once?: boolean } = {}): Promise<number[]> {
    await this.ended()
    const closing = await this.#producer.close()
    this.#checkAccount(closing)
    const log = await this.#cluster.readAll(this.topic)
    const at = new Map(log.map(({ partition, offset, value }) => [`${partition}@${offset}`, Number(value)]))
    const numbers = log.map(({ value }) => Number(value))
    const there = new Set(numbers)
    for (const [number, fate] of this.fates.entries()) {
      if (fate.state === 'delivered') {
        expect(there, `message ${number} was acknowledged`).toContain(number)
        if (fate.offset !== null) expect(at.get(`${fate.partition}@${fate.offset}`)).toBe(number)
      } else if (there.has(number)) {
        expect(fate.error, `message ${number} is in the log`).toMatchObject({ possiblyPersisted: true })
      }
    }
    if (once) expect(numbers).toHaveLength(there.size)
    return numbers
  }

  #checkAccount(closing: CloseResult): void {
    const { accepted, delivered, failed, aborted, unsent, refused, possiblyPersisted } = closing
    expect(accepted).toBe(delivered + failed + aborted + unsent.length)
    expect(accepted + refused).toBeLessThanOrEqual(this.#offered)
    // the promise of a message that is handed back has failed, too
    const failures = this.fates.flatMap(fate => (fate.state === 'failed' ? [fate.error] : []))
    expect({ delivered, failed: failed + unsent.length }).toEqual({
      delivered: this.of('delivered').length,
      failed: failures.length,
    })
    expect(possiblyPersisted).toBe(failures.filter(error => error.possiblyPersisted).length)
    const handedBack = new Set(unsent.map(({ value }) => Number(value)))
    expect(handedBack.size).toBe(unsent.length)
    for (const number of handedBack) {
      expect(this.fates[number]).toMatchObject({ state: 'failed', error: { possiblyPersisted: false } })
    }
    // each has ended, and once
    expect(Object.keys(this.fates)).toHaveLength(this.#offered)
    expect(this.#producer.counts).toMatchObject({ inFlight: 0, inFlightBytes: 0, waiting: 0 })
  }

  #next(partition: number): { number: number; partition: number } {
    return { number: this.#offered++, partition }
  }

  async #send({ number, partition }: { number: number; partition: number }): Promise<void> {
    const message = { topic: this.topic, partition, value: String(number) }
    await this.#producer.send(message).then(
      ({ partition, offset }) => this.#end(number, { state: 'delivered', partition, offset }),
      error => this.#end(number, fateOf(error)),
    )
  }

  async #sendBatch(messages: readonly { number: number; partition: number }[]): Promise<void> {
    const wire = messages.map(({ number, partition }) => ({
      topic: this.topic,
      partition,
      value: String(number),
    }))
    let cut: MillraceError | undefined
    const result = await this.#producer.sendBatch(wire, { detail: 'all' }).catch(error => {
      expect(error).toBeInstanceOf(MillraceError)
      cut = error as MillraceError
      return cut.context.result as undefined | Awaited<ReturnType<Producer['sendBatch']>>
    })
    const failures = new Map(result?.failures.map(({ index, error }) => [index, error]))
    for (const [index, { number }] of messages.entries()) {
      const delivery = result?.delivery(index) ?? null
      const error = failures.get(index) ?? cut
      if (delivery !== null) this.#end(number, { state: 'delivered', ...delivery })
      else if (error !== undefined) this.#end(number, fateOf(error))
    }
  }

  #end(number: number, fate: Fate): void {
    expect(this.fates[number], `message ${number} ended before`).toBeUndefined()
    this.fates[number] = fate
  }
}

function fateOf(error: unknown): Fate {
  expect(error).toBeInstanceOf(MillraceError)
  return error instanceof DeliveryError && error.code === 'DELIVERY_FAILED'
    ? { state: 'failed', error }
    : { state: 'refused', error: error as MillraceError }
}
