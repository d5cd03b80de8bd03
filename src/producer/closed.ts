import { MillraceError } from '../errors.ts'
import type { ProducerState } from './producer.ts'

export function closedError(state: ProducerState): MillraceError {
  return new MillraceError('PRODUCER_CLOSED', `The producer is ${state === 'open' ? 'closing' : state}`, {
    hint: 'What this error speaks of was not accepted; send it through a new producer',
  })
}
