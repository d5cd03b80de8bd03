import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Task } from '../protocol.ts'
import { livesNoLonger } from './lives-no-longer.ts'

const KEPT_BYTES = 500

export interface Program {
  readonly child: ChildProcess
  /** Resolves with what it wrote to standard output when it ended with 0. @throws Error when it ended otherwise */
  readonly ended: Promise<string>
}

/** Starts a client that knows nothing of the protocol. It ends with this process. */
export function startProgram(
  path: string,
  args: readonly string[],
  input: 'ignore' | 'pipe' | number = 'ignore',
): Program {
  const child = spawn(path, [...args], { stdio: [input, 'pipe', 'pipe'] })
  const forget = livesNoLonger(child)
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
    })
  }
  const name = path.split('/').at(-1)
  const ended = once(child, 'close').then(([code, signal]) => {
    forget()
    if (code === 0) return said.stdout
    const last = `${said.stdout}${said.stderr}`.trim().slice(-KEPT_BYTES)
    throw new Error(`${name} ended with ${signal ?? `exit code ${code}`}: ${last}`)
  })
  // told by whoever waits for it
  ended.catch(() => {})
  return { child, ended }
}

/** For a program that knows no time: as many messages as take about so long. */
export function messagesFor(
  { length, expectedRate }: Task,
  firstRate: number,
  warmupSeconds: number,
): number {
  if ('messages' in length) return length.messages
  return Math.ceil((expectedRate ?? firstRate) * (warmupSeconds + length.seconds))
}
