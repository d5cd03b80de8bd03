import { type FileHandle, open, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { deferred } from '../../deferred.ts'
import { describe, MillraceError } from '../../errors.ts'
import { type Spelling, spell } from '../spelling.ts'
import {
  type LineWriter,
  lineWriter,
  MOST_LINES_AT_ONCE,
  type ReceiptHeader,
  type ReceiptLine,
} from './format.ts'
import { lockFile } from './lock.ts'

interface Waiting {
  readonly line: ReceiptLine
  readonly written: ReturnType<typeof deferred<void>>
}

/** The receipt of a load that runs: locked, and written to by this process alone. Close it in the end. */
export class ReceiptFile {
  readonly path: string
  readonly #handle: FileHandle
  readonly #encode: LineWriter
  readonly #spelling: Spelling
  /** Called and waited for before lines are written: what they speak of is to be on the disk before them. */
  before: () => Promise<void> = async () => {}
  /** Where the next line goes. */
  #end = 0
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined
  #failure: MillraceError | undefined

  private constructor(path: string, handle: FileHandle, encode: LineWriter, spelling: Spelling) {
    this.path = path
    this.#handle = handle
    this.#encode = encode
    this.#spelling = spelling
  }

  /**
   * Makes the file; it and its name are on the disk when this resolves.
   * @throws MillraceError RECEIPT_UNFIT where there is such a file, RECEIPT_FAILED
   */
  static async create(
    path: string,
    header: ReceiptHeader,
    spelling: Spelling = 'options',
  ): Promise<ReceiptFile> {
    const handle = await open(path, 'wx+').catch(cause => {
      throw cause.code === 'EEXIST' ? thereIsOne(path, spelling) : cannotWrite(path, cause, spelling)
    })
    try {
      lock(path, handle, spelling)
      const file = new ReceiptFile(path, handle, await lineWriter(), spelling)
      await file.begin(header)
      return file
    } catch (error) {
      // it is ours, and nothing was sent
      await unlink(path).catch(() => {})
      await handle.close().catch(() => {})
      throw error
    }
  }

  /**
   * Opens a file to go on with it. Read it then, and `cut` or `begin` it.
   * @throws MillraceError RECEIPT_UNFIT where a load is writing it, RECEIPT_FAILED
   */
  static async open(path: string, spelling: Spelling = 'options'): Promise<ReceiptFile> {
    const handle = await open(path, 'r+').catch(cause => {
      throw cannotWrite(path, cause, spelling)
    })
    try {
      lock(path, handle, spelling)
      return new ReceiptFile(path, handle, await lineWriter(), spelling)
    } catch (error) {
      await handle.close().catch(() => {})
      throw error
    }
  }

  /** Writes the first line, over whatever there was. @throws MillraceError RECEIPT_FAILED */
  async begin(header: ReceiptHeader): Promise<void> {
    try {
      await this.#cutTo(0)
      await this.#write(this.#encode(header))
      await syncFolder(this.path)
    } catch (cause) {
      throw cannotWrite(this.path, cause, this.#spelling)
    }
  }

  /** Goes on behind so many bytes. @throws MillraceError RECEIPT_FAILED */
  async cut(bytes: number): Promise<void> {
    try {
      await this.#cutTo(bytes)
    } catch (cause) {
      throw cannotWrite(this.path, cause, this.#spelling)
    }
  }

  /**
   * Appends a line; resolves when it is on the disk, together with others that came meanwhile.
   * @throws MillraceError RECEIPT_FAILED, and for all lines after the one that could not be written
   */
  append(line: ReceiptLine): Promise<void> {
    const written = deferred<void>()
    this.#waiting.push({ line, written })
    this.#writing ??= this.#work()
    return written.promise
  }

  /** Waits for what was appended, and unlocks the file. Never rejects. */
  async close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
    await this.#handle.close().catch(() => {})
  }

  async #work(): Promise<void> {
    // those that are told of in the same turn go together
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, MOST_LINES_AT_ONCE)
      try {
        if (this.#failure !== undefined) throw this.#failure
        await this.before()
        await this.#write(Buffer.concat(group.map(({ line }) => this.#encode(line))))
        for (const { written } of group) written.resolve()
      } catch (cause) {
        this.#failure ??=
          cause instanceof MillraceError ? cause : cannotWrite(this.path, cause, this.#spelling)
        for (const { written } of group) written.reject(this.#failure)
      }
    }
    this.#writing = undefined
  }

  /** All of it, onto the disk; what was written in part is taken back. */
  async #write(bytes: Buffer): Promise<void> {
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, this.#end + at)
        at += bytesWritten
      }
      await this.#handle.sync()
      this.#end += bytes.length
    } catch (error) {
      await this.#handle.truncate(this.#end).catch(() => {})
      throw error
    }
  }

  async #cutTo(bytes: number): Promise<void> {
    const { size } = await this.#handle.stat()
    if (size > bytes) {
      await this.#handle.truncate(bytes)
      await this.#handle.sync()
    }
    this.#end = bytes
  }
}

function lock(path: string, { fd }: FileHandle, spelling: Spelling): void {
  const receipt = spell(spelling, 'receipt')
  const result = lockFile(fd)
  if (result === 'locked') return
  if (result === 'held') {
    throw new MillraceError('RECEIPT_UNFIT', `Another load is writing the receipt ${path}`, {
      hint: `Wait for its end; or give this load a receipt of its own with ${receipt}`,
      context: { receipt: path },
    })
  }
  throw new MillraceError('RECEIPT_FAILED', `The receipt ${path} cannot be locked: ${result.why}`, {
    hint: `Put it elsewhere with ${receipt}, or do without it with ${spell(spelling, 'receipt', false)}`,
    context: { receipt: path },
  })
}

export function thereIsOne(path: string, spelling: Spelling): MillraceError {
  const [resume, receipt, none] = [
    spell(spelling, 'resume', true),
    spell(spelling, 'receipt'),
    spell(spelling, 'receipt', false),
  ]
  return new MillraceError('RECEIPT_UNFIT', `There is a receipt ${path} already`, {
    hint:
      `Go on with its load with ${resume}, which sends nothing twice that it knows of; ` +
      `or load all anew, with ${receipt} to write another one or ${none}`,
    context: { receipt: path },
  })
}

function cannotWrite(path: string, cause: unknown, spelling: Spelling): MillraceError {
  return new MillraceError('RECEIPT_FAILED', `The receipt ${path} cannot be written: ${describe(cause)}`, {
    hint: `See that there is space and that the folder may be written to, or put it elsewhere with ${spell(spelling, 'receipt')}`,
    cause,
    context: { receipt: path },
  })
}

/** The name of a new file is in its folder for good only then. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r')
  await folder.sync().finally(() => folder.close())
}
