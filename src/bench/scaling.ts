import type { Cell } from './cell.ts'
import { nameOf, setting } from './columns.ts'
import { type Limits, limitsOf } from './limits.ts'
import type { CellReport } from './report.ts'
import { medianOf } from './statistics.ts'
import { competes } from './verdicts/grid.ts'
import { type JudgedTrial, judge, type Rules } from './verdicts/verdict.ts'

/** Along `units` the ideal is twice the rate for twice the value; along the others it only has to grow. */
const axes = [
  { field: 'loops', title: 'loops', unit: true },
  { field: 'threads', title: 'threads', unit: true },
  { field: 'producers', title: 'producers', unit: true },
  { field: 'processes', title: 'processes', unit: true },
  { field: 'batch', title: 'batch', unit: false },
  { field: 'outstanding', title: 'outstanding', unit: false },
  { field: 'messageSize', title: 'message size', unit: false },
  { field: 'partitions', title: 'partitions', unit: false },
] as const

export type ScalingAxis = (typeof axes)[number]['field']

export interface ScalingPoint {
  /** Index of the cell in the report. */
  readonly cell: number
  readonly value: number
  /** Median; along `messageSize` megabytes, otherwise messages a second. */
  readonly rate: number
  /** To the least value's rate. */
  readonly gain: number
  /** Gain / how many times the parallelism; null along an axis that is none. */
  readonly efficiency: number | null
}

/** The cells that differ along one axis only. */
export interface Scaling {
  readonly axis: ScalingAxis
  readonly measure: 'messagesPerSecond' | 'megabytesPerSecond'
  /** Least value first. */
  readonly points: readonly ScalingPoint[]
  /** The value after which a larger one stops paying. */
  readonly knee: number
  /** Whether the verdicts bear it out: faster than the value before it, and no larger one faster by more than the margin. */
  readonly certain: boolean
  /** What the trials at the knee show to be near its end; empty where nothing measured is. */
  readonly limits: readonly string[]
  /** What would carry more than the knee; null where that is not known. */
  readonly advice: string | null
  /** All of that in a sentence or two. */
  readonly text: string
}

/** Every axis with at least two values measured, once for each combination of the other settings. */
export function scalingOf(cells: readonly CellReport[], cores: number, rules: Rules): Scaling[] {
  return axes.flatMap(axis =>
    lines(cells, axis.field).map(line => scalingAlong(axis, line, cells, cores, rules)),
  )
}

type Axis = (typeof axes)[number]

/** Indexes of cells that share all but `field`, ascending along it. */
function lines(cells: readonly CellReport[], field: ScalingAxis): number[][] {
  const found = new Map<string, number[]>()
  for (const [index, cell] of cells.entries()) {
    if (cell.messagesPerSecond === null || cell[field] === null || !competes(cell)) continue
    const key = settingsBut(cell, field)
    found.set(key, [...(found.get(key) ?? []), index])
  }
  const value = (index: number) => cells[index]?.[field] ?? 0
  return [...found.values()]
    .filter(line => line.length > 1)
    .map(line => line.sort((a, b) => value(a) - value(b)))
}

function settingsBut(cell: CellReport, field: ScalingAxis): string {
  const { notApplicable, trials, messagesPerSecond, ofCeiling, latencyMs, [field]: _, ...others } = cell
  return JSON.stringify(others)
}

function scalingAlong(
  { field, title, unit }: Axis,
  line: readonly number[],
  cells: readonly CellReport[],
  cores: number,
  rules: Rules,
): Scaling {
  const measure = field === 'messageSize' ? 'megabytesPerSecond' : 'messagesPerSecond'
  const of = (index: number) => cells[index] as CellReport
  const rates = line.map(index => figure(of(index), measure))
  const values = line.map(index => of(index)[field] as number)
  const points = line.map((cell, at) => {
    const gain = (rates[at] as number) / (rates[0] as number)
    const efficiency = unit ? gain / ((values[at] as number) / (values[0] as number)) : null
    return { cell, value: values[at] as number, rate: rates[at] as number, gain, efficiency }
  })
  const kneeAt = kneeOf(rates, rules.margin)
  const knee = points[kneeAt] as ScalingPoint
  const certain = isCertain(
    line.map(index => judged(of(index), measure)),
    kneeAt,
    rules,
  )
  const limits = limitsOf(of(knee.cell), cores)
  return {
    axis: field,
    measure,
    points,
    knee: knee.value,
    certain,
    limits: limits.reasons,
    advice: limits.advice,
    text: sentence({
      title,
      unit,
      points,
      kneeAt,
      certain,
      limits,
      where: whereOf(of(knee.cell), cells, field),
    }),
  }
}

