import type { Installation } from './against.ts'
import { orderOf, type Plan } from './plan.ts'
import { isCeiling } from './verdicts/grid.ts'

/** A trial of a cell, by this installation or another one. */
export interface Turn {
  readonly cell: number
  readonly other: Installation | undefined
}

/**
 * Who runs when: with another installation each trial has its twin beside it, first as often as second. A
 * ceiling has none: it is no installation's.
 */
export function turnsOf(plan: Plan): Turn[] {
  const { against, cells } = plan
  const done = new Map<number, number>()
  return orderOf(plan).flatMap(cell => {
    const own = { cell, other: undefined }
    const { engine } = cells[cell] as Plan['cells'][number]
    if (against === undefined || isCeiling({ engine })) return [own]
    const round = done.get(cell) ?? 0
    done.set(cell, round + 1)
    const others = { cell, other: against }
    return (round + cell) % 2 === 0 ? [own, others] : [others, own]
  })
}
