import type { Cell } from '../cell.ts'

/**
 * How far messages go. `javascript`: made, packed or framed, and told as delivered, without crossing into the addon.
 * `addon`: they cross, are checked and admitted, and end there, acknowledged by another thread instead of librdkafka.
 * `embedded`, `brokers`: the whole way.
 */
export const stages = ['javascript', 'addon', 'embedded', 'brokers'] as const
export type Stage = (typeof stages)[number]

/** Those that end in the trial's own process. */
export type InnerStage = Extract<Stage, 'javascript' | 'addon'>

export const stageTitles: Readonly<Record<Stage, string>> = {
  javascript: 'JavaScript only',
  addon: 'into the addon, dropped',
  embedded: 'embedded cluster',
  brokers: 'given brokers',
}

/** A cell's stages, the last of which is the cell itself. */
export function stagesOf(cell: Cell, embedded: boolean): readonly Stage[] {
  if (!hasStages(cell)) return []
  return embedded ? ['javascript', 'addon', 'embedded'] : ['javascript', 'addon', 'embedded', 'brokers']
}

/**
 * The batch engine's cells of one thread at full speed: the callback engine has other layers, and threads and processes
 * overlap theirs.
 */
export function hasStages({ engine, threads, processes, rate }: Cell): boolean {
  return engine === 'batch' && threads === 1 && processes === 1 && rate === 'max'
}
