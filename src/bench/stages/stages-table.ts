import { group, nameOf } from '../columns.ts'
import type { BenchReport, CellReport } from '../report.ts'
import { stageTitles } from './stage.ts'
import type { Added, CellStages, StageReport } from './stages-report.ts'

export interface StageColumn {
  readonly title: string
  readonly left?: boolean
  readonly value: (stage: StageReport) => string | null
}

export const stageColumns: readonly StageColumn[] = [
  { title: 'stage', left: true, value: ({ stage }) => stageTitles[stage] },
  { title: 'ns/message', value: ({ nanoseconds }) => nanoseconds && ns(nanoseconds.median) },
  { title: 'low', value: ({ nanoseconds }) => nanoseconds && ns(nanoseconds.low) },
  { title: 'high', value: ({ nanoseconds }) => nanoseconds && ns(nanoseconds.high) },
  ...differenceColumns('added', ({ added }) => added),
  { title: 'CPU ns', value: ({ cpuNanoseconds }) => cpuNanoseconds && ns(cpuNanoseconds.median) },
  ...differenceColumns('added', ({ addedCpu }) => addedCpu),
]

function differenceColumns(title: string, of: (stage: StageReport) => Added | null): StageColumn[] {
  const shown = (field: 'nanoseconds' | 'low' | 'high') => (stage: StageReport) => {
    const added = of(stage)
    return added === null ? null : signed(added[field])
  }
  return [
    { title, value: shown('nanoseconds') },
    { title: 'low', value: shown('low') },
    { title: 'high', value: shown('high') },
  ]
}

function ns(value: number): string {
  return value < 100 ? value.toFixed(1) : group(value)
}

function signed(value: number): string {
  return value < 0 ? `-${ns(-value)}` : `+${ns(value)}`
}

/** What low to high are. */
export function intervalText({ stages }: CellStages): string {
  const known = stages.flatMap(({ added }) => (added === null ? [] : [added]))
  if (known.length === 0) return 'no pair of valid trials'
  const [least] = known.map(({ pairs }) => pairs).sort((a, b) => a - b)
  return known.every(({ coverage }) => coverage !== null)
    ? `low to high of what is added hold it with 95 % (${least} pairs)`
    : `low to high of what is added are the range of ${least} ${least === 1 ? 'pair' : 'pairs'}`
}

/** What is said of the trials of stages that are not valid. */
export function stageRemarks({ cells, stages = [] }: BenchReport): string[] {
  return stages.flatMap(({ cell, stages: layers }) =>
    layers.flatMap(({ stage, trials }) =>
      (trials ?? []).flatMap(({ state, order, why }) =>
        why === null
          ? []
          : [
              `${state}: ${nameOf(cells[cell] as CellReport, cells)}, ${stageTitles[stage]}, trial ${order}: ${why}`,
            ],
      ),
    ),
  )
}
