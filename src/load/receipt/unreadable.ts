import { MillraceError } from '../../errors.ts'

export function unreadable(path: string, reason: string, hint: string, cause?: unknown): MillraceError {
  return new MillraceError('RECEIPT_UNREADABLE', `The receipt ${path} cannot be read: ${reason}`, {
    hint,
    cause,
    context: { receipt: path, reason },
  })
}
