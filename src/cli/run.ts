import { createRequire } from 'node:module'
import yargs, { type Argv } from 'yargs'
import { MillraceError } from '../errors.ts'
import { type Command, EXIT, type Io } from './command.ts'
import { commands, type Entry } from './commands.ts'
import { exitCodeOf } from './exit.ts'
import { nearestFlag } from './flags.ts'

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

/**
 * Runs a command line, without the program's name.
 * @returns the exit code; never rejects
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const words = withEmptyValues(argv)
  let exitCode: number = EXIT.done
  let executed = false
  const json = argv.some(word => /^--json(=|$)/.test(word))
  try {
    const parser = await program(words, async (command, options) => {
      executed = true
      exitCode = await command.run(options, io)
    })
    const shown = await parse(parser, words)
    if (shown !== '') io.stdout.write(`${shown}\n`)
    else if (!executed) throw new MillraceError('USAGE', `There is no command ${argv.find(isWord)}`)
    return exitCode
  } catch (thrown) {
    const error = await withHint(thrown, argv)
    exitCode = exitCodeOf(error)
    report(error, json, exitCode, io)
    return exitCode
  }
}

/** Options that go without a value, or with one behind an equals sign: what follows them is none of theirs. */
const MAY_BE_BARE = ['--create-topic']

/** Says so to yargs, which would take the next word. */
function withEmptyValues(argv: readonly string[]): string[] {
  const end = argv.indexOf('--')
  const isBare = (word: string, at: number) => MAY_BE_BARE.includes(word) && (end < 0 || at < end)
  return argv.map((word, at) => (isBare(word, at) ? `${word}=` : word))
}

const isWord = (text: string) => !text.startsWith('-')

/**
 * What stands after a command and belongs to no option. Not as a positional of yargs, which loses `-`.
 * @throws MillraceError USAGE where a command takes none
 */
function withFiles({ name, takesFiles }: Entry, options: { _: (string | number)[] }): object {
  const files = options._.slice(1).map(String)
  if (takesFiles || files.length === 0) return { ...options, files }
  throw new MillraceError('USAGE', `millrace ${name} does not take ${JSON.stringify(files[0])}`)
}

/** Tells yargs' complaints the way out: the option that was probably meant, or the help. */
async function withHint(error: unknown, argv: readonly string[]): Promise<unknown> {
  if (!(error instanceof MillraceError) || error.code !== 'USAGE' || error.hint !== undefined) return error
  const name = commands.map(({ name }) => name).find(name => argv.includes(name))
  const asking = name === undefined ? ['--help'] : [name, '--help']
  const help = await parse(await program(asking, async () => {}), asking)
  // yargs ends a guess of its own with a question mark
  if (error.message.endsWith('?')) return error
  const hint = nearestFlag(error.message, help) ?? `See millrace ${asking.join(' ')}`
  return new MillraceError('USAGE', error.message, { hint })
}

/** Loads those commands only that may be meant: whose names are among the words. */
async function program(
  argv: readonly string[],
  execute: (command: Command<never>, options: never) => Promise<void>,
): Promise<Argv> {
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
    .parserConfiguration({
      'duplicate-arguments-array': true,
      'boolean-negation': false,
      'dot-notation': false,
      'parse-numbers': false,
    })
    .version(version)
    .help()
    .alias('help', 'h')
    .strictOptions()
    .recommendCommands()
    .demandCommand(1, 'Name a command')
    .wrap(110)
    .exitProcess(false)
    .fail((message, error) => {
      // yargs hands over what a command threw, its own complaints with or without an error of its own
      if (error !== undefined && error.name !== 'YError') throw error
      throw new MillraceError('USAGE', message ?? error?.message ?? 'The command line cannot be understood')
    })
  for (const entry of commands) {
    const command = argv.includes(entry.name) ? await entry.load() : undefined
    parser = parser.command(
      entry.name,
      entry.describe,
      own => (command === undefined ? own : (command.builder(own as Argv) as Argv)).strictOptions(),
      options => (command === undefined ? undefined : execute(command, withFiles(entry, options) as never)),
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

function report(error: unknown, json: boolean, exitCode: number, io: Io): void {
  if (error instanceof MillraceError) {
    io.stderr.write(`millrace: ${error.message}\n`)
  } else {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    io.stderr.write(`millrace: this is a bug, please report it: ${text}\n`)
  }
  if (!json) return
  const code = error instanceof MillraceError ? error.code : 'UNEXPECTED'
  const message = error instanceof Error ? error.message : String(error)
  io.stdout.write(`${JSON.stringify({ schema: 'millrace.error/1', error: { code, message }, exitCode })}\n`)
}
