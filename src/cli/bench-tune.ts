import { cpus } from 'node:os'
import type { Cell, Grid } from '../bench/cell.ts'
import type { Plan } from '../bench/plan.ts'
import type { Goal } from '../bench/tune/goal.ts'
import type { Tuning } from '../bench/tune/run-tune.ts'
import { spaceOf, tunedFields } from '../bench/tune/space.ts'
import { fewestPairs } from '../bench/verdicts/power.ts'
import { ALPHA } from '../bench/verdicts/verdict.ts'
import { MillraceError } from '../errors.ts'
import { type Given, single } from './numbers.ts'

export interface TuneArguments {
  tune?: Given
}

export const tuneOptions = {
  tune: {
    type: 'string',
    requiresArg: true,
    describe:
      'throughput or latency:MS (the highest rate whose p99 stays below MS): searches for properties, and measures them again',
  },
} as const

/** A day: what is beyond it was not meant. */
const MOST_MS = 86_400_000

/**
 * The goal that was given; undefined where none was.
 * @throws MillraceError USAGE
 */
export function goalOf(args: TuneArguments): Goal | undefined {
  const text = single('tune', args.tune)
  if (text === undefined) return undefined
  if (text === 'throughput') return { kind: 'throughput' }
  const p99Ms = Number(/^latency:(\d+(?:\.\d+)?)$/.exec(text)?.[1])
  if (p99Ms > 0 && p99Ms <= MOST_MS) return { kind: 'latency', p99Ms }
  throw new MillraceError('USAGE', `--tune is ${JSON.stringify(text)}`, {
    hint: 'Give throughput, or latency:MS such as latency:20',
  })
}

const WINDOW_SECONDS = 2
const WARMUP_SECONDS = 0.5

/** What tuning searches by itself, or has no use for. */
const NOT_WITH_TUNE = ['rate', 'ceiling', 'stages', 'compare', 'against', 'fail-if-slower', 'format'] as const

/**
 * What is to be searched, from where. `lists`: those that were given.
 * @throws MillraceError USAGE for options that do not go with it
 */
export function tuningOf(
  goal: Goal,
  args: Readonly<Record<string, unknown>>,
  { plan, lists, margin }: { plan: Plan; lists: Partial<Grid>; margin: number },
): { plan: Plan; tuning: Tuning } {
  const refused = NOT_WITH_TUNE.find(option => args[option] !== undefined && args[option] !== false)
  if (refused !== undefined) {
    throw new MillraceError('USAGE', `--${refused} does not go with --tune`, {
      hint: 'Leave one of them out',
    })
  }
  // its id may stand in a file
  if (plan.transactions !== undefined) {
    throw new MillraceError('USAGE', '--transactional-id does not go with --tune, which searches threads', {
      hint: 'Leave one of them out, a transactional.id of a file and --transaction-duration as well',
    })
  }
  for (const [field, values] of Object.entries(lists)) {
    if (values.length < 2 || (tunedFields as readonly string[]).includes(field)) continue
    throw new MillraceError('USAGE', `--tune is for one ${field}, not for ${values.length}`, {
      hint: `What is searched may have lists: ${tunedFields.join(', ')}`,
    })
  }
  const cell = plan.cells.find(({ engine }) => engine !== 'ceiling') as Cell
  const dimensions = spaceOf({
    goal,
    cell,
    lists,
    properties: plan.properties,
    cores: cpus().length,
    ownPayloads: plan.payloadFile !== undefined,
  })
  if (dimensions.length === 0) {
    throw new MillraceError('USAGE', '--tune has nothing to search: everything was given', {
      hint: 'Leave out some of the options, or give lists of more than one value',
    })
  }
  const repeat = args.repeat === undefined ? usualPairs(dimensions.length) : plan.repeat
  // many short trials tell more than a few long ones
  const length =
    args.duration === undefined && args.messages === undefined ? { seconds: WINDOW_SECONDS } : plan.length
  const usualWarmup = args.warmup === undefined && plan.warmupMessages === undefined
  const warmupSeconds = usualWarmup ? WARMUP_SECONDS : plan.warmupSeconds
  return {
    plan: { ...plan, cells: [cell], repeat, length, warmupSeconds },
    tuning: { goal, dimensions, margin },
  }
}

/** So few fresh pairs that the search's winner stays unproven whatever they tell. */
export function tuneCautions({ repeat }: Plan): string[] {
  const fewest = fewestPairs(ALPHA)
  if (repeat >= fewest) return []
  const pairs = repeat === 1 ? 'one fresh pair' : `${repeat} fresh pairs`
  return [`${pairs} cannot bear out what is found: --repeat ${fewest} is the least that can`]
}

/** As few fresh pairs as can give each change a verdict, if all of them change. */
function usualPairs(dimensions: number): number {
  return fewestPairs(ALPHA / (1 + dimensions))
}
