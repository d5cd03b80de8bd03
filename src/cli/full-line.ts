import { createRequire } from 'node:module'
import yargs, { type Argv } from 'yargs'
import { MillraceError } from '../errors.ts'
import { commands, type Entry } from './commands.ts'
import { nearestFlag } from './flags.ts'
import { commandLineOf, parserConfiguration, type Words } from './options.ts'

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

/** What is to be done: text to be shown, or a command to be run. */
export type Understood =
  | { readonly shown: string }
  | { readonly entry: Entry; readonly words: Words; readonly shown?: undefined }

/**
 * Reads any command line.
 * @throws MillraceError USAGE
 */
export async function readLine(argv: readonly string[]): Promise<Understood> {
  let meant: { entry: Entry; words: Words } | undefined
  const parser = await program(argv, (entry, words) => {
    meant = { entry, words }
  })
  const shown = await parse(parser, argv)
  if (shown !== '') return { shown }
  if (meant !== undefined) return meant
  throw new MillraceError('USAGE', `There is no command ${argv.find(word => !word.startsWith('-'))}`)
}

/** Tells complaints the way out: the option that was probably meant, or the help. */
export async function withHint(error: MillraceError, argv: readonly string[]): Promise<MillraceError> {
  const name = commands.map(({ name }) => name).find(name => argv.includes(name))
  const asking = name === undefined ? ['--help'] : [name, '--help']
  const help = await parse(await program(asking, () => {}), asking)
  // yargs ends a guess of its own with a question mark
  if (error.message.endsWith('?')) return error
  const hint = nearestFlag(error.message, help) ?? `See millrace ${asking.join(' ')}`
  return new MillraceError('USAGE', error.message, { hint })
}

/** Loads those commands only that may be meant: whose names are among the words. */
async function program(argv: readonly string[], found: (entry: Entry, words: Words) => void): Promise<Argv> {
  let parser = yargs([...argv])
    .scriptName('millrace')
    .usage(
      `$0 produce --embedded -t events data.txt     try it without a broker
$0 produce -b localhost:9092 -t events data.ndjson
$0 verify -b localhost:9092 data.ndjson.receipt
$0 read -b localhost:9092 -t events -n 10
$0 bench
$0 cluster --brokers 3
$0 doctor -b localhost:9092

Load Kafka, and know what was delivered.`,
    )
    .parserConfiguration(parserConfiguration)
    .version(version)
    .help()
    .alias('help', 'h')
    .strictOptions()
    .recommendCommands()
    .demandCommand(1, 'Name a command')
    .wrap(110)
    .exitProcess(false)
    .fail((message, error) => {
      // yargs hands over what it was given to run has thrown, its own complaints with or without an error of its own
      if (error !== undefined && error.name !== 'YError') throw error
      throw new MillraceError('USAGE', message ?? error?.message ?? 'The command line cannot be understood')
    })
  for (const entry of commands) {
    const command = argv.includes(entry.name) ? commandLineOf(await entry.load()) : undefined
    parser = parser.command(
      entry.name,
      entry.describe,
      own =>
        (command === undefined ? own : own.usage(command.usage).options(command.options)).strictOptions(),
      words => found(entry, words),
    ) as typeof parser
  }
  return parser as Argv
}

/** Help and version come as text instead of being printed. */
function parse(parser: Argv, argv: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let shown = ''
    const done = parser.parseAsync([...argv], {}, (error, _arguments, output) => {
      shown = output
      if (error instanceof Error) reject(error)
    })
    done.then(() => resolve(shown), reject)
  })
}
