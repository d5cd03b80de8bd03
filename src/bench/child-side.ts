import { type ErrorCode, errorCodes, MillraceError } from '../errors.ts'

/** An error as it travels between processes. */
export interface SentError {
  readonly code: string | null
  readonly message: string
}

export function toSentError(error: unknown): SentError {
  const code = error instanceof MillraceError ? error.code : null
  return { code, message: error instanceof Error ? error.message : String(error) }
}

export function fromSentError({ code, message }: SentError): Error {
  if (code !== null && Object.hasOwn(errorCodes, code)) return new MillraceError(code as ErrorCode, message)
  return new Error(message)
}

/** A process of ours lives as long as its parent wants it; Ctrl-C on a terminal goes to both, and is the parent's. */
export function livesWithParent(): void {
  process.on('SIGINT', () => {})
  process.on('disconnect', () => process.exit(1))
  // it may have gone while this process was being loaded
  if (!process.connected) process.exit(1)
}

/** Answers the parent and ends this process. */
export function answer(message: object): void {
  process.send?.(message, undefined, undefined, () => process.exit(0))
}
