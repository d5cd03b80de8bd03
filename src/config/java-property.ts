import type { MillraceError } from '../errors.ts'

/** One entry of a Java configuration and what its translation can see and do. */
export interface JavaEntry {
  readonly name: string
  readonly value: string
  readonly source: string
  /** The value of another entry of the same file. */
  sibling(name: string): string | undefined
  /** Sets a property of librdkafka, unless the file names that itself. */
  set(name: string, value: string): void
  /** `what` follows the entry's name and must not repeat its value if that is a secret. */
  warn(what: string): void
  /** The error for an entry that cannot be translated. */
  refuse(what: string, hint: string): MillraceError
  /**
   * Throws that error, unless one of the properties named in `unless` is given instead: then the
   * entry falls away with a warning. So `-X ssl.ca.location=ca.pem` is enough beside a JKS truststore.
   */
  refuseUnless(unless: readonly string[], what: string, hint: string): void
}

/** How a name of Java's clients is understood. */
export interface JavaProperty {
  /** For an error, where Java's name is not translated: in code, flags and variables. */
  readonly hint: string
  readonly translate: (entry: JavaEntry) => void
}

export type JavaTable = Readonly<Record<string, JavaProperty>>

/** The same thing under another name, `change` being made to its value. */
export function rename(
  to: string,
  change: (entry: JavaEntry) => string = entry => entry.value,
): JavaProperty {
  return { hint: `librdkafka calls it ${to}`, translate: entry => entry.set(to, change(entry)) }
}

/** The same name in librdkafka, but not every value. */
export function adjust(change: (entry: JavaEntry) => string): JavaProperty {
  return { hint: 'librdkafka has it too', translate: entry => entry.set(entry.name, change(entry)) }
}

/** Nothing to translate; a warning says why. */
export function withoutEffect(why: string): JavaProperty {
  return { hint: `Leave it out: ${why}`, translate: entry => entry.warn(`has no effect: ${why}`) }
}

/** Read together with another entry. */
export function partOf(other: string): JavaProperty {
  return { hint: `It belongs to ${other}, which librdkafka does not have`, translate: () => {} }
}

/** @throws MillraceError CONFIG_INVALID_VALUE where the value is no whole number */
export function wholeNumber(entry: JavaEntry): number {
  if (!/^[+-]?\d+$/.test(entry.value)) throw entry.refuse('is no whole number', 'Correct it, or leave it out')
  return Number(entry.value)
}
