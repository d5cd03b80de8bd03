// node-rdkafka without delivery reports, watched from outside.
import { fileURLToPath } from 'node:url'
import { startProgram } from '../adapters/program.ts'
import { type Watched, watch } from '../adapters/watched.ts'
import { speak } from '../node/speak.ts'
import { client } from './module.ts'

const program = fileURLToPath(new URL('no-reports.ts', import.meta.url))

const producer: Watched = {
  firstRate: 500_000,
  warmupSeconds: null,
  start(task, messages) {
    const started = startProgram(process.execPath, [...process.execArgv, program, String(messages)], 'pipe')
    started.child.stdin?.write(`${JSON.stringify(task)}\n`)
    return started
  },
  // its flush ends without an error when nothing is left; whether all arrived is for the end offsets to tell
  account: (_, messages) => ({ delivered: messages, batches: null, client }),
}

await speak((task, say) => watch(producer, task, say))
