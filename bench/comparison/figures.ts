import { medianOf, type Summary, summarize } from '../../src/bench/statistics.ts'
import type { Outcome } from '../peers/trial.ts'
import { type Contender, REFERENCES, type Reference } from './contenders.ts'
import type { Round } from './rounds.ts'

/** What is said of a contender; null where it is not known. */
export interface Figures {
  readonly name: string
  readonly client: string | null
  readonly valid: number
  readonly void: readonly { readonly round: number; readonly reason: string }[]
  /** Within a window; null for whole processes. */
  readonly messagesPerSecond: Summary | null
  /** From the start of a process to its end; null for the others. */
  readonly wholeMessagesPerSecond: Summary | null
  /** Its rate over that of a reference, in the same rounds. */
  readonly ratios: Readonly<Record<Reference, Summary | null>>
  readonly cpuSecondsPerMillion: Summary | null
  readonly messagesPerBatch: { readonly client: number | null; readonly cluster: number | null }
  readonly messagesPerRequest: number | null
}

/** The figures of one contender over all rounds; void trials are in none of them. */
export function figuresOf({ name, whole }: Contender, rounds: readonly Round[]): Figures {
  const outcomes = valid(name, rounds)
  const rates = summarize(outcomes.map(({ messagesPerSecond }) => messagesPerSecond))
  const ratioTo = (reference: Reference) =>
    whole || reference === name ? null : ratio(name, reference, rounds)
  return {
    name,
    client: outcomes[0]?.client ?? null,
    valid: outcomes.length,
    void: rounds.flatMap((round, index) => {
      const trial = round[name]
      return trial !== undefined && 'void' in trial ? [{ round: index + 1, reason: trial.void }] : []
    }),
    messagesPerSecond: whole ? null : rates,
    wholeMessagesPerSecond: whole ? rates : null,
    ratios: Object.fromEntries(
      REFERENCES.map(reference => [reference, ratioTo(reference)]),
    ) as Figures['ratios'],
    cpuSecondsPerMillion: summarize(
      outcomes.map(({ cpuSecondsPerMillion }) => cpuSecondsPerMillion).filter(Number.isFinite),
    ),
    messagesPerBatch: {
      client: median(outcomes.map(({ messagesPerBatch }) => messagesPerBatch.client)),
      cluster: median(outcomes.map(({ messagesPerBatch }) => messagesPerBatch.cluster)),
    },
    messagesPerRequest: median(outcomes.map(({ messagesPerRequest }) => messagesPerRequest)),
  }
}

function valid(name: string, rounds: readonly Round[]): Outcome[] {
  return rounds.flatMap(round => {
    const trial = round[name]
    return trial === undefined || 'void' in trial ? [] : [trial]
  })
}

/** Over the rounds in which both are valid. */
function ratio(of: string, to: string, rounds: readonly Round[]): Summary | null {
  const both = rounds.flatMap(round => {
    const [a, b] = [valid(of, [round])[0], valid(to, [round])[0]]
    return a === undefined || b === undefined ? [] : [a.messagesPerSecond / b.messagesPerSecond]
  })
  return summarize(both)
}

function median(values: readonly (number | null)[]): number | null {
  const known = values.filter(value => value !== null)
  return known.length === 0 ? null : medianOf(known.sort((a, b) => a - b))
}
