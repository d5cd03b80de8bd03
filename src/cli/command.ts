import type { Readable, Writable } from 'node:stream'
import type { OptionTable } from './options.ts'

/** The world of a command; tests give their own. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  readonly env: NodeJS.ProcessEnv
  /** Calls back at each SIGINT and SIGTERM until the returned function is called. */
  onSignal(listener: (signal: 'SIGINT' | 'SIGTERM') => void): () => void
}

/** One command, in a file of its own. It never ends the process: `main.ts` does, with what `run` returns. */
export interface Command<Options> {
  /** Begins with examples. */
  readonly builder: (table: OptionTable) => unknown
  /**
   * @returns the exit code
   * @throws MillraceError, which main.ts shows and turns into an exit code
   */
  readonly run: (options: Options, io: Io) => Promise<number>
}

/** See the table of exit codes in the README. */
export const EXIT = {
  done: 0,
  unexpected: 1,
  usage: 2,
  incomplete: 3,
  input: 4,
  cluster: 5,
  SIGINT: 130,
  SIGTERM: 143,
} as const
