/**
 * The names that producers' handles have in the addon. Not a member of Producer, where it would be everybody's:
 * millrace/testing, topic-configs.ts and identity.ts ask for it.
 */
const channels = new WeakMap<object, number>()

export function rememberHandle(producer: object, channel: number): void {
  channels.set(producer, channel)
}

/** Undefined for what is no producer, or one with the callback engine. */
export function handleOf(producer: object): number | undefined {
  return channels.get(producer)
}
