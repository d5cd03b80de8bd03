import type { Properties } from '../client/producer-client.ts'
import {
  checkProperties,
  type ProducerProperties,
  producerDefaults,
  requireBrokers,
} from '../config/index.ts'

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
  return properties
}
