import type { EngineCounts } from '../engine/engine.ts'

type Sums = Pick<EngineCounts, 'accepted' | 'delivered' | 'failed' | 'possiblyPersisted' | 'handedBack'>

const NONE: Sums = { accepted: 0, delivered: 0, failed: 0, possiblyPersisted: 0, handedBack: 0 }

/**
 * What transactions make of the engine's counts. The engine tells what was acknowledged; that counts as delivered
 * once its transaction is committed. Everything between `begin` and the end belongs to the one transaction there can
 * be, since nothing is in flight at either.
 */
export class Ledger {
  /** The engine's counts at the begin of the open transaction. */
  #base: Sums | undefined
  /** Taken off what the engine tells, for good. */
  #moved: Sums = NONE
  #aborted = 0

  begin(counts: EngineCounts): void {
    this.#base = counts
  }

  commit(): void {
    this.#base = undefined
  }

  /** All that the transaction had accepted. */
  abort(counts: EngineCounts): void {
    const own = this.#own(counts)
    this.#aborted += own.accepted
    this.#moved = sum(this.#moved, { ...own, accepted: 0 })
    this.#base = undefined
  }

  /** Nobody knows whether it was committed: what was acknowledged may be visible. */
  lose(counts: EngineCounts): void {
    const { delivered } = this.#own(counts)
    const change = { ...NONE, delivered, failed: -delivered, possiblyPersisted: -delivered }
    this.#moved = sum(this.#moved, change)
    this.#base = undefined
  }

  /** Acknowledged in the open transaction. */
  acknowledged(counts: EngineCounts): number {
    return this.#own(counts).delivered
  }

  apply(counts: EngineCounts): EngineCounts {
    const moved = this.#moved
    const acknowledged = this.#own(counts).delivered
    return {
      ...counts,
      delivered: counts.delivered - moved.delivered - acknowledged,
      failed: counts.failed - moved.failed,
      possiblyPersisted: counts.possiblyPersisted - moved.possiblyPersisted,
      handedBack: counts.handedBack - moved.handedBack,
      aborted: this.#aborted,
      inFlight: counts.inFlight + acknowledged,
    }
  }

  #own(counts: EngineCounts): Sums {
    const base = this.#base
    if (base === undefined) return NONE
    return {
      accepted: counts.accepted - base.accepted,
      delivered: counts.delivered - base.delivered,
      failed: counts.failed - base.failed,
      possiblyPersisted: counts.possiblyPersisted - base.possiblyPersisted,
      handedBack: counts.handedBack - base.handedBack,
    }
  }
}

function sum(a: Sums, b: Sums): Sums {
  return {
    accepted: a.accepted + b.accepted,
    delivered: a.delivered + b.delivered,
    failed: a.failed + b.failed,
    possiblyPersisted: a.possiblyPersisted + b.possiblyPersisted,
    handedBack: a.handedBack + b.handedBack,
  }
}
