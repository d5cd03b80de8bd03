import type { Claim } from './claims.ts'
import type { Measured } from './measure.ts'

const headings = ['line', 'figure', 'claim', 'measured', 'interval', 'verdict'] as const

type Row =
  | { readonly name: string; readonly measured: readonly Measured[] }
  | { readonly name: string; readonly skipped: string }

/** What was measured, one row a figure; of a line that was skipped, why. */
export function tableOf(results: readonly Row[]): string {
  const rows = results.flatMap(result =>
    'skipped' in result
      ? [[result.name, `skipped: ${result.skipped}`, '', '', '', '']]
      : result.measured.map((measured, index) => [index === 0 ? result.name : '', ...cellsOf(measured)]),
  )
  const all = [[...headings], ...rows]
  // the reason of a skipped line may run on
  const widths = headings.map((_, column) =>
    Math.max(...all.map(row => (row[4] === '' ? 0 : (row[column]?.length ?? 0)))),
  )
  return all
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function cellsOf({ what, unit, claim, summary, verdict }: Measured): string[] {
  const { median, low, high, coverage } = summary
  const sure = coverage === null ? 'range' : `${(coverage * 100).toFixed(0)} %`
  const show = (value: number) => number(value, unit)
  return [
    what,
    claim === null ? '' : claimed(claim),
    `${show(median)} ${unit}`,
    `${show(low)} to ${show(high)} (${sure})`,
    verdict ?? '',
  ]
}

function claimed(claim: Claim): string {
  return 'atLeast' in claim ? `at least ${claim.atLeast}` : `at most ${claim.atMost}`
}

function number(value: number, unit: Measured['unit']): string {
  return unit.endsWith('/s') ? Math.round(value).toLocaleString('en-US') : value.toFixed(2)
}
