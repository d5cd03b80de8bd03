import type { Command } from './command.ts'

/** What an option can be. Both parsers know all of it; what only yargs knows would be lost on a plain command line. */
export interface OptionSettings {
  readonly type: 'string' | 'boolean'
  readonly describe: string
  readonly alias?: string | readonly string[]
  readonly default?: boolean
  /** Not without a value. */
  readonly requiresArg?: boolean
  /** The command cannot do without it. */
  readonly demandOption?: boolean
  readonly choices?: readonly string[]
  /** Repeatable; with `nargs: 1` it takes one word each time. */
  readonly array?: boolean
  readonly nargs?: number
}

/** What a command says of its options. */
export interface OptionTable {
  /** Examples, and what the command is for; `$0` is the program. */
  usage(text: string): OptionTable
  option(name: string, settings: OptionSettings): OptionTable
  options(settings: Readonly<Record<string, OptionSettings>>): OptionTable
}

export interface CommandLine {
  readonly usage: string
  /** In the order of the help. */
  readonly options: Readonly<Record<string, OptionSettings>>
}

/** The options of a command. */
export function commandLineOf({ builder }: Command<never>): CommandLine {
  let usage = ''
  const options: Record<string, OptionSettings> = {}
  const table: OptionTable = {
    usage(text) {
      usage = text
      return table
    },
    option(name, settings) {
      options[name] = settings
      return table
    },
    options(settings) {
      Object.assign(options, settings)
      return table
    },
  }
  builder(table)
  return { usage, options }
}

/** All that stands on a command line, by names, aliases and these in camel case; files, behind the command, in `_`. */
export interface Words {
  readonly _: readonly (string | number)[]
  readonly [name: string]: unknown
}

/** How words are read: both parsers are yargs-parser underneath. */
export const parserConfiguration = {
  'duplicate-arguments-array': true,
  'boolean-negation': false,
  'dot-notation': false,
  'parse-numbers': false,
  // a file may be called 1e3
  'parse-positional-numbers': false,
} as const
