import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The last of what a process wrote to standard error, to tell why it died. */
const KEPT_BYTES = 2000

export interface Child {
  readonly process: ChildProcess
  /** Resolves once it has ended, with how and what it said. Never rejects. */
  readonly ended: Promise<string>
}

/**
 * Starts one of this folder's process entries. It ends with the channel to this process, so that none is
 * left behind whatever happens here.
 */
export function startChild(
  entry: 'trial-process' | 'cluster-process' | 'processes/part-process',
  args: readonly string[] = [],
): Child {
  const fromSource = import.meta.url.endsWith('.ts')
  const path = fileURLToPath(new URL(`./${entry}${fromSource ? '.ts' : '.js'}`, import.meta.url))
  return startEntry(path, args, fromSource ? ['--import', tsx()] : [])
}

/** The same for a file of another installation, by its path. */
export function startEntry(
  path: string,
  args: readonly string[] = [],
  execArgv: readonly string[] = [],
): Child {
  const child = fork(path, args, {
    execArgv: [...execArgv],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', text => {
    said = (said + text).slice(-KEPT_BYTES)
  })
  const ended = howItEnds(child).then(how => (said.trim() === '' ? how : `${how}: ${said.trim()}`))
  return { process: child, ended }
}

/** Resolves when it is gone and all it said is read. ('close' does not come after `disconnect`.) */
async function howItEnds(child: ChildProcess): Promise<string> {
  const silence = new Promise(resolve => child.stderr?.once('close', resolve))
  const how = await new Promise<string>(resolve => {
    child.once('error', error => resolve(`could not be started: ${error.message}`))
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`),
    )
  })
  await silence
  return how
}

/** Run from source, as tests do, a process of ours wants the loader that reads it. */
function tsx(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
}
