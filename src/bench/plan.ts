import type { Properties } from '../client/producer-client.ts'
import { redact } from '../config/index.ts'
import type { Installation } from './against.ts'
import { type Cell, ceilingIndexOf, type Rate, whyNotApplicable } from './cell.ts'
import { type Random, seeded, shuffled } from './random.ts'
import type { Settings } from './report.ts'
import { stagesOf } from './stages/stage.ts'
import type { TrialLength } from './trial.ts'

/** What a run of bench is to do. Everything in it was checked. */
export interface Plan {
  readonly cells: readonly Cell[]
  readonly repeat: number
  readonly seed: number
  readonly warmupSeconds: number
  readonly length: TrialLength
  readonly allowFailures: boolean
  readonly payloadFile?: string | undefined
  /** Of the file's payloads; with every payload file. */
  readonly payloadDigest?: string | undefined
  /** Absent: a line each. */
  readonly payloadDelimiter?: string | undefined
  readonly payloadMonotonic?: boolean | undefined
  readonly warmupMessages?: number | undefined
  /** Absent: outside of transactions. */
  readonly transactions?: { readonly id: string; readonly seconds: number } | undefined
  readonly reportingSeconds?: number | undefined
  /** Whether librdkafka's last statistics are wanted. */
  readonly metrics?: boolean | undefined
  /** Whether each layer that messages pass through is measured by itself. */
  readonly stages?: boolean | undefined
  /** Absent: a topic of its own for each trial. */
  readonly topic?: string | undefined
  /** Absent: an embedded cluster for each trial. */
  readonly brokers?: string | undefined
  /** Whether these are those of an embedded cluster, somebody else's, which is not Kafka. */
  readonly brokersEmbedded?: boolean | undefined
  /** Without bootstrap.servers and what cells set. */
  readonly properties: Properties
  readonly label?: string | undefined
  /** Another installation, which runs every trial as well. */
  readonly against?: Installation | undefined
  /** What may be on its way in one trial. */
  readonly memoryBytes: number
}

/** Whether an embedded cluster is measured, its own or a given one. */
export function isEmbedded({ brokers, brokersEmbedded = false }: Plan): boolean {
  return brokers === undefined || brokersEmbedded
}

export function settingsOf(plan: Plan): Settings {
  const { label, brokers, topic, length, warmupSeconds, repeat, seed, payloadFile, allowFailures } = plan
  const { payloadDigest, payloadDelimiter, payloadMonotonic, warmupMessages, transactions } = plan
  return {
    label: label ?? null,
    embedded: isEmbedded(plan),
    brokers: brokers ?? null,
    topic: topic ?? null,
    length,
    warmupSeconds,
    repeat,
    seed,
    payloadFile: payloadFile ?? null,
    payloadDigest: payloadDigest ?? null,
    payloadDelimiter: payloadDelimiter ?? null,
    payloadMonotonic: payloadMonotonic === true,
    warmupMessages: warmupMessages ?? null,
    transactions: transactions ?? null,
    allowFailures,
    properties: redact(plan.properties),
  }
}

/**
 * The cells (by index) in the order in which their trials run: every round has each cell once, so that what is
 * compared is near in time. Cells of one configuration stand together, with their ceiling in the middle of them; else
 * the order is random. Every second round is the one before it backwards, so that of any two neither always comes first.
 */
export function orderOf(plan: Plan): number[] {
  const random = seeded(plan.seed)
  const applicable = plan.cells.flatMap((cell, index) =>
    whyNotApplicable(cell, plan.memoryBytes) === undefined ? [index] : [],
  )
  const rounds: number[][] = []
  for (let round = 0; round < plan.repeat; round++) {
    const before = rounds[round - 1]
    rounds.push(round % 2 === 1 && before ? before.toReversed() : roundOf(plan.cells, applicable, random))
  }
  return rounds.flat()
}

function roundOf(cells: readonly Cell[], applicable: readonly number[], random: Random): number[] {
  const ceilingOf = (index: number) => ceilingIndexOf(cells, index)
  const ceilings = applicable.filter(index => cells[index]?.engine === 'ceiling')
  const alone = applicable.filter(index => !ceilings.includes(index) && !ceilings.includes(ceilingOf(index)))
  const groups = ceilings.map(ceiling => {
    const members = shuffled(
      applicable.filter(index => ceilingOf(index) === ceiling),
      random,
    )
    // an odd one falls before the ceiling or after it
    const middle = (members.length + (random() & 1)) >> 1
    return members.toSpliced(middle, 0, ceiling)
  })
  return shuffled([...groups, ...alone.map(index => [index])], random).flat()
}

/** Starting processes, connecting, draining, reading end offsets. */
const AROUND_A_TRIAL_SECONDS = 1.2
/** To guess how long a number of messages takes. */
const USUAL_RATE = 200_000

/** About how long one trial takes. */
export function secondsOfTrial({ length, warmupSeconds }: Plan, rate: Rate | undefined): number {
  const window =
    'seconds' in length
      ? length.seconds
      : length.messages / (typeof rate === 'number' ? Math.min(rate, USUAL_RATE) : USUAL_RATE)
  return warmupSeconds + window + AROUND_A_TRIAL_SECONDS
}

/** About how long a plan takes. */
export function estimateSeconds(plan: Plan): number {
  const { cells, brokers, stages = false } = plan
  const installations = plan.against === undefined ? 1 : 2
  return orderOf(plan).reduce((sum, index) => {
    const cell = cells[index] as Cell
    const layers = stages ? Math.max(1, stagesOf(cell, brokers === undefined).length) : 1
    return sum + installations * layers * secondsOfTrial(plan, cell.rate)
  }, 0)
}
