import type { RungDriver } from './types.ts'

/** librdkafka's mock cluster: always there, and not Kafka. */
export const embedded: RungDriver = {
  rung: 'embedded',

  async availability() {
    return { rung: 'embedded', available: true, reason: "librdkafka's mock cluster, which is not Kafka" }
  },

  lacks(needs) {
    if (needs.real) return 'it is not Kafka'
    if (needs.control) return 'its brokers are no processes to kill'
    if (needs.properties !== undefined) return 'it has no broker settings'
    return undefined
  },

  async start(needs) {
    const { EmbeddedCluster } = await import('../../../src/testing/index.ts')
    const brokers = needs.brokers ?? 1
    const cluster = await EmbeddedCluster.start({ brokers })
    return {
      rung: 'embedded',
      bootstrapServers: cluster.bootstrapServers,
      brokers,
      leftovers: async () => [],
      stop: () => cluster.stop(),
    }
  },
}
