import parser from 'yargs-parser'
import { type CommandLine, type OptionSettings, parserConfiguration, type Words } from './options.ts'

/**
 * Reads a command line that begins with the command and is as it should be. yargs itself, which takes longer to load and
 * to parse than a short load takes to run, is wanted only for what is to be explained.
 * `takesFiles`: behind options, `help` is one. yargs takes it for --help wherever it comes last, and a load of all files of a
 * folder would send nothing and end well.
 * @returns undefined where it asks for help, or has a mistake: yargs finds it again, and says so
 */
export function readPlainLine(
  { options }: CommandLine,
  words: readonly string[],
  takesFiles = false,
): Words | undefined {
  const { argv, aliases, error } = parser.detailed([...words], parserOptions(options))
  // anywhere: what yargs takes for the last word depends on each --
  if (argv._.includes('help') && !(takesFiles && words.length > 2)) return undefined
  const names = Object.keys(options)
  const known = new Set(['_', ...names, ...names.flatMap(name => aliases[name] ?? [])])
  if (error !== null || !Object.keys(argv).every(key => known.has(key))) return undefined
  const isFit = Object.entries(options).every(([name, settings]) => fits(argv[name], settings))
  return isFit ? argv : undefined
}

type Settings = readonly (readonly [name: string, settings: OptionSettings])[]

/** As yargs puts them. */
function parserOptions(options: CommandLine['options']): Partial<parser.Options> {
  const settings: Settings = Object.entries(options)
  const having = (has: (settings: OptionSettings) => boolean | undefined) =>
    settings.filter(([, each]) => has(each)).map(([name]) => name)
  const each = <T>(of: (settings: OptionSettings) => T | undefined): Record<string, T> =>
    Object.fromEntries(
      settings.flatMap(([name, each]) => {
        const value = of(each)
        return value === undefined ? [] : [[name, value]]
      }),
    )
  return {
    alias: each(({ alias }) => alias && [alias].flat()) as Record<string, string[]>,
    string: having(({ type }) => type === 'string'),
    boolean: having(({ type }) => type === 'boolean'),
    array: having(({ array }) => array),
    // NaN: not without a value
    narg: each(({ nargs, requiresArg }) => nargs ?? (requiresArg ? Number.NaN : undefined)),
    default: each(settings => settings.default),
    configuration: parserConfiguration,
  }
}

function fits(given: unknown, { choices, demandOption }: OptionSettings): boolean {
  if (given === undefined) return demandOption !== true
  return choices === undefined || [given].flat().every(value => choices.includes(value as string))
}
