import { DeliveryError, type DeliveryErrorFields, type ErrorCode, MillraceError } from '../errors.ts'

/** A MillraceError as plain data, which is all that crosses between threads: a class and a cause do not. */
export interface PackedError {
  readonly packed: 'MillraceError'
  readonly code: ErrorCode
  /** With the hint. */
  readonly message: string
  readonly hint: string | undefined
  readonly context: Readonly<Record<string, unknown>>
  readonly delivery: DeliveryErrorFields | undefined
  readonly stack: string | undefined
}

/** What of the context cannot be told to another thread, functions for instance, is left out. */
export function packError(error: MillraceError): PackedError {
  const { code, message, hint, stack } = error
  const context = Object.fromEntries(Object.entries(error.context).filter(([, value]) => isPlain(value)))
  return { packed: 'MillraceError', code, message, hint, context, delivery: fieldsOf(error), stack }
}

export function unpackError({ code, message, hint, context, delivery, stack }: PackedError): MillraceError {
  // the constructor appends it
  const text = hint === undefined ? message : message.slice(0, -`. ${hint}`.length)
  const options = { hint, context }
  const error =
    delivery === undefined
      ? new MillraceError(code, text, options)
      : new DeliveryError(code, text, delivery, options)
  if (stack !== undefined) error.stack = stack
  return error
}

export function isPacked(value: unknown): value is PackedError {
  return (value as Partial<PackedError> | null)?.packed === 'MillraceError'
}

/** A message with the errors among its own fields packed. */
export function packFields(message: object): object {
  return mapFields(message, value => (value instanceof MillraceError ? packError(value) : value))
}

export function unpackFields(message: object): object {
  return mapFields(message, value => (isPacked(value) ? unpackError(value) : value))
}

function mapFields(message: object, map: (value: unknown) => unknown): object {
  return Object.fromEntries(Object.entries(message).map(([name, value]) => [name, map(value)]))
}

function fieldsOf(error: MillraceError): DeliveryErrorFields | undefined {
  if (!(error instanceof DeliveryError)) return undefined
  const { kafkaCode, kafkaName, retriable, possiblyPersisted, fault, topic, partition } = error
  return { kafkaCode, kafkaName, retriable, possiblyPersisted, fault, topic, partition }
}

function isPlain(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}
