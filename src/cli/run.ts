import { MillraceError } from '../errors.ts'
import { EXIT, type Io } from './command.ts'
import { commands, type Entry } from './commands.ts'
import { exitCodeOf } from './exit.ts'
import type { Understood } from './full-line.ts'
import { commandLineOf, type Words } from './options.ts'
import { readPlainLine } from './plain-line.ts'

/**
 * Runs a command line, without the program's name.
 * @returns the exit code; never rejects
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const json = argv.some(word => /^--json(=|$)/.test(word))
  try {
    const understood = await understand(withEmptyValues(argv))
    if (understood.shown !== undefined) {
      io.stdout.write(`${understood.shown}\n`)
      return EXIT.done
    }
    const { entry, words } = understood
    const options = withFiles(entry, words)
    const command = await entry.load()
    return await command.run(options as never, io)
  } catch (thrown) {
    const error = await withHint(thrown, argv)
    const exitCode = exitCodeOf(error)
    report(error, json, exitCode, io)
    return exitCode
  }
}

/** Options that go without a value, or with one behind an equals sign: what follows them is none of theirs. */
const MAY_BE_BARE = ['--create-topic']

/** Says so to the parser, which would take the next word. @throws MillraceError USAGE for what no parser would complain of */
function withEmptyValues(argv: readonly string[]): string[] {
  const end = argv.indexOf('--')
  const own = end < 0 ? argv : argv.slice(0, end)
  // where parsers keep what belongs to no option
  if (own.some(word => /^--_(=|$)/.test(word))) throw new MillraceError('USAGE', 'Unknown argument: _')
  const isBare = (word: string, at: number) => MAY_BE_BARE.includes(word) && at < own.length
  return argv.map((word, at) => (isBare(word, at) ? `${word}=` : word))
}

/** @throws MillraceError USAGE */
async function understand(argv: readonly string[]): Promise<Understood> {
  const entry = commands.find(({ name }) => name === argv[0])
  const words = entry && readPlainLine(commandLineOf(await entry.load()), argv, entry.takesFiles)
  if (entry !== undefined && words !== undefined) return { entry, words }
  const { readLine } = await import('./full-line.ts')
  return readLine(argv)
}

/**
 * What stands after a command and belongs to no option. Not as a positional of yargs, which loses `-`.
 * @throws MillraceError USAGE where a command takes none
 */
function withFiles({ name, takesFiles }: Entry, words: Words): object {
  const files = words._.slice(1).map(String)
  if (takesFiles || files.length === 0) return { ...words, files }
  throw new MillraceError('USAGE', `millrace ${name} does not take ${JSON.stringify(files[0])}`)
}

/** A complaint without a way out gets one. */
async function withHint(error: unknown, argv: readonly string[]): Promise<unknown> {
  if (!(error instanceof MillraceError) || error.code !== 'USAGE' || error.hint !== undefined) return error
  const { withHint } = await import('./full-line.ts')
  return withHint(error, argv)
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
