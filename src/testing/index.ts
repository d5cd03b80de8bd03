export type { From, ReadMessage, ReadOptions } from '../client/read-topic.ts'
export { EmbeddedCluster, type EmbeddedClusterOptions } from './embedded-cluster.ts'
