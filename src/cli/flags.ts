import { closest, distance } from 'fastest-levenshtein'

/** What was probably meant, for a complaint about an option that a command does not have, from its help. */
export function nearestFlag(complaint: string, help: string): string | undefined {
  const unknown = /^Unknown arguments?: ([\w-]{2,})/.exec(complaint)?.[1]
  const names = [...help.matchAll(/--([a-z][a-z-]+)/g)].map(([, name]) => name as string)
  if (unknown === undefined || names.length === 0) return undefined
  const found = closest(unknown, names)
  return distance(unknown, found) <= Math.max(1, Math.floor(unknown.length / 3))
    ? `Did you mean --${found}?`
    : undefined
}
