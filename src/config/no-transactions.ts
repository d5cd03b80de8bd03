import { MillraceError } from '../errors.ts'

/**
 * A producer with a transactional.id sends inside transactions only, and these open none.
 * @param who is not going to, such as: this command
 * @throws MillraceError CONFIG_INVALID_VALUE
 */
export function refuseTransactions(properties: Readonly<Record<string, unknown>>, who: string): void {
  if (properties['transactional.id'] === undefined) return
  throw new MillraceError('CONFIG_INVALID_VALUE', `transactional.id: ${who} does not open transactions`, {
    hint: 'Leave it out; enable.idempotence is on without it',
    context: { property: 'transactional.id' },
  })
}
