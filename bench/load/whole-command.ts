import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { cpuSecondsOfEndedChildren } from '../peers/adapters/cpu.ts'
import { livesNoLonger } from '../peers/adapters/lives-no-longer.ts'

export interface WholeCommand {
  /** From its start to its end. */
  readonly seconds: number
  /** Of it and all that it waited for; null where there is no Linux. */
  readonly cpuSeconds: number | null
  /** Null where nobody looked, or there is no Linux. */
  readonly peakRssBytes: number | null
  readonly stdout: string
}

const LOOK_MS = 10
const KEPT_CHARACTERS = 500

/**
 * Runs a command until it ends; no other child of this process may end meanwhile, whose time would be counted, too.
 * @throws Error when it did not end with 0
 */
export async function runWhole(
  [path = '', ...args]: readonly string[],
  folder: string,
  { watchMemory = false } = {},
): Promise<WholeCommand> {
  const cpuBefore = cpuSecondsOfEndedChildren()
  const startedAt = performance.now()
  const child = spawn(path, args, { cwd: folder, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
  const forget = livesNoLonger(child)
  const peak = watchMemory ? watchPeak(child) : undefined
  const exited = once(child, 'exit').then(() => {
    const seconds = (performance.now() - startedAt) / 1000
    return { seconds, cpuAfter: cpuSecondsOfEndedChildren() }
  })
  const closed = once(child, 'close')
  // told by whoever waits for it
  closed.catch(() => {})
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
    })
  }
  try {
    const { seconds, cpuAfter } = await exited
    const [code, signal] = await closed
    if (code !== 0) {
      const last = `${said.stdout}${said.stderr}`.trim().slice(-KEPT_CHARACTERS)
      throw new Error(`${path.split('/').at(-1)} ended with ${signal ?? `exit code ${code}`}: ${last}`)
    }
    const cpuSeconds = cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore
    return { seconds, cpuSeconds, peakRssBytes: peak?.stop() ?? null, stdout: said.stdout }
  } finally {
    forget()
    peak?.stop()
  }
}

/** Without what would configure millrace behind the line's back. */
function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('MILLRACE_'))
  return Object.fromEntries(inherited)
}

/** The greatest resident memory there was; of the last moment before the process ends it may know nothing. */
function watchPeak({ pid }: ChildProcess): { stop(): number | null } {
  let peak: number | null = null
  const look = () => {
    try {
      const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
      if (kilobytes !== undefined) peak = Math.max(peak ?? 0, 1024 * Number(kilobytes))
    } catch {
      // it has ended, or this is no Linux
    }
  }
  const timer = setInterval(look, LOOK_MS)
  return {
    stop() {
      clearInterval(timer)
      return peak
    },
  }
}
