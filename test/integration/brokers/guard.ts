import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { run } from './run.ts'

const script = fileURLToPath(new URL('guard.sh', import.meta.url))

/**
 * A small process that ends what it was told of: when `finish()` is called, and when this process dies in any way,
 * SIGKILL included.
 */
export class Guard {
  readonly #process: ChildProcess
  readonly #pids = new Set<number>()
  #folder: string | undefined
  #label: string | undefined
  readonly #ended: Promise<unknown>

  constructor() {
    // A session of its own: Ctrl-C in the terminal must not end the guard before it has done its work.
    this.#process = spawn('sh', [script], { detached: true, stdio: ['pipe', 'ignore', 'inherit'] })
    this.#ended = once(this.#process, 'exit')
  }

  /** A child of this process; taken off the list by itself when it ends. */
  process(child: ChildProcess): void {
    const { pid } = child
    if (pid === undefined) return
    this.#pids.add(pid)
    this.#tell('pid', String(pid))
    child.once('exit', () => {
      this.#pids.delete(pid)
      this.#tell('gone', String(pid))
    })
  }

  /** A folder to remove, after the processes. */
  folder(path: string): void {
    this.#folder = path
    this.#tell('folder', path)
  }

  /** All containers that carry this label. */
  containers(label: string): void {
    this.#label = label
    this.#tell('label', label)
  }

  #tell(what: string, value: string): void {
    if (this.#process.stdin?.writable) this.#process.stdin.write(`${what} ${value}\n`)
  }

  /** Waits until everything has ended. */
  async finish(): Promise<void> {
    this.#process.stdin?.end()
    await this.#ended
  }

  async leftovers(): Promise<string[]> {
    const left = [...this.#pids].map(pid => `process ${pid}`)
    if (this.#process.exitCode === null) left.push(`guard ${this.#process.pid}`)
    if (this.#folder !== undefined && existsSync(this.#folder)) left.push(`folder ${this.#folder}`)
    if (this.#label !== undefined) {
      const containers = await run('docker', ['ps', '-aq', '--filter', `label=${this.#label}`], 20_000)
      for (const id of containers.split('\n').filter(Boolean)) left.push(`container ${id}`)
    }
    return left
  }
}
