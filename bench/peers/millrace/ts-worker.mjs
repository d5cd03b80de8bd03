// Runs the TypeScript file named by workerData.entry: Node's --import does not reach a worker's loader on Node 20.
import { workerData } from 'node:worker_threads'
import { register } from 'tsx/esm/api'

register()
await import(workerData.entry)
