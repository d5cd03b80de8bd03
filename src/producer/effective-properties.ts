import type { Properties } from '../client/producer-client.ts'
import {
  checkProperties,
  type ProducerProperties,
  producerDefaults,
  requireBrokers,
} from '../config/index.ts'
import { MillraceError } from '../errors.ts'

/**
 * What a producer's client is made with: the given properties, checked, and millrace's defaults.
 * @throws MillraceError CONFIG_…
 */
export function effectiveProperties(
  given: ProducerProperties,
  onWarning: (text: string) => void,
): Properties {
  const checked = checkProperties(given)
  requireBrokers(checked.properties)
  const { properties, warnings } = producerDefaults(checked.properties)
  for (const warning of [...checked.warnings, ...warnings]) onWarning(warning)
  refuseTransactions(properties)
  return properties
}

/** With a transactional.id librdkafka takes messages inside transactions only, and this producer opens none. */
function refuseTransactions(properties: Readonly<Record<string, unknown>>): void {
  if (properties['transactional.id'] === undefined) return
  throw new MillraceError(
    'CONFIG_INVALID_VALUE',
    'transactional.id: this producer does not open transactions',
    {
      hint: 'Leave it out; enable.idempotence is on without it',
      context: { property: 'transactional.id' },
    },
  )
}
