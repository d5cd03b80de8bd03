import { median } from '../../support/results.ts'
import { type Subject, type Surroundings, trial } from '../trial.ts'

const pollings = ['inline', 'interval-1', 'interval-2', 'interval-5', 'interval-10'] as const

export interface BestPolling {
  readonly best: string
  readonly rates: Readonly<Record<string, readonly number[]>>
}

/** The way of polling that serves the bare loop best here and now. */
export async function bestPolling(
  subjectOf: (polling: string) => Subject,
  tries: number,
  surroundings: Surroundings,
): Promise<BestPolling> {
  const rates: Record<string, number[]> = Object.fromEntries(pollings.map(polling => [polling, []]))
  for (let round = 0; round < tries; round++) {
    for (const polling of round % 2 === 0 ? pollings : pollings.toReversed()) {
      const { messagesPerSecond } = await trial(subjectOf(polling), round, surroundings)
      rates[polling]?.push(Math.round(messagesPerSecond))
      console.log(`node-rdkafka, ${polling}: ${Math.round(messagesPerSecond)} msg/s`)
    }
  }
  const [best = 'inline'] = pollings.toSorted((a, b) => median(rates[b] ?? []) - median(rates[a] ?? []))
  return { best, rates }
}
