// Two installations of millrace in one process, each with its own copy of the addon; prints what each delivered.
import { pathToFileURL } from 'node:url'

type Millrace = typeof import('../../../src/index.ts')

const load = (folder: string): Promise<Millrace> => import(pathToFileURL(`${folder}/src/index.ts`).href)
const [first, second] = process.argv.slice(2) as [string, string]
const installations = [await load(first), await load(second)] as const
const { EmbeddedCluster } = (await import(
  pathToFileURL(`${first}/src/testing/index.ts`).href
)) as typeof import('../../../src/testing/index.ts')

const cluster = await EmbeddedCluster.start()
const producers = await Promise.all(
  installations.map(({ Producer }) =>
    Producer.connect({ 'bootstrap.servers': cluster.bootstrapServers }, { engine: 'batch' }),
  ),
)
const messages = Array.from({ length: 1000 }, (_, n) => ({ topic: 't', value: `${n}` }))
const results = await Promise.all(producers.map(producer => producer.sendBatch(messages)))
const accounts = []
for (const producer of producers) {
  const { accepted, delivered, failed } = await producer.close()
  accounts.push({ accepted, delivered, failed })
}
const read = (await cluster.readAll('t')).length
await cluster.stop()
const distinct = installations[0].Producer !== installations[1].Producer
console.log(
  JSON.stringify({ distinct, delivered: results.map(({ delivered }) => delivered), accounts, read }),
)
