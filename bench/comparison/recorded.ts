import { readFileSync } from 'node:fs'
import type { Environment } from '../../src/bench/environment.ts'
import type { Settings } from '../peers/settings.ts'
import type { Subject } from '../peers/trial.ts'
import type { Figures } from './figures.ts'
import type { Options } from './options.ts'
import type { AbsentContender, Round } from './rounds.ts'

/** One comparison, as it stands in `results/peers.json`. */
export interface Recorded {
  readonly cluster: Options['cluster']
  readonly environment: Environment
  readonly settings: Settings
  readonly messageSize: number
  readonly partitions: number
  /** Messages to a partition before the next one's turn. */
  readonly run: number
  readonly pairs: number
  readonly seconds: number
  readonly pollingRates: Readonly<Record<string, readonly number[]>> | null
  readonly subjects: Readonly<Record<string, Subject>>
  readonly absent: readonly AbsentContender[]
  readonly figures: readonly Figures[]
  readonly rounds: readonly Round[]
}

const results = new URL('../results/peers.json', import.meta.url)

/** Comparisons on other clusters stay when one is measured anew. */
export function readRecorded(): Recorded[] {
  try {
    return (JSON.parse(readFileSync(results, 'utf8')) as { comparisons: Recorded[] }).comparisons
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** The comparisons with one more, which takes the place of an older one on the same cluster. */
export function withNew(before: readonly Recorded[], one: Recorded): Recorded[] {
  return [...before.filter(({ cluster }) => cluster !== one.cluster), one]
}
