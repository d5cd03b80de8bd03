import { bestPolling } from '../peers/node-rdkafka/polling.ts'
import { type Outcome, type Subject, type Surroundings, trial } from '../peers/trial.ts'
import type { Line, Round } from './line.ts'
import { type Measured, measuredOf } from './measure.ts'

const POLLING_TRIES = 2
const MOST_POLLING_SECONDS = 2

export interface LineResult extends Omit<Line, 'measures'> {
  readonly measured: readonly Measured[]
  readonly pollingRates: Readonly<Record<string, readonly number[]>> | null
  readonly rounds: readonly Round[]
}

/** Runs a line's trials: pairs side by side, in an order that alternates. @throws Error for a trial that is void */
export async function runLine(line: Line, pairs: number, surroundings: Surroundings): Promise<LineResult> {
  const { measures, ...rest } = line
  const polling = await pollingOf(line, surroundings)
  const subjects = Object.entries(line.subjects).map(([name, subject]): readonly [string, Subject] => [
    name,
    { ...subject, variant: subject.variant.replace(/^best/, polling?.best ?? '') },
  ])
  const rounds: Round[] = []
  for (let pair = 0; pair < pairs; pair++) {
    const round: Record<string, Outcome> = {}
    for (const [name, subject] of pair % 2 === 0 ? subjects : subjects.toReversed()) {
      round[name] = await trial(subject, pair, surroundings)
    }
    rounds.push(round)
    const told = subjects.map(([name]) => `${name} ${Math.round(round[name]?.messagesPerSecond ?? 0)}`)
    console.log(`${line.name} ${pair + 1}/${pairs}: ${told.join(', ')} msg/s`)
  }
  const measured = measures.map(measure => measuredOf(measure, rounds))
  const pollingRates = polling?.rates ?? null
  return { ...rest, subjects: Object.fromEntries(subjects), measured, pollingRates, rounds }
}

/** For the bare loop that tells most, which is the dearer one to serve; null for lines without. */
async function pollingOf({ subjects }: Line, surroundings: Surroundings) {
  const bare = Object.values(subjects)
    .filter(({ driver }) => driver === 'node-rdkafka')
    .at(-1)
  if (bare === undefined) return null
  const seconds = 'seconds' in bare.length ? Math.min(MOST_POLLING_SECONDS, bare.length.seconds) : 1
  return bestPolling(
    polling => ({ ...bare, variant: bare.variant.replace(/^best/, polling), length: { seconds } }),
    POLLING_TRIES,
    surroundings,
  )
}
