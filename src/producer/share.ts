import type { Shared } from '../engine/batch.ts'
import { MillraceError } from '../errors.ts'

const KIND = 'millrace.producer/1'

/**
 * Names a producer to other threads of its process: plain data, to be posted to a worker or given as its
 * `workerData`. Who has it can send through the producer, so keep it within the program.
 */
export interface ProducerToken {
  readonly kind: typeof KIND
  readonly token: string
  readonly limits: { readonly messages: number; readonly bytes: number }
  readonly timed: boolean
}

export function tokenOf({ token, limits, timed }: Shared): ProducerToken {
  return { kind: KIND, token, limits: { messages: limits.messages, bytes: limits.bytes }, timed }
}

/** @throws MillraceError USAGE for what `share()` did not give */
export function sharedOf(value: unknown): Shared {
  const { kind, token, limits, timed } = (value ?? {}) as Partial<ProducerToken>
  const sound =
    kind === KIND &&
    typeof token === 'string' &&
    typeof limits?.messages === 'number' &&
    typeof limits.bytes === 'number' &&
    typeof timed === 'boolean'
  if (sound) return { token, limits, timed }
  throw new MillraceError('USAGE', 'A producer is attached to with the token that its share() gave', {
    hint: 'Post `producer.share()` to the worker as it is',
  })
}
