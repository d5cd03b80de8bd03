import { analyse, findings } from '../bench/analysis.ts'
import { type BenchListener, type BenchOutcome, runBench } from '../bench/bench.ts'
import { nameOf } from '../bench/columns.ts'
import { describeEnvironment } from '../bench/environment.ts'
import { finding } from '../bench/finding.ts'
import { metricLines } from '../bench/metrics.ts'
import { estimateSeconds, isEmbedded, type Plan, settingsOf } from '../bench/plan.ts'
import type { BenchReport } from '../bench/report.ts'
import { progressLine } from '../bench/reporter.ts'
import { stageTitles } from '../bench/stages/stage.ts'
import { renderReport, type TableFormat, tableFormats } from '../bench/table.ts'
import type { Progress, Trial } from '../bench/trial.ts'
import { mostSeconds, mostTrials, runTune, type Tuning } from '../bench/tune/run-tune.ts'
import { turnsOf } from '../bench/turns.ts'
import { aborted, MillraceError } from '../errors.ts'
import { askToGoOn } from './ask.ts'
import { withClusterKind } from './bench-cluster.ts'
import {
  type CompareArguments,
  compareChoiceOf,
  compareOptions,
  comparisonCautions,
} from './bench-compare.ts'
import { BenchFiles, type FileArguments, fileOptions } from './bench-files.ts'
import { Interruption, type Signal, unlessAborted } from './bench-interruption.ts'
import { perfOptions } from './bench-perf.ts'
import { type BenchArguments, planOf } from './bench-plan.ts'
import { goalOf, type TuneArguments, tuneCautions, tuneOptions, tuningOf } from './bench-tune.ts'
import { type Command, EXIT, type Io } from './command.ts'
import { exitCodeOf } from './exit.ts'
import { count, duration, type Given, single } from './numbers.ts'

interface Options extends BenchArguments, CompareArguments, TuneArguments, FileArguments {
  json: boolean
  quiet: boolean
  format?: Given
  yes: boolean
}

const LONG_SECONDS = 600
/** From here on it is asked about first. */
const ASK_SECONDS = 3600
/** What is left is told where it is worth telling. */
const LEFT_SECONDS = 10

const value = { type: 'string', requiresArg: true } as const
const flag = { type: 'boolean', default: false } as const

export const bench: Command<Options> = {
  builder: table =>
    table
      .usage(
        `$0 bench                                      under a minute, against an embedded cluster
$0 bench -b localhost:9092
$0 bench -b localhost:9092 --api send,batch --message-size 100,1000 --repeat 7
$0 bench -b localhost:9092 --rate 1000,10000 --api send --duration 30
$0 bench -b localhost:9092 --threads 1,2 --loops 1,4 --ceiling --duration 10 --json > result.json
$0 bench -b localhost:9092 --tune throughput --output tuned.json
$0 bench -b localhost:9092 --repeat 7 --output new.json --compare old.json --report new.html

Measure how fast messages are delivered. Every combination of the lists is a row; each trial has a process
and a topic of its own. It counts what was acknowledged, and is void unless the topic's end offsets moved by
exactly that. The ceiling is a loop in C++ that only offers messages to librdkafka, with the same
configuration; other rows tell which share of it they reach. With --rate messages are due on a schedule, and
latencies count from there; percentiles are told where 10 requests are beyond them. Without -b an embedded cluster is measured,
which is not Kafka.`,
      )
      .option('brokers', {
        ...value,
        alias: ['b', 'bootstrap-server'],
        describe: 'host:port,…; without it an embedded cluster, whatever environment and files say',
      })
      .option('topic', {
        ...value,
        alias: 't',
        describe: 'an existing topic; default: one a trial, deleted after',
      })
      .option('api', { ...value, describe: 'list of send, batch, framed; default batch' })
      .option('batch', { ...value, describe: 'list: messages a call; default 1000' })
      .option('outstanding', { ...value, describe: 'list: messages on their way a producer; default 10000' })
      .option('loops', {
        ...value,
        describe: 'list: parallel produce loops a producer and thread; default 1',
      })
      .option('threads', {
        ...value,
        describe: 'list: threads that share each producer, each with its loops; default 1, the main thread',
      })
      .option('producers', { ...value, describe: 'list: producers in each process; default 1' })
      .option('processes', {
        ...value,
        describe: 'list: processes at once, with producers and threads of their own each; default 1',
      })
      .option('message-size', { ...value, describe: 'list: bytes a message; default 100' })
      .option('rate', {
        ...value,
        describe: 'list: messages a second that are due, for latencies, or max; default max',
      })
      .option('compression', {
        ...value,
        alias: 'z',
        describe: 'list of none, gzip, snappy, lz4, zstd; default none',
      })
      .option('acks', { ...value, describe: 'list of all, 1, 0; default all' })
      .option('partitions', { ...value, describe: 'list: partitions of the topics made; default 4' })
      .option('engine', { ...value, describe: 'list of auto, batch, callback; default auto' })
      .option('ceiling', {
        ...flag,
        describe: "a row for what librdkafka's producer itself does here; without lists it is there anyway",
      })
      .option('stages', {
        ...flag,
        describe: 'what each layer costs: JavaScript only, into the addon, embedded cluster, brokers',
      })
      .option('payload-file', { ...value, describe: 'one payload a line, instead of random bytes' })
      .options(perfOptions)
      .option('duration', { ...value, describe: 'seconds measured; default 5, or 2 where no list is given' })
      .option('messages', { ...value, describe: 'messages measured, instead of a duration' })
      .option('warmup', { ...value, describe: 'seconds before that, at least; default 1, or 0.5' })
      .option('repeat', { ...value, describe: 'trials a row; default 3' })
      .option('seed', { ...value, describe: 'of payloads and of the order of trials; default 1' })
      .option('allow-failures', { ...flag, describe: 'failed messages do not make a trial void' })
      .option('set', {
        alias: 'X',
        type: 'string',
        array: true,
        nargs: 1,
        describe: 'property=value, any of librdkafka; repeatable',
      })
      .option('config', { ...value, alias: 'F', describe: 'file of property=value lines; with -b' })
      .option('label', { ...value, describe: 'a text that is kept in the results' })
      .options(fileOptions)
      .options(tuneOptions)
      .options(compareOptions)
      .option('format', { ...value, choices: tableFormats, describe: 'of the table; default table' })
      .option('yes', { ...flag, alias: 'y', describe: 'do not ask, however long it takes' })
      .option('json', { ...flag, describe: 'one JSON object on standard output, no table' })
      .option('quiet', { ...flag, describe: 'errors only on standard error' }),
  async run(options, io) {
    const interruption = new Interruption(io)
    try {
      return await measure(options, io, interruption)
    } finally {
      interruption.end()
    }
  },
}

