import { MillraceError } from '../../src/errors.ts'
import { commandOf, type DriverName, peerOf } from '../peers/catalogue.ts'
import type { Command } from '../peers/hear.ts'
import { Absent } from '../peers/install.ts'
import { type BestPolling, bestPolling } from '../peers/node-rdkafka/polling.ts'
import { type Properties, VoidTrial } from '../peers/protocol.ts'
import { batchOf, outstandingOf } from '../peers/settings.ts'
import { type Outcome, type Subject, trial } from '../peers/trial.ts'
import type { Where } from '../support/where.ts'
import type { Contender } from './contenders.ts'
import type { Options } from './options.ts'

/** rdkafka_performance makes librdkafka's statistics in any case, as often; so all do that can tell of them. */
const STATISTICS_MS = 250
const WARMUP_SECONDS = 1
const MOST_POLLING_SECONDS = 2

export type Trial = Outcome | { readonly void: string }
/** One trial of each contender, by name. */
export type Round = Readonly<Record<string, Trial>>

export interface AbsentContender {
  readonly name: string
  readonly reason: string
}

export interface Comparison {
  readonly absent: readonly AbsentContender[]
  readonly subjects: Readonly<Record<string, Subject>>
  readonly polling: BestPolling | null
  readonly rounds: readonly Round[]
}

/** @throws Absent with the reason why that driver cannot be had */
type Find = (driver: DriverName) => Promise<Command>

/**
 * Trials side by side, in an order that alternates. A contender that cannot be had here is absent, and a trial that is
 * void is told as such; the others go on.
 */
export async function compare(
  chosen: readonly Contender[],
  options: Options,
  where: Where,
  say: (text: string) => void,
  find: Find = commandOf,
): Promise<Comparison> {
  const { commands, absent } = await have(chosen, options, say, find)
  const present = chosen.filter(({ name }) => absent.every(one => one.name !== name))
  const surroundings = { where, commands }
  const polling = await pollingFor(present, options, surroundings, say)
  const subjects: Record<string, Subject> = {}
  for (const contender of present) {
    const subject = subjectOf(contender, options)
    subjects[contender.name] = {
      ...subject,
      variant: subject.variant.replace(/^best/, polling?.best ?? 'inline'),
    }
  }
  const rounds: Round[] = []
  for (let pair = 0; pair < options.pairs; pair++) {
    const round: Record<string, Trial> = {}
    for (const { name } of pair % 2 === 0 ? present : present.toReversed()) {
      round[name] = await attempt(subjects[name] as Subject, pair, surroundings)
      say(`${pair + 1}/${options.pairs} ${name}: ${told(round[name])}`)
    }
    rounds.push(round)
  }
  return { absent, subjects, polling, rounds }
}

/** The settings of a contender's trials. */
export function subjectOf({ driver, variant, outstanding, run }: Contender, options: Options): Subject {
  const { settings, messageSize, partitions, seconds } = options
  const properties: Properties = peerOf(driver).properties(settings)
  const statistics = 'linger.ms' in properties && 'batch.num.messages' in properties
  return {
    driver,
    variant,
    properties: statistics ? { ...properties, 'statistics.interval.ms': STATISTICS_MS } : properties,
    outstanding: outstanding ?? outstandingOf(settings, messageSize),
    messageSize,
    warmupSeconds: WARMUP_SECONDS,
    length: { seconds },
    partitions,
    run: Math.min(run ?? Number.POSITIVE_INFINITY, batchOf(settings, messageSize)),
  }
}

async function have(chosen: readonly Contender[], options: Options, say: (text: string) => void, find: Find) {
  const commands: Record<string, Command> = {}
  const absent: AbsentContender[] = []
  for (const { name, driver } of chosen) {
    const { cannot, notEmbedded } = peerOf(driver)
    const reason = cannot?.(options.settings) ?? (options.cluster === 'embedded' ? notEmbedded : undefined)
    try {
      if (reason !== undefined) throw new Absent(reason)
      commands[driver] = await find(driver)
    } catch (error) {
      if (!(error instanceof Absent)) throw error
      absent.push({ name, reason: error.message })
      say(`${name} is absent: ${error.message}`)
    }
  }
  return { commands, absent }
}

interface Trials {
  readonly where: Where
  readonly commands: Readonly<Record<string, Command>>
}

async function pollingFor(
  present: readonly Contender[],
  options: Options,
  surroundings: Trials,
  say: (text: string) => void,
): Promise<BestPolling | null> {
  const polled = present.find(({ variant }) => variant.startsWith('best'))
  if (polled === undefined) return null
  const subject = subjectOf(polled, options)
  const seconds = Math.min(MOST_POLLING_SECONDS, options.seconds)
  const polledBy = (polling: string): Subject => ({
    ...subject,
    variant: subject.variant.replace(/^best/, polling),
    length: { seconds },
  })
  try {
    return await bestPolling(polledBy, options.tries, surroundings)
  } catch (error) {
    if (!isVoid(error)) throw error
    say(`the polling of ${polled.name} was not chosen: ${error.message}`)
    return null
  }
}

async function attempt(subject: Subject, seed: number, surroundings: Trials): Promise<Trial> {
  try {
    return await trial(subject, seed, surroundings)
  } catch (error) {
    if (!isVoid(error)) throw error
    return { void: error.message }
  }
}

/** A cluster that did not answer once is no reason to lose an hour's trials. */
function isVoid(error: unknown): error is Error {
  return error instanceof VoidTrial || error instanceof MillraceError
}

function told(trial: Trial): string {
  return 'void' in trial ? trial.void : `${Math.round(trial.messagesPerSecond)} msg/s`
}
