/** Keys and values as programs have them: text. Both sides of a comparison make their messages of these. */
export interface Texts {
  readonly keys: readonly string[]
  readonly values: readonly string[]
}

/** A value of as many characters for each payload, and as many different keys. */
export function textsOf(payloads: readonly Buffer[]): Texts {
  return {
    keys: payloads.map((_, index) => `key-${String(index).padStart(6, '0')}`),
    values: payloads.map(payload => payload.toString('base64').slice(0, payload.length)),
  }
}
