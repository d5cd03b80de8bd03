import { afterAll, afterEach, beforeAll } from 'vitest'
import { type ConnectOptions, Producer, type ProducerProperties } from '../../src/index.ts'
import { EmbeddedCluster } from '../../src/testing/index.ts'

let number = 0

/** A topic name of its own for each call. */
export function freshTopic(): string {
  return `t${process.pid}-${++number}`
}

/** One embedded cluster for the tests of a file. */
export function useEmbeddedCluster(): () => EmbeddedCluster {
  let cluster: EmbeddedCluster
  beforeAll(async () => {
    cluster = await EmbeddedCluster.start()
  })
  afterAll(() => cluster.stop())
  return () => cluster
}

/** Connects producers that are closed after the test. */
export function useProducers(
  bootstrapServers: () => string,
  engine: ConnectOptions['engine'] = 'auto',
): (properties?: Partial<ProducerProperties>, options?: ConnectOptions) => Promise<Producer> {
  const open: Producer[] = []
  afterEach(async () => {
    await Promise.all(open.splice(0).map(producer => producer.close({ timeoutMs: 0 })))
  })
  return async (properties = {}, options) => {
    const producer = await Producer.connect(
      { 'bootstrap.servers': bootstrapServers(), ...properties },
      { engine, ...options },
    )
    open.push(producer)
    return producer
  }
}
