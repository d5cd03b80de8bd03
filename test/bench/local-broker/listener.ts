import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface ListeningProcess {
  readonly pid: number
  readonly port: number
  /** Resolves when it has used so much processor time. */
  work(ms: number): Promise<void>
  end(): Promise<void>
}

/** Starts another process that listens. `name`: what it calls itself. */
export async function listeningProcess(address: string, name?: string): Promise<ListeningProcess> {
  const path = fileURLToPath(new URL('listener.fixture.ts', import.meta.url))
  const args = name === undefined ? [address] : [address, name]
  const child: ChildProcess = fork(path, args, { execArgv: ['--import', 'tsx'] })
  const [port] = (await once(child, 'message')) as [number]
  return {
    pid: child.pid as number,
    port,
    async work(ms) {
      child.send(ms)
      await once(child, 'message')
    },
    async end() {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
  }
}
