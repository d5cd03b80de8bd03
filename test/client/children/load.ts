// Loads node-rdkafka as the millrace in the folder given does, and prints as JSON how that ended.
import { pathToFileURL } from 'node:url'

const folder = process.argv[2] as string
const { loadClient } = (await import(
  pathToFileURL(`${folder}/src/client/load.ts`).href
)) as typeof import('../../../src/client/load.ts')

try {
  loadClient()
  console.log(JSON.stringify('loaded'))
} catch (error) {
  const { name, code, message } = error as InstanceType<typeof import('../../../src/errors.ts').MillraceError>
  console.log(JSON.stringify({ name, code, message }))
}
