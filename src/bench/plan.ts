import type { Properties } from '../client/producer-client.ts'
import { redact } from '../config/index.ts'
import type { Installation } from './against.ts'
import { type Cell, whyNotApplicable } from './cell.ts'
import { seeded, shuffled } from './random.ts'
import type { Settings } from './report.ts'
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
  /** Absent: a topic of its own for each trial. */
  readonly topic?: string | undefined
  /** Absent: an embedded cluster for each trial. */
  readonly brokers?: string | undefined
  /** Without bootstrap.servers and what cells set. */
  readonly properties: Properties
  readonly label?: string | undefined
  /** Another installation, which runs every trial as well. */
  readonly against?: Installation | undefined
  /** What may be on its way in one trial. */
  readonly memoryBytes: number
}

export function settingsOf(plan: Plan): Settings {
  const { label, brokers, topic, length, warmupSeconds, repeat, seed, payloadFile, allowFailures } = plan
  return {
    label: label ?? null,
    embedded: brokers === undefined,
    brokers: brokers ?? null,
    topic: topic ?? null,
    length,
    warmupSeconds,
    repeat,
    seed,
    payloadFile: payloadFile ?? null,
    allowFailures,
    properties: redact(plan.properties),
  }
}

/**
 * The cells (by index) in the order in which their trials run: every round has each cell once, so that
 * what is compared is near in time; within a round the order is random, so that none always comes first.
 */
export function orderOf(plan: Plan): number[] {
  const random = seeded(plan.seed)
  const applicable = plan.cells.flatMap((cell, index) =>
    whyNotApplicable(cell, plan.memoryBytes) === undefined ? [index] : [],
  )
  return Array.from({ length: plan.repeat }, () => shuffled(applicable, random)).flat()
}

/** Starting processes, connecting, draining, reading end offsets. */
const AROUND_A_TRIAL_SECONDS = 1.2
/** To guess how long a number of messages takes. */
const USUAL_RATE = 200_000

/** About how long a plan takes. */
export function estimateSeconds(plan: Plan): number {
  const { length, warmupSeconds } = plan
  const window = 'seconds' in length ? length.seconds : length.messages / USUAL_RATE
  const installations = plan.against === undefined ? 1 : 2
  return installations * orderOf(plan).length * (warmupSeconds + window + AROUND_A_TRIAL_SECONDS)
}
