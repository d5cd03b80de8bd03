import type { LoadOptions } from './options.ts'

export type LoadOption = keyof LoadOptions

/** How options are called towards whoever gave them: `--key-field` on the command line, `keyField` in a program. */
export type Spelling = 'flags' | 'options'

/** Where a flag is not the option's name with hyphens. */
const flags: { readonly [option in LoadOption]?: string } = {
  headers: '--header',
  headerFields: '--header-field',
  stallTimeoutMs: '--stall-timeout',
  drainTimeoutMs: '--drain-timeout',
}

const briefFlags: { readonly [option in LoadOption]?: string } = { topic: '-t' }

/** An option, or an option and its value, as its user would write it. */
export function spell(spelling: Spelling, option: LoadOption, value?: string | boolean): string {
  if (spelling === 'flags') return flag(option, value)
  if (value === undefined) return option
  return `${option}: ${typeof value === 'string' ? `'${value}'` : value}`
}

/** The same, as short as it may be. */
export function spellBriefly(spelling: Spelling, option: LoadOption): string {
  return (spelling === 'flags' ? briefFlags[option] : undefined) ?? spell(spelling, option)
}

/** What a receipt knows of how its records were made: an option, or the one property among them. */
export function spellRecordOption(spelling: Spelling, name: string): string {
  if (name === 'partitioner') return spelling === 'flags' ? '-X partitioner' : name
  return spell(spelling, name as LoadOption)
}

/** One of librdkafka's properties, and its value. */
export function spellProperty(spelling: Spelling, property: string, value: boolean): string {
  return spelling === 'flags' ? `-X ${property}=${value}` : `'${property}': ${value}`
}

function flag(option: LoadOption, value: string | boolean | undefined): string {
  if (value === false) return `--no-${option}`
  if (option === 'resume' && typeof value === 'string') return `--resume-mode ${value}`
  const name = flags[option] ?? `--${option.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
  return value === undefined || value === true ? name : `${name} ${value}`
}
