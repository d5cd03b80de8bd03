import type { RungDriver } from './types.ts'

const variable = 'KAFKA_BOOTSTRAP'

/** The cluster that KAFKA_BOOTSTRAP names. Tests make topics of their own there and leave the rest alone. */
export const existing: RungDriver = {
  rung: 'existing',

  async availability() {
    const address = process.env[variable]
    return {
      rung: 'existing',
      available: Boolean(address),
      reason: address ? `${variable}=${address}` : `${variable} is not set`,
    }
  },

  lacks(needs) {
    if (needs.control) return 'its brokers are not ours to kill'
    if (needs.properties !== undefined) return 'its settings are not ours to change'
    if (needs.brokers === 3) return 'it may have fewer than three brokers'
    return undefined
  },

  async start() {
    return {
      rung: 'existing',
      bootstrapServers: process.env[variable] ?? '',
      brokers: null,
      leftovers: async () => [],
      stop: async () => {},
    }
  },
}
