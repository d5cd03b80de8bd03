import type { Values } from './conflict.ts'
import type { PropertyValue } from './values.ts'

/** What an idempotent producer of librdkafka must have, and refuses to be without. */
const demands: readonly {
  readonly property: string
  readonly needs: string
  readonly met: (value: PropertyValue) => boolean
}[] = [
  { property: 'acks', needs: 'acks=all', met: value => value === 'all' },
  { property: 'max.in.flight.requests.per.connection', needs: 'at most 5', met: value => Number(value) <= 5 },
  { property: 'retries', needs: 'at least 1', met: value => Number(value) >= 1 },
  { property: 'queuing.strategy', needs: 'queuing.strategy=fifo', met: value => value === 'fifo' },
  { property: 'queue.buffering.backpressure.threshold', needs: 'exactly 1', met: value => value === 1 },
]

/** Properties that were set to what idempotence does not go with, and what it needs of each. */
export function contradictionsOfIdempotence(values: Values): { property: string; needs: string }[] {
  return demands.filter(({ property, met }) => {
    const value = values[property]
    return value !== undefined && !met(value)
  })
}

/** The property by which idempotence was asked for, itself or because librdkafka needs it for that. */
export function requestForIdempotence(values: Values): string | undefined {
  if (values['enable.idempotence'] === true) return 'enable.idempotence'
  if ((values['transactional.id'] ?? '') !== '') return 'transactional.id'
  if (values['enable.gapless.guarantee'] === true) return 'enable.gapless.guarantee'
  return undefined
}
