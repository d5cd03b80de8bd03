/**
 * The names that producers' handles have in the addon. Not a member of Producer, where it would be everybody's:
 * millrace/testing alone asks for it.
 */
const tokens = new WeakMap<object, number>()

export function rememberHandle(producer: object, token: number): void {
  tokens.set(producer, token)
}

/** Undefined for what is no producer, or one with the callback engine. */
export function handleOf(producer: object): number | undefined {
  return tokens.get(producer)
}
