import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

export interface Program {
  readonly child: ChildProcess
  /** Its exit code (null where a signal ended it), and what it said. */
  readonly ended: Promise<{ readonly exit: number | null; readonly stdout: string; readonly stderr: string }>
}

/** The command line as a process of its own, out of the sources; `limit`: what the shell is to set before. */
export function program(argv: readonly string[], { limit = '' } = {}): Program {
  const command = [process.execPath, '--import', 'tsx', main, ...argv]
  const child = spawn('bash', ['-c', `${limit}\nexec "$@"`, 'bash', ...command], {
    // tsx would write into files of its own
    env: { ...process.env, TSX_DISABLE_CACHE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', data => {
    stdout += data
  })
  child.stderr?.on('data', data => {
    stderr += data
  })
  return { child, ended: once(child, 'close').then(([exit]) => ({ exit, stdout, stderr })) }
}
