import { MillraceError } from '../errors.ts'

/** A producer with a transactional.id sends inside transactions only, and these commands open none. */
export function refuseTransactions(properties: Readonly<Record<string, unknown>>): void {
  if (properties['transactional.id'] === undefined) return
  throw new MillraceError(
    'CONFIG_INVALID_VALUE',
    'transactional.id: this command does not open transactions',
    {
      hint: 'Leave it out; enable.idempotence is on without it',
      context: { property: 'transactional.id' },
    },
  )
}
