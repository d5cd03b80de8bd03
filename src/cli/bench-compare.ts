import { findInstallation, type Installation } from '../bench/against.ts'
import type { Cell } from '../bench/cell.ts'
import { environmentDiffers, sharedCells } from '../bench/compare/compare.ts'
import { type Recorded, readRecorded } from '../bench/compare/recorded.ts'
import { competes } from '../bench/verdicts/grid.ts'
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
  'fail-if-slower': { ...value, describe: 'exit code 3 where a row is slower by P percent or more' },
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
 * What keeps this run from being compared with the earlier one, told before it is measured; undefined
 * where nothing does.
 * @throws MillraceError USAGE where it was to fail if slower: a check that cannot fail is none
 */
export function whyNotComparable(
  { earlier, failIfSlower }: CompareChoice,
  run: { readonly environment: object; readonly cells: readonly Cell[] },
): string | undefined {
  if (failIfSlower !== undefined && !run.cells.some(competes)) {
    throw new MillraceError('USAGE', '--fail-if-slower: a rate that is asked for is not slower or faster', {
      hint: 'Add max to --rate',
    })
  }
  if (earlier === undefined) return undefined
  const differs = environmentDiffers(earlier, run.environment)
  const nothing = sharedCells(earlier, run.cells).length === 0
  if (differs.length === 0 && !nothing) return undefined
  const why = differs.length > 0 ? differs.join('; ') : 'it measured none of these rows'
  const text = `Not comparable with ${earlier.path}: ${why}`
  if (failIfSlower === undefined) return text
  throw new MillraceError('USAGE', `--fail-if-slower: ${text.charAt(0).toLowerCase()}${text.slice(1)}`, {
    hint: 'Measure both in the same way on one machine, or use --against DIR',
  })
}
