// Runs the TypeScript file that workerData names: Node's --import does not reach a worker's loader on Node 20. Compiled
// files need none of this, and it is not among them.
import { workerData } from 'node:worker_threads'
import { register } from 'tsx/esm/api'

register()
await import(workerData.entry)