async function measure(options: Options, io: Io, interruption: Interruption): Promise<number> {
  const tell = (text: string) => {
    if (!options.quiet) io.stderr.write(`${text}\n`)
  }
  const warning = (text: string) => tell(`millrace: ${text}`)
  const goal = goalOf(options)
  const { plan: alone, warnings, lists } = planOf(options, io.env)
  const choice = compareChoiceOf(options)
  const tuned =
    goal === undefined
      ? undefined
      : tuningOf(goal, { ...options }, { plan: alone, lists, margin: choice.margin })
  const format = (single('format', options.format) ?? 'table') as TableFormat
  if (options.json && options.format !== undefined) {
    throw new MillraceError('USAGE', 'Both --json and --format were given', { hint: 'Give one of them' })
  }
  const files = await BenchFiles.open(options, warning)
  const { signal, left } = interruption
  const given = tuned?.plan ?? { ...alone, against: choice.against }
  const plan = await withClusterKind(given, signal).catch(error => {
    interruption.check()
    throw error instanceof MillraceError ? withWayOut(error) : error
  })
  const environment = { ...describeEnvironment(), ...settingsOf(plan) }
  const cautions = [
    ...comparisonCautions(choice, plan, environment),
    ...(tuned === undefined ? [] : tuneCautions(plan)),
  ]
  const seconds = tuned === undefined ? estimateSeconds(plan) : mostSeconds(plan, tuned.tuning)
  for (const line of announcement(plan, tuned?.tuning, seconds)) tell(line)
  for (const text of [...warnings, ...cautions]) warning(text)
  if (seconds >= ASK_SECONDS && !options.yes && !(await askToGoOn('Go on?', io, signal))) {
    return EXIT[interruption.signalled ?? 'SIGINT']
  }

  let last: BenchReport | undefined
  const report = (so: BenchReport) => {
    last = so
    files.update(so)
  }
  const progress = (told: Progress) => tell(`  ${progressLine(told)}`)
  const running =
    tuned === undefined
      ? runBench(plan, { report, warning, progress, trial: trialTeller(plan, tell) }, signal)
      : runTune(plan, tuned.tuning, { report, warning, progress, line: tell }, signal)
  const outcome = await unlessAborted(running, left, () => leftWith(last, left))
  const { error } = outcome
  const { signalled } = interruption
  const nothing = outcome.report.cells.every(({ trials }) => trials.length === 0)
  const untuned = outcome.report.tune === undefined || outcome.report.tune.search.trials.length === 0
  if (error !== undefined && signalled === undefined && nothing && untuned) throw withWayOut(error)
  const analysed = analyse(outcome.report, choice)
  const planned = codeOf(analysed, error, signalled)
  const failedCode = () => EXIT[interruption.signalled ?? 'input']
  // nobody waits twice for the reader of a FIFO
  const patience = signal.aborted ? left : signal
  // written before they are shown: what is shown tells the exit code, and that of a failure is another
  const { exitCode, failures } = await files.finish({ ...analysed, exitCode: planned }, failedCode, patience)
  const final = { ...analysed, exitCode }
  show(final, { json: options.json, format }, io)
  for (const { message } of failures) io.stderr.write(`millrace: ${message}\n`)
  if (error !== undefined) {
    if (final.tune !== undefined) tell(final.tune.conclusion)
    io.stderr.write(`millrace: ${signalled ?? error.message}\n`)
  } else if (!nothing || !untuned) {
    tell(['', ...metricsOf(final), ...findings(final), finding(final)].join('\n'))
  }
  return exitCode
}

