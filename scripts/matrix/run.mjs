// Running commands: all output into the log, errors with the last lines of it.
import { spawn } from 'node:child_process'
import { writeLog } from './console.mjs'

/**
 * Runs a command to its end, without a terminal and with an empty standard input.
 * @returns {Promise<{code: number | null, signal: string | null, output: string, stdout: string}>}
 */
export async function attempt(command, args, { cwd, env }) {
  writeLog(`\n$ (cd ${cwd}) ${[command, ...args].join(' ')}\n`)
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let stdout = ''
  const take = data => {
    output += data
    writeLog(data.toString())
  }
  child.stdout.on('data', data => {
    stdout += data
  })
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (...ending) => resolve(ending))
  })
  return { code, signal, output, stdout }
}

/** As `attempt`; throws where the command fails. Returns all that it wrote. */
export async function run(command, args, options) {
  const { output } = await succeed(command, args, options)
  return output
}

/** As `run`; returns what it wrote to standard output. */
export async function read(command, args, options) {
  const { stdout } = await succeed(command, args, options)
  return stdout
}

async function succeed(command, args, options) {
  const ended = await attempt(command, args, options)
  if (ended.code === 0) return ended
  const last = ended.output.trim().split('\n').slice(-8).join('\n')
  throw new Error(`${command} ${args.join(' ')} ended with ${ended.signal ?? ended.code}:\n${last}`)
}
