// Runs inside a project that has millrace as its dependency, and prints what it found as one line of JSON.
import { createRequire } from 'node:module'
import * as imported from 'millrace'
import { EmbeddedCluster } from 'millrace/testing'

const required = createRequire(import.meta.url)('millrace')
const warnings = []
process.on('warning', ({ name, message }) => {
  if (name === 'MillraceWarning') warnings.push(message)
})

const { Producer } = imported
const messages = Array.from({ length: 10 }, (_, n) => ({ topic: 'installed', value: `${n}` }))
const found = { sameClass: required.Producer === Producer }

async function told(body) {
  try {
    return await body()
  } catch ({ name, code, message }) {
    return { error: { name, code, message } }
  }
}

async function deliver(bootstrapServers, engine) {
  const producer = await Producer.connect({ 'bootstrap.servers': bootstrapServers }, { engine })
  const { delivered } = await producer.sendBatch(messages)
  await producer.close()
  return { engine: producer.engine, delivered }
}

found.testing = await told(async () => {
  const cluster = await EmbeddedCluster.start()
  try {
    const servers = cluster.bootstrapServers
    found.auto = await told(() => deliver(servers, 'auto'))
    found.autoAgain = await told(() => deliver(servers, 'auto'))
    found.batch = await told(() => deliver(servers, 'batch'))
    return { read: (await cluster.readAll('installed')).length }
  } finally {
    await cluster.stop()
  }
})
if (found.testing.error !== undefined) {
  found.auto = await told(() => deliver('127.0.0.1:9', 'auto'))
}
// warnings are emitted in a later turn
await new Promise(resolve => setImmediate(resolve))
console.log(JSON.stringify({ ...found, warnings }))