/** What there is when somebody does not wait for the end. Processes of trials and clusters end with this one. */
function leftWith(report: BenchReport | undefined, signal: AbortSignal): BenchOutcome {
  const error = aborted(signal)
  if (report === undefined) throw error
  return { report: { ...report, error: { code: error.code, message: error.message } }, error }
}

/** A line a trial, with about how long the others will take. */
function trialTeller(plan: Plan, tell: (text: string) => void): BenchListener['trial'] {
  const startedAt = performance.now()
  let done = 0
  return (trial, { cell, stage, other }, of) => {
    done++
    const rate = trial.state === 'valid' ? measured(trial) : `${trial.state}: ${trial.why}`
    const name = nameOf(plan.cells[cell] as Plan['cells'][number], plan.cells)
    const left = ((performance.now() - startedAt) / 1000 / done) * (of - done)
    const rest = left < LEFT_SECONDS ? '' : `; about ${duration(left)} left`
    const layer = stage === undefined ? '' : `, ${stageTitles[stage]}`
    const others = other === undefined ? '' : ', the other installation'
    tell(`[${trial.order}/${of}] ${name}${layer}${others}: ${rate}${rest}`)
  }
}

/** `1,000 msg/s`, or with a rate `1,000 msg/s, p50 5.2 ms`. */
function measured({ messagesPerSecond, latencyMs }: Extract<Trial, { state: 'valid' }>): string {
  const p50 = latencyMs?.p50 ?? null
  return `${count(messagesPerSecond)} msg/s${p50 === null ? '' : `, p50 ${p50.toFixed(1)} ms`}`
}

/** librdkafka's statistics of each row's last trial, where they were asked for. */
function metricsOf({ cells }: BenchReport): string[] {
  return cells.flatMap(cell => {
    const metrics = cell.trials.findLast(trial => (trial.metrics ?? null) !== null)?.metrics ?? []
    return metrics.length === 0 ? [] : [`Statistics of ${nameOf(cell, cells)}:`, ...metricLines(metrics), '']
  })
}

function announcement(plan: Plan, tuning: Tuning | undefined, seconds: number): string[] {
  const long =
    seconds > LONG_SECONDS
      ? ', which is long: fewer values in the lists, or a smaller --repeat or --duration, shorten it.'
      : '.'
  return [
    ...(isEmbedded(plan)
      ? ["Against an embedded cluster, which is not Kafka: figures tell of this client, not of a broker's."]
      : []),
    `${extent(plan, tuning)}about ${duration(seconds)}${long} Ctrl-C keeps what was measured.`,
  ]
}

/** How many trials there will be. */
function extent(plan: Plan, tuning: Tuning | undefined): string {
  if (tuning === undefined) {
    const trials = turnsOf(plan).length
    return `${count(trials)} ${trials === 1 ? 'trial' : 'trials'}, `
  }
  const { search, fresh } = mostTrials(tuning, plan.repeat)
  const names = tuning.dimensions.map(({ name, values }) => `${name} ${values.join(' ')}`).join('; ')
  return `Searches ${names}.\nAt most ${count(search)} trials for that, and ${count(fresh)} fresh ones for what is found: at most `
}

function show(report: BenchReport, { json, format }: { json: boolean; format: TableFormat }, io: Io): void {
  if (json) io.stdout.write(`${JSON.stringify(report)}\n`)
  else if (report.tune === undefined) io.stdout.write(renderReport(report, format))
  else io.stdout.write(report.tune.file)
}

function codeOf(
  report: BenchReport,
  error: MillraceError | undefined,
  signalled: Signal | undefined,
): number {
  if (signalled !== undefined) return EXIT[signalled]
  return error === undefined ? report.exitCode : exitCodeOf(error)
}

function withWayOut(error: MillraceError): MillraceError {
  if (error.code !== 'BROKER_UNREACHABLE') return error
  return new MillraceError(error.code, `${error.message}. Without -b an embedded cluster is measured`, {
    cause: error,
    context: error.context,
  })
}
