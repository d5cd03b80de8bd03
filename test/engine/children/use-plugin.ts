// One client whose plugin is not what it should be, in a process of its own, since what goes wrong may be a crash.
// Prints as JSON how connecting ended, and that a client with the right plugin still delivers afterwards.
//   use-plugin.ts ADDON PLUGINS COPY    COPY is loaded by `require` too, and has a producer open, unless it is ''
import { createRequire } from 'node:module'
import { loadClient } from '../../../src/client/load.ts'
import { ProducerClient } from '../../../src/client/producer-client.ts'
import type { Binding } from '../../../src/engine/binding.ts'
import { Producer } from '../../../src/index.ts'
import { EmbeddedCluster } from '../../../src/testing/index.ts'

const [addon, plugins, copy] = process.argv.slice(2) as [string, string, string]
const require = createRequire(import.meta.url)
const silent = { report() {}, error() {}, log() {}, statistics() {} }

loadClient()
const binding = require(addon) as Binding
const channel = binding.open(100, 1e6, false, () => {})
const other = copy === '' ? undefined : (require(copy) as Binding)
const otherChannel = other?.open(100, 1e6, false, () => {})

const cluster = await EmbeddedCluster.start()
const properties = { 'bootstrap.servers': cluster.bootstrapServers }

async function connect(first: Record<string, string>): Promise<unknown> {
  try {
    const options = { reports: false, first, timeoutMs: 5000 }
    const { client } = await ProducerClient.connect(properties, silent, options)
    await client.disconnect()
    return 'connected'
  } catch (error) {
    const { name, code, message } = error as InstanceType<
      typeof import('../../../src/errors.ts').MillraceError
    >
    return { name, code, message }
  }
}

const wrong = await connect({ 'plugin.library.paths': plugins, 'millrace.token': binding.token(channel) })
const right = await connect({ 'plugin.library.paths': addon, 'millrace.token': binding.token(channel) })
const others =
  other &&
  (await connect({ 'plugin.library.paths': copy, 'millrace.token': other.token(otherChannel as number) }))
binding.release(channel)
if (otherChannel !== undefined) other?.release(otherChannel)

const producer = await Producer.connect(properties, { engine: 'batch' })
const { delivered } = await producer.sendBatch([{ topic: 't', value: 'v' }])
await producer.close()
await cluster.stop()
console.log(JSON.stringify({ wrong, right, others, delivered }))
