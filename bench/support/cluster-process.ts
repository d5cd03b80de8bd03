import { answer, livesWithParent, toSentError } from '../../src/bench/child-side.ts'
import { EmbeddedCluster } from '../../src/testing/index.ts'

livesWithParent()
process.once('message', async (topics: Record<string, number>) => {
  try {
    const { bootstrapServers } = await EmbeddedCluster.start({ topics })
    process.send?.({ bootstrapServers })
  } catch (error) {
    answer({ error: toSentError(error).message })
  }
})
