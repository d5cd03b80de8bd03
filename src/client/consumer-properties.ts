import { factsOf } from '../config/index.ts'
import type { Properties } from './producer-client.ts'

/** Those of a connection's properties that consumers take, too. */
export function consumerProperties(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => factsOf(name)?.scope === '*'))
}
