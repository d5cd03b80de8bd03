// Running commands: all output into the log, errors with the last lines of it.
import { spawn } from 'node:child_process'
import { writeLog } from './console.mjs'

/**
 * Runs a command to its end, without a terminal and with an empty standard input.
 * @returns {Promise<{code: number | null, signal: string | null, output: string}>}
 */
export async function attempt(command, args, { cwd, env }) {
  writeLog(`\n$ (cd ${cwd}) ${[command, ...args].join(' ')}\n`)
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const take = data => {
    output += data
    writeLog(data.toString())
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (...ending) => resolve(ending))
  })
  return { code, signal, output }
}

/** As `attempt`; throws where the command fails. Returns its output. */
export async function run(command, args, options) {
  const { code, signal, output } = await attempt(command, args, options)
  if (code === 0) return output
  const last = output.trim().split('\n').slice(-8).join('\n')
  throw new Error(`${command} ${args.join(' ')} ended with ${signal ?? code}:\n${last}`)
}
