import { MillraceError } from '../errors.ts'
import { type LoadOption, type Spelling, spell } from './spelling.ts'

/** @throws MillraceError USAGE where more than one of such options was given */
export function refuseTogether(
  options: { readonly [option in LoadOption]?: unknown },
  names: readonly LoadOption[],
  { hint, spelling }: { readonly hint: string; readonly spelling: Spelling },
): void {
  const given = names.filter(name => options[name] !== undefined)
  if (given.length < 2) return
  const words = given.map(name => spell(spelling, name))
  throw new MillraceError('USAGE', `${words.join(' and ')} were given together`, {
    hint,
    context: { option: given[0], options: given },
  })
}
