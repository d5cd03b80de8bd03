import { describe } from 'vitest'
import { useEmbeddedCluster } from '../support/cluster.ts'
import { transactionBehaviour } from './transactions.ts'

const cluster = useEmbeddedCluster()

describe.each(['batch', 'callback'] as const)(
  'transactions of the %s engine on the embedded cluster',
  engine => transactionBehaviour(() => cluster().bootstrapServers, engine, { hidesAborted: false }),
)
