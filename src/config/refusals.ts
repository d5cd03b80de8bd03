import { type ErrorCode, MillraceError } from '../errors.ts'
import { showable } from './redact.ts'

interface Refusal {
  readonly source?: string | undefined
  readonly hint?: string | undefined
  readonly code?: ErrorCode
}

/** `linger.ms (client.properties:3)`: a property and where it was set, if that is known. */
export function located(name: string, source: string | undefined): string {
  return source === undefined ? name : `${name} (${source})`
}

/**
 * CONFIG_INVALID_VALUE (or another code) for one property: `what` follows its name. Values belong into
 * `what` only by way of `assigned`, which keeps secrets out.
 */
export function refusal(name: string, what: string, options: Refusal = {}): MillraceError {
  const { source, hint, code = 'CONFIG_INVALID_VALUE' } = options
  return new MillraceError(code, `${located(name, source)} ${what}`, {
    hint,
    context: { property: name, ...(source === undefined ? {} : { source }) },
  })
}

/** `linger.ms="x"`, or the name alone where the value must not be seen. */
export function assigned(name: string, value: unknown): string {
  const shown = showable(name, value)
  return shown === undefined ? name : `${name}=${shown}`
}
