import { deferred } from '../../deferred.ts'
import { nanoseconds } from '../../latency/index.ts'
import { Producer } from '../../producer/producer.ts'
import { beyondDelivered, faultsOf } from '../account.ts'
import { type Child, startChild } from '../child.ts'
import { fromSentError } from '../child-side.ts'
import { endsMoved, readyTopic } from '../end-offsets.ts'
import { type TrialResult, type TrialSpec, tookOf } from '../trial.ts'
import { merge } from './merge.ts'
import type { PartMessage, PartOrder } from './protocol.ts'

/** Until all processes have heard of the window it has not begun. */
const LEAD_MS = 30

/**
 * One trial in several processes: each runs the cell with producers of its own, all on one topic. The window begins
 * when all are warm, and its account is one: of all of them together, against the topic's end offsets.
 * @throws MillraceError as `runTrial`; no process stays behind then
 */
export async function runTogether(spec: TrialSpec): Promise<TrialResult> {
  const warnings = new Set<string>()
  const witness = await Producer.connect(spec.properties, { onWarning: text => warnings.add(text) })
  const parts: Part[] = []
  try {
    const before = await readyTopic(witness, spec.topic, spec.cell.partitions)
    for (let index = 0; index < spec.cell.processes; index++) parts.push(new Part(spec, index))
    for (const part of parts) {
      part.onHalt = () => {
        for (const other of parts) if (other !== part) other.tell({ kind: 'halt' })
      }
    }
    // one that ended before it was warm keeps nobody waiting
    await Promise.all(parts.map(part => part.warm))
    const at = nanoseconds(performance.now()) / 1e6 + LEAD_MS
    for (const part of parts) part.tell({ kind: 'begin', at })
    const ends = await Promise.all(parts.map(part => part.ended))
    const results = ends.filter(end => typeof end !== 'string')
    const deaths = ends.flatMap((end, index) =>
      typeof end === 'string' ? [`process ${index + 1} of ${ends.length} ${end}`] : [],
    )
    if (results.length === 0) throw new Error(deaths[0])
    const { figures: merged, acknowledged, firstFailure, faults, remark } = merge(results)
    for (const text of results.flatMap(result => result.warnings)) warnings.add(text)
    const expected = acknowledged + merged.transactionMarkers
    const unread: string[] = []
    const endOffsetsMoved = await endsMoved(witness, spec.topic, before.sum, expected).catch(
      (error: Error) => {
        unread.push(`the end offsets could not be read: ${error.message}`)
        return null
      },
    )
    // nothing is said to be missing that nobody could look for
    const log = {
      ...merged,
      endOffsetsMoved: endOffsetsMoved ?? merged.delivered + merged.transactionMarkers,
    }
    const figures = {
      ...merged,
      endOffsetsMoved,
      beyondDelivered: endOffsetsMoved === null ? null : beyondDelivered(log),
    }
    const rules = { allowFailures: spec.allowFailures, firstFailure }
    const account = [...faultsOf({ ...log, acknowledged, possibleMarkers: 0 }, rules), ...unread]
    if (figures.messagesPerSecond === 0) account.push('nothing was acknowledged within the window')
    return {
      figures,
      faults: [...new Set([...deaths, ...account, ...faults])],
      remark,
      partitions: before.partitions,
      warnings: [...warnings],
      took: tookOf(spec),
    }
  } finally {
    for (const part of parts) part.kill()
    await witness.close({ timeoutMs: 0 })
  }
}

/** One of the processes, as the trial's own sees it. */
class Part {
  /** A failure stopped its offering, or it died. */
  onHalt = () => {}
  /** Resolves when it is warm, or has ended. */
  readonly warm: Promise<void>
  /** With its result, or how it died; rejects with what kept it from beginning. */
  readonly ended: Promise<TrialResult | string>
  readonly #child: Child

  constructor(spec: TrialSpec, index: number) {
    const warm = deferred<void>()
    this.warm = warm.promise
    this.#child = startChild('processes/part-process')
    let said: TrialResult | Error | undefined
    this.#child.process.on('message', (message: PartMessage) => {
      if (message.kind === 'result') said = message.result
      else if (message.kind === 'error') said = fromSentError(message.error)
      else if (message.kind === 'warm') warm.resolve()
      else this.onHalt()
    })
    this.ended = this.#child.ended.then(how => {
      warm.resolve()
      if (said instanceof Error) throw said
      if (said === undefined) this.onHalt()
      return said ?? how
    })
    // it may come before anybody waits for it
    this.ended.catch(() => {})
    // no two processes send the same payloads, nor do their threads
    const seed = spec.seed + index * (spec.cell.threads + 1)
    this.tell({ kind: 'run', spec: { ...spec, seed }, index })
  }

  tell(order: PartOrder): void {
    // one that is gone hears nothing any more
    if (this.#child.process.connected) this.#child.process.send(order, () => {})
  }

  kill(): void {
    this.#child.process.kill('SIGKILL')
  }
}
