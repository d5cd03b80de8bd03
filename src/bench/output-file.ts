import { randomBytes } from 'node:crypto'
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, MillraceError } from '../errors.ts'

export type OutputOption = 'output' | 'report'

/** What shells call their pipes: whatever is behind them is theirs, and is not to be replaced. */
const DESCRIPTOR = /^\/(dev\/(fd\/|stdin$|stdout$|stderr$)|proc\/)/
const LOOK_MS = 20

/**
 * A file that was named for results. A regular one is replaced as a whole: who reads it meanwhile sees the old content or
 * the new. Symbolic links are followed. Into a FIFO or a device is written straight, and in the end only.
 */
export class OutputFile {
  readonly path: string
  readonly #option: OutputOption
  readonly #isStream: boolean

  /**
   * Says before hours of measuring what `finish` would say after them. Changes nothing. `option`: which one named it.
   * @throws MillraceError USAGE where it cannot be written
   */
  constructor(path: string, option: OutputOption) {
    this.path = path
    this.#option = option
    try {
      this.#isStream = isStream(path)
      if (this.#isStream) accessSync(path, constants.W_OK)
      else checkReplaceable(path)
    } catch (cause) {
      throw this.#error('USAGE', cause)
    }
  }

  /**
   * The content so far; nothing where it is a stream, whose reader takes what was written for all. Blocks.
   * @throws MillraceError OUTPUT_FAILED; what was there before is still there
   */
  update(text: string): void {
    if (this.#isStream) return
    try {
      writeWhole(this.path, text)
    } catch (cause) {
      throw this.#error('OUTPUT_FAILED', cause)
    }
  }

  /**
   * The whole content. Waits for the readers of a stream, until `signal`.
   * @throws MillraceError OUTPUT_FAILED
   */
  async finish(text: string, signal: AbortSignal): Promise<void> {
    if (!this.#isStream) return this.update(text)
    try {
      await append(this.path, text, signal)
    } catch (cause) {
      throw this.#error('OUTPUT_FAILED', cause)
    }
  }

  #error(code: 'USAGE' | 'OUTPUT_FAILED', cause: unknown): MillraceError {
    const option = this.#option
    return new MillraceError(code, `--${option} ${this.path} cannot be written: ${describe(cause)}`, {
      cause,
      context: { option, path: this.path },
    })
  }
}

/**
 * The absolute path of what a path leads to, symbolic links followed, whether or not it is there yet.
 * @throws Error of node:fs where it leads nowhere, as a loop does
 */
export function realPath(path: string): string {
  const absolute = resolve(path)
  try {
    return realpathSync(absolute)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const folder = dirname(absolute)
  if (folder === absolute) return absolute
  const link = linkAt(absolute)
  return link === undefined
    ? join(realPath(folder), basename(absolute))
    : realPath(resolve(realPath(folder), link))
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false })
}

function isStream(path: string): boolean {
  const stat = statOf(path)
  if (stat === undefined) return false
  return stat.isFIFO() || stat.isCharacterDevice() || DESCRIPTOR.test(resolve(path))
}

/** Tries all but the renaming. */
function checkReplaceable(path: string): void {
  const target = realPath(path)
  const stat = statOf(target)
  if (stat?.isDirectory() === true) throw new Error('it is a folder')
  if (stat?.isFile() === false) throw new Error('it is no file')
  // the folder's permission alone would let it be replaced
  if (stat !== undefined) accessSync(target, constants.W_OK)
  const part = partOf(target)
  closeSync(openSync(part, 'wx'))
  rmSync(part)
}

/** Beside the file, so that it can be renamed; of a name that nobody else has. */
function partOf(target: string): string {
  return join(dirname(target), `.millrace-${randomBytes(8).toString('hex')}.part`)
}

/**
 * Replaces a regular file, or makes it: who reads it meanwhile sees the old content or the new. Links are followed. Blocks.
 * @throws Error of node:fs; what was there before is still there, and nothing else stays
 */
export function writeWhole(path: string, text: string): void {
  const target = realPath(path)
  const part = partOf(target)
  const descriptor = openSync(part, 'wx')
  try {
    try {
      const mode = statOf(target)?.mode
      if (mode !== undefined) fchmodSync(descriptor, mode & 0o7777)
      writeFileSync(descriptor, text)
    } finally {
      closeSync(descriptor)
    }
    renameSync(part, target)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
}

/**
 * Not by a call that blocks: it would keep a thread of libuv's pool, and with it the process from ending, for as long as
 * nobody reads.
 */
async function append(path: string, text: string, signal: AbortSignal): Promise<void> {
  const { O_WRONLY, O_APPEND, O_NONBLOCK } = constants
  // of a FIFO that nobody reads yet; a device without it is not there
  const unread = statOf(path)?.isFIFO() === true ? 'ENXIO' : undefined
  const descriptor = await insist(() => openSync(path, O_WRONLY | O_APPEND | O_NONBLOCK), unread, signal)
  try {
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; ) {
      at += await insist(() => writeSync(descriptor, bytes, at), 'EAGAIN', signal)
    }
  } finally {
    closeSync(descriptor)
  }
}

/** Again and again, as long as it fails with the code `later`. */
async function insist<T>(call: () => T, later: string | undefined, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return call()
    } catch (error) {
      if (later === undefined || (error as NodeJS.ErrnoException).code !== later) throw error
    }
    await sleep(LOOK_MS, undefined, { signal })
  }
}
