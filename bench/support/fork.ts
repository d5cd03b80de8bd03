import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

/** Starts one of the programs of this folder. */
export function forkEntry(entry: string, execArgv: readonly string[] = []): ChildProcess {
  return fork(fileURLToPath(new URL(entry, import.meta.url)), [], {
    execArgv: ['--import', tsx, ...execArgv],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
}

/** Sends it an order and resolves with its answer. @throws Error when it ends instead */
export function asked<Answer>(child: ChildProcess, what: string, order: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    child.once('message', answer => resolve(answer as Answer))
    child.once('exit', code => reject(new Error(`${what} ended with ${code}`)))
    child.send(order)
  })
}
