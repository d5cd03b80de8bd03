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
  /** What of that are markers of its transactions: one for each partition that a transaction wrote to. */
  readonly transactionMarkers: number
  /** How many more there may be, of transactions that were aborted. */
  readonly possibleMarkers: number
}

export interface AccountRules {
  readonly allowFailures: boolean
  /** The first failure's text, for the reason. */
  readonly firstFailure?: string | undefined
}

/**
 * Messages in the log that were not delivered: failed ones that may be there, duplicates, or somebody else's. Below 0:
 * delivered ones that are not there.
 */
export function beyondDelivered({
  delivered,
  endOffsetsMoved,
  transactionMarkers,
}: Pick<TrialAccount, 'delivered' | 'endOffsetsMoved' | 'transactionMarkers'>): number {
  return endOffsetsMoved - transactionMarkers - delivered
}

/** Why a trial's figures cannot be trusted; empty when its account holds. */
export function faultsOf(account: TrialAccount, { allowFailures, firstFailure }: AccountRules): string[] {
  const { offered, delivered, failed, acknowledged } = account
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
  return [...faults, ...logFaultsOf(account)]
}

/** What is in the log is what was delivered, and at most what may be there of the failed. */
function logFaultsOf(account: TrialAccount): string[] {
  const { delivered, endOffsetsMoved, transactionMarkers, possibleMarkers } = account
  const possiblyPersisted = account.possiblyPersisted + possibleMarkers
  const beyond = beyondDelivered(account)
  if (beyond >= 0 && beyond <= possiblyPersisted) return []
  const markers = transactionMarkers === 0 ? '' : `, ${transactionMarkers} of that for transactions`
  const moved = `${delivered} were delivered, but the end offsets moved by ${endOffsetsMoved}${markers}`
  if (beyond < 0) return [`${moved}: ${-beyond} are missing`]
  const possible = possiblyPersisted === 0 ? '' : `, of which ${possiblyPersisted} can be failed ones`
  return [`${moved}: ${beyond} too many${possible}, duplicates or somebody else's`]
}
