/** What a trial did over its whole life, warm-up and drain included. */
export interface TrialAccount {
  /** Handed to the producers, counted by the loops. */
  readonly offered: number
  /** As the calls told it. */
  readonly delivered: number
  readonly failed: number
  /** Part of failed. */
  readonly possiblyPersisted: number
  /** As the producers counted it. */
  readonly acknowledged: number
  /** By how much the topic's end offsets moved, over all partitions. */
  readonly endOffsetsMoved: number
}

export interface AccountRules {
  readonly allowFailures: boolean
  /** The first failure's text, for the reason. */
  readonly firstFailure?: string | undefined
}

/** Why a trial's figures cannot be trusted; empty when its account holds. */
export function faultsOf(account: TrialAccount, { allowFailures, firstFailure }: AccountRules): string[] {
  const { offered, delivered, failed, acknowledged, endOffsetsMoved } = account
  const faults: string[] = []
  if (failed > 0 && !allowFailures) {
    const first = firstFailure === undefined ? '' : ` (${firstFailure})`
    faults.push(`${failed} of ${offered} messages were not delivered${first}`)
  }
  if (offered !== delivered + failed) {
    faults.push(`${offered} were offered, but ${delivered} delivered and ${failed} failed`)
  }
  if (acknowledged !== delivered) {
    faults.push(`the calls told of ${delivered} deliveries, the producers counted ${acknowledged}`)
  }
  if (endOffsetsMoved !== delivered) {
    faults.push(`${delivered} were delivered, but the end offsets moved by ${endOffsetsMoved}`)
  }
  return faults
}
