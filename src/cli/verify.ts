import { randomInt } from 'node:crypto'
import { requireBrokers, scrub } from '../config/index.ts'
import { MillraceError } from '../errors.ts'
import { type Claims, readClaims } from '../load/verify/claims.ts'
import type { Sample } from '../load/verify/sample.ts'
import { type Verification, verify as verifyClaims } from '../load/verify/verify.ts'
import type { Command, Io } from './command.ts'
import { type Connection, type ConnectionArguments, connectionOptions, resolveConnection } from './common.ts'
import { type Given, number, single } from './numbers.ts'
import { showVerifyProgress, type VerifyDisplay } from './verify-progress.ts'
import { type VerifyContext, verifyExitCode, verifyJson, verifySummary } from './verify-report.ts'

interface Options extends ConnectionArguments {
  files?: readonly string[]
  sample?: Given
  seed?: Given
  timeout?: Given
  json: boolean
  'no-progress': boolean
}

const MOST_SEED = 2 ** 32 - 1

export const verify: Command<Options> = {
  builder: table =>
    connectionOptions(
      table
        .usage(
          `$0 verify -b localhost:9092 data.txt.receipt           is all there that the load delivered?
$0 verify -b localhost:9092 --sample 5 *.receipt        a twentieth of the chunks
$0 verify -b localhost:9092 --json data.txt.receipt     for programs

$0 verify [OPTIONS] RECEIPT…

Read the offsets that receipts name back, and compare numbers and hashes of the records, chunk by chunk: present,
missing (with the places in the files), altered, or not to be verified, and why. Exit 0: all present; 3: not.`,
        )
        .option('sample', {
          type: 'string',
          requiresArg: true,
          describe: 'look at so many percent of the chunks only',
        })
        .option('seed', {
          type: 'string',
          requiresArg: true,
          describe: 'which chunks --sample chooses: the same number, the same ones; default random',
        })
        .option('timeout', {
          type: 'string',
          requiresArg: true,
          describe: 'seconds in which nothing may come from the cluster; default 30',
        })
        .option('json', { type: 'boolean', default: false, describe: 'one JSON object on standard output' })
        .option('no-progress', { type: 'boolean', default: false, describe: 'no bar, no lines of progress' }),
    ),
  async run(options, io) {
    const paths = options.files ?? []
    if (paths.length === 0) {
      throw new MillraceError('USAGE', 'No receipt was named', {
        hint: 'Give the file that a load wrote beside its first input, or where its --receipt says',
      })
    }
    const sample = sampleOf(options)
    const seconds = number('timeout', options.timeout, { min: 0.001, max: 86_400, whole: false }) ?? 30
    const timeoutMs = Math.ceil(1000 * seconds)
    const connection = resolveConnection(options, io)
    requireBrokers(connection.properties)
    const abort = new AbortController()
    let signalled: 'SIGINT' | 'SIGTERM' | undefined
    const ignore = io.onSignal(signal => {
      signalled ??= signal
      abort.abort()
    })
    try {
      // all of them, before anything takes long
      const all = await Promise.all(paths.map(readClaims))
      const done = await verifyAll(all, { sample, timeoutMs, signal: abort.signal }, connection, options, io)
      const left = paths.slice(done.length)
      return report(done, { sample, signal: signalled, left }, options, io)
    } finally {
      ignore()
    }
  },
}

/** One receipt after the other; those that an interruption leaves are not looked at. */
async function verifyAll(
  all: readonly Claims[],
  run: { readonly sample: Sample | undefined; readonly timeoutMs: number; readonly signal: AbortSignal },
  { properties, logLevel }: Connection,
  options: Options,
  io: Io,
): Promise<readonly Verification[]> {
  const done: Verification[] = []
  const wanted = !options['no-progress'] && !options.quiet
  for (const claims of all) {
    let display: VerifyDisplay | undefined
    try {
      display = wanted ? showVerifyProgress(io) : undefined
      done.push(
        await verifyClaims(properties, claims, {
          ...run,
          onProgress: progress => display?.show(progress),
          onLog: ({ level, facility, message }) => {
            if (level <= logLevel) io.stderr.write(`${facility} ${scrub(message, properties)}\n`)
          },
        }),
      )
    } catch (error) {
      if (run.signal.aborted) break
      throw scrubbed(error, properties)
    } finally {
      display?.stop()
    }
  }
  return done
}

/** Tells what was found, for programs or for people. @returns the exit code */
function report(done: readonly Verification[], context: VerifyContext, options: Options, io: Io): number {
  const exitCode = verifyExitCode(done, context)
  if (options.json) io.stdout.write(`${verifyJson(done, context)}\n`)
  else if (!options.quiet || exitCode !== 0) io.stderr.write(verifySummary(done, context))
  return exitCode
}

function sampleOf(options: Options): Sample | undefined {
  const text = single('sample', options.sample)?.replace(/\s*%$/, '')
  const percent = number('sample', text, { min: 0, max: 100, whole: false })
  const seed = number('seed', options.seed, { min: 0, max: MOST_SEED })
  if (percent === 0) {
    throw new MillraceError('USAGE', '--sample is 0', { hint: 'Give a number above 0, to 100' })
  }
  if (percent !== undefined) return { percent, seed: seed ?? randomInt(MOST_SEED) }
  if (seed === undefined) return undefined
  throw new MillraceError('USAGE', '--seed was given without --sample', { hint: 'Give both' })
}

/** librdkafka's texts may quote what it was given. */
function scrubbed(error: unknown, properties: Connection['properties']): unknown {
  if (!(error instanceof MillraceError)) return error
  const { code, cause, context } = error
  return new MillraceError(code, scrub(error.message, properties), { cause, context })
}
