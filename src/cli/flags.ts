import { nearest } from '../nearest.ts'

/** What was probably meant, for a complaint about an option that a command does not have, or a value that it has not. */
export function nearestFlag(complaint: string, help: string): string | undefined {
  return nearestName(complaint, help) ?? nearestChoice(complaint)
}

function nearestName(complaint: string, help: string): string | undefined {
  const unknown = /^Unknown arguments?: ([\w-]{2,})/.exec(complaint)?.[1]
  if (unknown === undefined) return undefined
  const found = nearest(
    unknown,
    [...help.matchAll(/--([a-z][a-z-]+)/g)].map(([, name]) => name as string),
  )
  return found === undefined ? undefined : `Did you mean --${found}?`
}

/** As yargs tells of values that are not among an option's choices. */
function nearestChoice(complaint: string): string | undefined {
  const [, option, given, choices = ''] =
    /Argument: (\S+), Given: "([^"]+)", Choices: (.+)/.exec(complaint) ?? []
  if (given === undefined) return undefined
  const found = nearest(
    given.toLowerCase(),
    [...choices.matchAll(/"([^"]+)"/g)].map(([, name]) => name as string),
  )
  return found === undefined ? undefined : `Did you mean --${option} ${found}?`
}