/** The first value that no larger one beats by more than the margin. */
function kneeOf(rates: readonly number[], margin: number): number {
  return rates.findIndex((rate, at) => Math.max(...rates.slice(at)) <= rate * (1 + margin / 100))
}

function isCertain(line: readonly (readonly JudgedTrial[])[], kneeAt: number, rules: Rules): boolean {
  const knee = line[kneeAt] as readonly JudgedTrial[]
  const before = line[kneeAt - 1]
  const after = line.slice(kneeAt + 1)
  const verdicts = judge(
    [
      ...(before === undefined ? [] : [{ trials: knee, against: before }]),
      ...after.map(trials => ({ trials, against: knee })),
    ],
    rules,
  )
  const pays = before === undefined || verdicts[0]?.kind === 'faster'
  const limit = 1 + rules.margin / 100
  return (
    pays &&
    verdicts
      .slice(before === undefined ? 0 : 1)
      .every(({ ratio }) => ratio !== null && ratio.coverage !== null && ratio.high < limit)
  )
}

/** Trials as verdicts want them, by the measure of their axis. */
function judged({ trials }: CellReport, measure: Scaling['measure']): JudgedTrial[] {
  return trials.map(trial => ({ state: trial.state, messagesPerSecond: trial[measure] }))
}

interface Told {
  readonly title: string
  readonly unit: boolean
  readonly points: readonly ScalingPoint[]
  readonly kneeAt: number
  readonly certain: boolean
  readonly limits: Limits
  readonly where: string
}

function sentence({ title, unit, points, kneeAt, certain, limits, where }: Told): string {
  const knee = points[kneeAt] as ScalingPoint
  const first = points[0] as ScalingPoint
  const last = points.at(-1) as ScalingPoint
  const efficiency =
    unit && kneeAt > 0 ? `, efficiency ${((knee.efficiency as number) * 100).toFixed(0)} %` : ''
  const up = kneeAt === 0 ? '' : `${made(knee, first)}${efficiency}`
  const doubt = certain ? '' : 'going by medians that these trials are too few or too uneven to bear out, '
  // what is used up already tells that they may not
  const held = limits.advice === null ? '' : ` But ${limits.reasons[0]}.`
  if (knee === last) return `${title}${where}: ${doubt}${up}; larger values may pay still.${held}`
  const found = [made(last, knee), up].filter(part => part !== '').join('; ')
  const cause =
    limits.advice === null
      ? `At ${setting(knee.value)} nothing that was measured was near its limit; ${limits.unmeasured}.`
      : `At ${setting(knee.value)} ${limits.reasons.join('; ')}. ${limits.advice}.`
  return `${title}${where}: ${doubt}take ${setting(knee.value)}, more does not pay: ${found}. ${cause}`
}

/** `4 made 1.77 times the rate of 1` */
function made(one: ScalingPoint, other: ScalingPoint): string {
  return `${setting(one.value)} made ${(one.rate / other.rate).toFixed(2)} times the rate of ${setting(other.value)}`
}

/** ` (framed)` where the other settings vary, too. */
function whereOf(cell: CellReport, cells: readonly Cell[], field: ScalingAxis): string {
  const alike = cells.map(other => ({ ...other, [field]: cell[field] }))
  const distinct = new Set(alike.map(other => nameOf(other, alike)))
  return distinct.size > 1 ? ` (${nameOf(cell, alike)})` : ''
}

type ValidTrial = Extract<CellReport['trials'][number], { state: 'valid' }>

function figure(cell: CellReport, measure: Scaling['measure']): number {
  return figureOf(cell, trial => trial[measure])
}

/** The median over the valid trials, of which there is one at least. */
function figureOf({ trials }: CellReport, value: (trial: ValidTrial) => number): number {
  const values = trials.flatMap(trial => (trial.state === 'valid' ? [value(trial)] : []))
  return medianOf(values.sort((a, b) => a - b))
}
