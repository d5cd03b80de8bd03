// Loads the millrace in the folder given, and prints as JSON what each engine's name comes to there.
import { pathToFileURL } from 'node:url'

const folder = process.argv[2] as string
const from = <T>(path: string): Promise<T> => import(pathToFileURL(`${folder}/${path}`).href)

const { Producer } = await from<typeof import('../../../src/index.ts')>('src/index.ts')
const { EmbeddedCluster } = await from<typeof import('../../../src/testing/index.ts')>('src/testing/index.ts')

const cluster = await EmbeddedCluster.start()
const warnings: string[] = []

async function use(engine: 'auto' | 'batch') {
  try {
    const producer = await Producer.connect(
      { 'bootstrap.servers': cluster.bootstrapServers },
      { engine, onWarning: text => warnings.push(text) },
    )
    const { delivered } = await producer.sendBatch([{ topic: 't', value: 'v' }])
    await producer.close()
    return { engine: producer.engine, delivered }
  } catch (error) {
    const { name, code, message } = error as InstanceType<
      typeof import('../../../src/errors.ts').MillraceError
    >
    return { name, code, message }
  }
}

const found = { auto: await use('auto'), again: await use('auto'), batch: await use('batch'), warnings }
await cluster.stop()
console.log(JSON.stringify(found))
