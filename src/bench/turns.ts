import type { Installation } from './against.ts'
import type { Cell } from './cell.ts'
import { orderOf, type Plan } from './plan.ts'
import { type Stage, stagesOf } from './stages/stage.ts'
import { isCeiling } from './verdicts/grid.ts'

/** A trial of a cell, by this installation or another one. */
export interface Turn {
  readonly cell: number
  /** Of the cell's layers, where these are measured; absent: the cell itself. */
  readonly stage?: Stage | undefined
  readonly other: Installation | undefined
}

/**
 * Who runs when: with another installation each trial has its twin beside it, first as often as second. A
 * ceiling has none: it is no installation's.
 */
export function turnsOf(plan: Plan): Turn[] {
  const { against, cells, brokers, stages: layered = false } = plan
  const done = new Map<number, number>()
  return orderOf(plan).flatMap(cell => {
    const own = { cell, other: undefined }
    const found = cells[cell] as Cell
    const round = done.get(cell) ?? 0
    done.set(cell, round + 1)
    if (layered) return layers(own, stagesOf(found, brokers === undefined), round)
    if (against === undefined || isCeiling(found)) return [own]
    const others = { cell, other: against }
    return (round + cell) % 2 === 0 ? [own, others] : [others, own]
  })
}

/** Layers next to each other; every second round backwards, as the rounds themselves. */
function layers(own: Turn, stages: readonly Stage[], round: number): Turn[] {
  const turns = [...stages.slice(0, -1).map(stage => ({ ...own, stage })), own]
  return round % 2 === 0 ? turns : turns.reverse()
}
