export type { From, ReadMessage, ReadOptions } from '../client/read-topic.ts'
export {
  type BrokerFault,
  EmbeddedCluster,
  type EmbeddedClusterOptions,
  type EmbeddedTopic,
} from './embedded-cluster.ts'
export { type FatalErrorOptions, raiseFatalError } from './fatal-error.ts'
export type { ApiName, ErrorName, RequestError } from './kafka-names.ts'
