import { findInstallation, type Installation } from '../bench/against.ts'
import { type Cell, whyNotApplicable } from '../bench/cell.ts'
import { decidableCells, ENOUGH_TRIALS, environmentDiffers, sharedCells } from '../bench/compare/compare.ts'
import { type Recorded, readRecorded } from '../bench/compare/recorded.ts'
import type { Plan } from '../bench/plan.ts'
import { competes } from '../bench/verdicts/grid.ts'
import { fewestPairs } from '../bench/verdicts/power.ts'
import { leastP } from '../bench/verdicts/subset-means.ts'
import { ALPHA } from '../bench/verdicts/verdict.ts'
import { MillraceError } from '../errors.ts'
import { type Given, number, single } from './numbers.ts'

/** With what a run is to be compared. */
export interface CompareArguments {
  compare?: Given
  against?: Given
  margin?: Given
  'fail-if-slower'?: Given
}

const value = { type: 'string', requiresArg: true } as const

export const compareOptions = {
  compare: { ...value, describe: 'OLD.json: results of an earlier run, to compare with' },
  against: {
    ...value,
    describe: 'DIR: another installation of millrace, each trial of it beside one of this',
  },
  'fail-if-slower': {
    ...value,
    describe: 'exit code 3 where a row is shown to be slower, by P percent or more; 0: however little',
  },
  margin: { ...value, describe: 'percent by which a difference does not matter; default 5' },
} as const

export interface CompareChoice {
  readonly earlier: Recorded | undefined
  readonly against: Installation | undefined
  readonly failIfSlower: number | undefined
  /** In percent. */
  readonly margin: number
}

/**
 * Checks the options; reads what is named.
 * @throws MillraceError USAGE naming the option; INPUT_UNREADABLE where OLD.json is not there
 */
export function compareChoiceOf(args: CompareArguments): CompareChoice {
  const compare = single('compare', args.compare)
  const against = single('against', args.against)
  const failIfSlower = number('fail-if-slower', args['fail-if-slower'], { min: 0, max: 99, whole: false })
  const margin = number('margin', args.margin, { min: 0.1, max: 50, whole: false }) ?? 5
  if (compare !== undefined && against !== undefined) {
    throw new MillraceError('USAGE', 'Both --compare and --against were given', { hint: 'Give one of them' })
  }
  if (failIfSlower !== undefined && compare === undefined && against === undefined) {
    throw new MillraceError('USAGE', '--fail-if-slower needs something to be slower than', {
      hint: 'Give --compare OLD.json or --against DIR as well',
    })
  }
  return {
    earlier: compare === undefined ? undefined : readRecorded(compare),
    against: against === undefined ? undefined : findInstallation(against),
    failIfSlower,
    margin,
  }
}

/**
 * What is to be told of the comparison before anything is measured: what keeps this run from being compared, or what a
 * comparison will not find.
 * @throws MillraceError USAGE where it was to fail if slower, and cannot: a check that cannot fail is none
 */
export function comparisonCautions(
  choice: CompareChoice,
  plan: Pick<Plan, 'cells' | 'repeat' | 'memoryBytes'>,
  environment: object,
): string[] {
  const { earlier, failIfSlower } = choice
  const rivals = plan.cells.filter(
    cell => competes(cell) && whyNotApplicable(cell, plan.memoryBytes) === undefined,
  )
  if (failIfSlower !== undefined && rivals.length === 0) {
    throw cannotFail('a rate that is asked for is not slower or faster', 'Add max to --rate')
  }
  if (earlier === undefined) {
    if (failIfSlower !== undefined) checkPairs(plan.repeat, rivals.length)
    return []
  }
  const differs = environmentDiffers(earlier, environment)
  if (differs.length > 0 || sharedCells(earlier, rivals).length === 0) {
    const why = differs.length > 0 ? differs.join('; ') : 'it measured none of these rows'
    if (failIfSlower === undefined) return [`Not comparable with ${earlier.path}: ${why}`]
    const hint = 'Measure both in the same way on one machine, or use --against DIR'
    throw cannotFail(`not comparable with ${earlier.path}: ${why}`, hint)
  }
  return failIfSlower === undefined ? [] : sessionCautions(earlier, rivals, plan, failIfSlower)
}

/** Of rows that run beside each other: the most extreme outcome must be significant, among so many. */
function checkPairs(repeat: number, rows: number): void {
  const alpha = ALPHA / rows
  if (leastP(repeat) <= alpha) return
  const fewest = fewestPairs(alpha)
  // beyond so many pairs not all signs are tried, and p does not become less
  const enough = leastP(fewest) <= alpha
  const of = rows === 1 ? 'one row' : `any of ${rows} rows`
  throw cannotFail(
    `${repeat} ${repeat === 1 ? 'pair' : 'pairs'} of trials cannot show ${of} to be slower`,
    enough ? `Give --repeat ${fewest}` : 'Give fewer rows',
  )
}

/** Of two runs: each must have intervals, and what sessions differ by hides what is less. */
function sessionCautions(
  earlier: Recorded,
  rivals: readonly Cell[],
  plan: Pick<Plan, 'cells' | 'repeat'>,
  limit: number,
): string[] {
  const { repeat } = plan
  const decidable = decidableCells(earlier, rivals, plan)
  if (decidable.length === 0) {
    const again = repeat < ENOUGH_TRIALS ? '' : ` for ${earlier.path} as well`
    throw cannotFail(
      `${ENOUGH_TRIALS} valid trials of a row are needed in both runs`,
      `Give --repeat ${Math.max(repeat, ENOUGH_TRIALS)}${again}`,
    )
  }
  const least = Math.max(...decidable.map(({ least }) => least)) * 100
  if (least <= limit) return []
  return [
    `--fail-if-slower ${limit}: two runs tell of differences from ${least.toFixed(0)} % on only, what sessions differ by; --ceiling in both, or --against DIR, shows less`,
  ]
}

function cannotFail(why: string, hint: string): MillraceError {
  return new MillraceError('USAGE', `--fail-if-slower: ${why}`, {
    hint,
    context: { option: 'fail-if-slower' },
  })
}
