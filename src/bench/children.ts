import { aborted, MillraceError } from '../errors.ts'
import { startChild, startEntry } from './child.ts'
import { fromSentError, type SentError } from './child-side.ts'
import { newerOptions, type Progress, type TrialResult, type TrialSpec } from './trial.ts'

/** A process that died under its trial tells why instead. */
export type TrialOutcome = { readonly result: TrialResult } | { readonly died: string }

/**
 * Runs a trial in a process of its own. `othersEntry`: another installation's trial-process.js; what it
 * cannot do, or answers otherwise than this one would, is told as a process that died.
 * @throws MillraceError as `runTrial`; ABORTED, when the process is gone
 */
export async function forkTrial(
  spec: TrialSpec,
  signal: AbortSignal,
  othersEntry?: string,
  onProgress: (progress: Progress) => void = () => {},
): Promise<TrialOutcome> {
  if (signal.aborted) throw aborted(signal)
  const { process: child, ended } =
    othersEntry === undefined ? startChild('trial-process') : startEntry(othersEntry)
  const onAbort = () => child.kill('SIGKILL')
  signal.addEventListener('abort', onAbort, { once: true })
  let answer: { result: TrialResult } | { error: SentError } | undefined
  child.on('message', (message: { progress: Progress } | NonNullable<typeof answer>) => {
    if (typeof message === 'object' && message !== null && 'progress' in message) onProgress(message.progress)
    else answer ??= message
  })
  child.send(spec)
  const how = await ended
  signal.removeEventListener('abort', onAbort)
  if (signal.aborted) throw aborted(signal)
  if (answer === undefined) return { died: `the trial's process ${how}` }
  if ('error' in answer) {
    if (othersEntry !== undefined)
      return { died: `the other installation could not: ${answer.error.message}` }
    throw fromSentError(answer.error)
  }
  if (othersEntry === undefined) return answer
  if (!isResult(answer.result)) return { died: 'the other installation answers in another form' }
  const unknown = unknownThere(spec, answer.result)
  return unknown === undefined ? answer : { died: `the other installation does not know --${unknown}` }
}

/** An option that the other one took no notice of, so that it measured something else. */
function unknownThere(spec: TrialSpec, { figures, took = [] }: TrialResult): string | undefined {
  const { cell } = spec
  const missed = newerOptions.find(([field, option]) => spec[field] !== undefined && !took.includes(option))
  if (missed !== undefined) return missed[1]
  const { threads = 1, processes = 1, achievedRate = null }: Partial<TrialResult['figures']> = figures
  if (threads !== cell.threads) return 'threads'
  if (processes !== cell.processes) return 'processes'
  return (achievedRate === null) === (cell.rate === 'max') ? undefined : 'rate'
}

function isResult(result: unknown): boolean {
  const { figures, faults, warnings } = (result ?? {}) as Partial<TrialResult>
  return Number.isFinite(figures?.messagesPerSecond) && Array.isArray(faults) && Array.isArray(warnings)
}

export interface ClusterProcess {
  readonly bootstrapServers: string
  /** Resolves once its process has ended, with how. Never rejects. */
  readonly ended: Promise<string>
  /** Resolves when its process is gone. */
  stop(): Promise<void>
}

/**
 * Starts an embedded cluster in a process of its own, which ends with this one. `topics`: with how many partitions each.
 * @throws MillraceError CLUSTER_FAILED, CLIENT_NOT_BUILT; ENGINE_UNAVAILABLE for `topics` without the addon
 */
export async function forkCluster(topics: Readonly<Record<string, number>> = {}): Promise<ClusterProcess> {
  const { process: child, ended } = startChild('cluster-process', [JSON.stringify(topics)])
  const first = await Promise.race([
    new Promise<{ brokers: string } | { error: SentError }>(resolve =>
      child.once('message', resolve as never),
    ),
    ended,
  ])
  if (typeof first === 'string') {
    throw new MillraceError('CLUSTER_FAILED', `The process of the embedded cluster ${first}`)
  }
  if ('error' in first) throw fromSentError(first.error)
  return {
    bootstrapServers: first.brokers,
    ended,
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
