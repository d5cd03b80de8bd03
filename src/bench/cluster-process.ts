import { EmbeddedCluster } from '../testing/embedded-cluster.ts'
import { answer, livesWithParent, toSentError } from './child-side.ts'

livesWithParent()
try {
  const cluster = await EmbeddedCluster.start({ topics: JSON.parse(process.argv[2] ?? '{}') })
  process.send?.({ brokers: cluster.bootstrapServers })
} catch (error) {
  answer({ error: toSentError(error) })
}
