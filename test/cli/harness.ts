import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { afterAll } from 'vitest'
import type { Io } from '../../src/cli/command.ts'
import { run } from '../../src/cli/run.ts'
import { deferred } from '../../src/deferred.ts'

/** What a command wrote, as text that grows. */
class Sink extends Writable {
  readonly isTTY: boolean
  readonly columns = 120
  text = ''

  constructor(isTTY: boolean) {
    super()
    this.isTTY = isTTY
  }

  override _write(chunk: Buffer | string, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }

  // what a terminal has and progress bars use
  cursorTo(): void {}
  clearLine(): void {}
  moveCursor(): void {}
}

export interface Running {
  readonly stdin: PassThrough
  readonly stdout: Sink
  readonly stderr: Sink
  readonly exit: Promise<number>
  /** Resolves once standard error has that; rejects where the command ends before. */
  tells(text: string): Promise<void>
  /** Resolves once it listens to signals. */
  readonly listens: Promise<void>
  signal(name: 'SIGINT' | 'SIGTERM'): void
}

export interface HarnessOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly terminal?: boolean
  readonly stdin?: string | Buffer
}

/** Starts a command line in this process, with streams and signals of its own. */
export function start(
  argv: readonly string[],
  { env = {}, terminal = false, stdin }: HarnessOptions = {},
): Running {
  const { promise: listens, resolve: heard } = deferred<void>()
  const listeners = new Set<(signal: 'SIGINT' | 'SIGTERM') => void>()
  const input = Object.assign(new PassThrough(), { isTTY: terminal })
  const stdout = new Sink(terminal)
  const stderr = new Sink(terminal)
  if (stdin !== undefined) input.end(stdin)
  const io: Io = {
    stdin: input,
    stdout,
    stderr,
    env,
    onSignal(listener) {
      listeners.add(listener)
      heard()
      return () => listeners.delete(listener)
    },
  }
  let ended = false
  const exit = run(argv, io).finally(() => {
    ended = true
  })
  return {
    stdin: input,
    stdout,
    stderr,
    exit,
    listens,
    async tells(text) {
      while (!stderr.text.includes(text)) {
        if (ended) throw new Error(`it ended without a word of ${JSON.stringify(text)}: ${stderr.text}`)
        await new Promise(resolve => setTimeout(resolve, 5))
      }
    },
    signal(name) {
      for (const listener of listeners) listener(name)
    },
  }
}

export interface Ended {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command line to its end. */
/** Standard error without what an embedded cluster, asked as if it were Kafka, cannot tell a load beforehand. */
export function withoutUnchecked(stderr: string): string {
  return stderr.replace(/^Not checked: .*\n/gm, '')
}

export async function millrace(argv: readonly string[], options: HarnessOptions = {}): Promise<Ended> {
  const running = start(argv, { stdin: '', ...options })
  const exit = await running.exit
  return { exit, stdout: running.stdout.text, stderr: running.stderr.text }
}

/** A folder that is removed after the tests of a file; returns a function that writes files into it. */
export function useFiles(): (name: string, content: string | Buffer) => string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return (name, content) => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
}
