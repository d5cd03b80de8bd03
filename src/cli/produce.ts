import { requireBrokers } from '../config/index.ts'
import { STANDARD_INPUT } from '../input/index.ts'
import { loadDefaults } from '../load/defaults.ts'
import { Loading } from '../load/loading.ts'
import { checkThreads, type LoadPlan, planLoad } from '../load/plan.ts'
import { planReceipt } from '../load/receipt/plan.ts'
import type { LoadResult } from '../load/result.ts'
import type { Command, Io } from './command.ts'
import { clusterFor, connectProducers, resolveConnection } from './common.ts'
import { checkDryRun, dryRun } from './dry-run.ts'
import { loadExitCode, loadJson, loadSummary } from './load-report.ts'
import { count, duration } from './numbers.ts'
import { type ProduceArguments, produceOptions } from './produce-options.ts'
import { loadOptions } from './produce-plan.ts'
import { progressDisplay, progressIntervalMs, tellWaiting } from './progress.ts'

type Signal = 'SIGINT' | 'SIGTERM'

export const produce: Command<ProduceArguments> = {
  builder: produceOptions,
  async run(options, io) {
    // before anything takes time, or says that it has begun
    const abort = new AbortController()
    let signalled: Signal | undefined
    let loading: Loading | undefined
    let plan: LoadPlan | undefined
    const ignore = io.onSignal(signal => {
      signalled ??= signal
      abort.abort()
      if (loading !== undefined && plan !== undefined) interrupt(loading, plan, options, io)
    })
    try {
      checkDryRun(options)
      const asked = { ...loadOptions(options, io), progressIntervalMs: progressIntervalMs(io) }
      plan = planLoad(asked, 'flags')
      const { embedded } = options
      const { inputs, spelling } = plan
      const connection = resolveConnection(options, io, { defaults: loadDefaults(plan, { embedded }) })
      checkThreads(plan, connection.engine)
      if (options['dry-run']) {
        const setup = { plan, connection, signal: abort.signal, signalled: () => signalled }
        return await dryRun(setup, options, io)
      }
      if (!embedded) requireBrokers(connection.properties)
      const receipt = planReceipt(asked, { inputs, embedded, spelling })
      const showProgress = options.quiet || options['no-progress'] ? undefined : await progressDisplay(io)
      const { properties, cluster } = await clusterFor(options, io, connection)
      try {
        const task = {
          plan,
          receipt,
          properties,
          cluster,
          connect: () => (producers: number, wanted: typeof properties, signal: AbortSignal) =>
            connectProducers(producers, connection, wanted, io, signal),
        }
        loading = new Loading(() => task)
        // while the cluster was starting
        if (signalled !== undefined) loading.interrupt()
        if (!options.quiet) tell(loading, io)
        showProgress?.(loading)
        return report(await loading.result, signalled, options, io)
      } finally {
        await cluster?.stop()
      }
    } finally {
      ignore()
    }
  },
}

/** Tells people how a load gets on. */
function tell(loading: Loading, io: Io): void {
  // what a resume says begins with a heading
  let indent = ''
  loading.on('note', (text, of) => {
    if (of === 'preflight') io.stderr.write(`${text}.\n`)
    else io.stderr.write(`${indent}${text}\n`)
    if (of === 'resume') indent = '  '
  })
  loading.on('start', ({ inputs }) => {
    if (inputs.includes(STANDARD_INPUT) && io.stdin.isTTY)
      io.stderr.write('Reading standard input; Ctrl-D ends it.\n')
  })
  tellWaiting(loading, io)
}

/** Tells the account, for programs or for people. @returns the exit code */
function report(
  result: LoadResult,
  signalled: Signal | undefined,
  options: ProduceArguments,
  io: Io,
): number {
  const exitCode = loadExitCode(result, signalled)
  const context = { embedded: options.embedded, exitCode }
  if (options.json) io.stdout.write(`${loadJson(result, context)}\n`)
  else if (!options.quiet) io.stderr.write(loadSummary(result, context))
  const reason = result.error ?? result.firstFailure ?? (options.json ? result.firstRejection : undefined)
  if (reason !== undefined) io.stderr.write(`millrace: ${reason.message}\n`)
  return exitCode
}

function interrupt(loading: Loading, { load }: LoadPlan, { quiet }: ProduceArguments, io: Io): void {
  const isFirst = loading.state === 'running' && !loading.interrupted
  loading.interrupt()
  if (quiet || !isFirst) return
  const { inFlight } = loading
  // over the bar, where there is one
  const line = io.stderr.isTTY ? '\r\x1b[K' : ''
  io.stderr.write(
    `${line}Interrupted; waiting up to ${duration(load.drainTimeoutMs / 1000)} for ${count(inFlight)} messages on their way. Again to leave at once.\n`,
  )
}
