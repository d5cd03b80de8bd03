// Type-checked, not run, inside a project that has millrace as its dependency.
import { type Message, type MillraceError, Producer } from 'millrace'
import { EmbeddedCluster } from 'millrace/testing'

const cluster = await EmbeddedCluster.start()
const producer = await Producer.connect({ 'bootstrap.servers': cluster.bootstrapServers })
const messages: Message[] = [{ topic: 'installed', value: Buffer.from('v') }]
const { delivered, failures } = await producer.sendBatch(messages)
export const count: number = delivered
export const codes: string[] = failures.map(({ error }) => error.code)
// @ts-expect-error: were the types not found, everything would be assignable to everything
export const wrong: MillraceError = delivered
