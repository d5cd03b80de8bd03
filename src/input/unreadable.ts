import { readlinkSync } from 'node:fs'
import { describe, MillraceError } from '../errors.ts'
import { inputInWords } from './wording.ts'

/** Why an input cannot be read, and the way out. */
export interface Unreadable {
  readonly input: string
  readonly reason: string
  readonly hint: string
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

/** What the operating system said about a path, in words. */
export function whyUnreadable(input: string, error: unknown): Unreadable {
  switch (codeOf(error)) {
    case 'ENOENT': {
      const target = linkTarget(input)
      return target === undefined
        ? {
            input,
            reason: 'there is no such file',
            hint: `Check the path; it is taken from ${process.cwd()}`,
          }
        : {
            input,
            reason: `it is a symbolic link to ${target}, which does not exist`,
            hint: 'Repair the link or name the file itself',
          }
    }
    case 'EACCES':
    case 'EPERM':
      return {
        input,
        reason: 'this user may not read it',
        hint: 'Give read permission on the file (and search permission on its directories), or run as a user that has it',
      }
    case 'EISDIR':
      return isDirectory(input)
    case 'ENOTDIR':
      return {
        input,
        reason: 'a part of the path is a file where a directory is needed',
        hint: 'Check the path',
      }
    case 'ELOOP':
      return { input, reason: 'its symbolic links go round in a circle', hint: 'Name the file itself' }
    case 'ENXIO':
      return isSocket(input)
    case 'EIO':
      return {
        input,
        reason: 'the device or file system reported an input/output error',
        hint: 'Look at the system log; copy the file elsewhere and read the copy',
      }
    default:
      return {
        input,
        reason: describe(error),
        hint: 'See that the file can be read, with cat for instance, and run again',
      }
  }
}

export function isDirectory(input: string): Unreadable {
  return { input, reason: 'it is a directory', hint: `Name the files in it, such as ${input}/*` }
}

export function isSocket(input: string): Unreadable {
  return {
    input,
    reason: 'it is a socket',
    hint: 'Connect to it with another program and pipe its output in',
  }
}

/** One error for one or more inputs that cannot be read. */
export function unreadableError(problems: readonly Unreadable[], cause?: unknown): MillraceError {
  const [first] = problems
  const context = { input: first!.input, reason: first!.reason, problems }
  if (problems.length === 1) {
    const message = `${inputInWords(first!.input)} cannot be read: ${first!.reason}`
    return new MillraceError('INPUT_UNREADABLE', message, { hint: first!.hint, context, cause })
  }
  const list = problems.map(({ input, reason }) => `  ${inputInWords(input)}: ${reason}`).join('\n')
  return new MillraceError('INPUT_UNREADABLE', `${problems.length} inputs cannot be read:\n${list}`, {
    hint: 'Nothing was read; correct these or leave them out',
    context,
    cause,
  })
}

/** The error for an input that failed after `byte` bytes of it had been read. */
export function brokenError(problem: Unreadable, byte: number, cause?: unknown): MillraceError {
  const message = `${inputInWords(problem.input)} cannot be read beyond byte ${byte}: ${problem.reason}`
  return new MillraceError('INPUT_UNREADABLE', message, {
    hint: problem.hint,
    context: { input: problem.input, reason: problem.reason, byte, problems: [problem] },
    cause,
  })
}
