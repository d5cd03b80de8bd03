/** One point of the grid: everything that two trials must share to be comparable. */
export interface Cell {
  /** `ceiling`: the addon's own loop, which stands beside the engines for comparison. */
  readonly engine: 'batch' | 'callback' | 'ceiling'
  /** Null for a ceiling, which goes through none. */
  readonly api: Api | null
  /** Messages in each call; null with `send`, which takes one, and for a ceiling. */
  readonly batch: number | null
  /** Messages of each producer that are offered and have not ended, at most. */
  readonly outstanding: number
  /** Parallel produce loops of each producer and thread. */
  readonly loops: number
  /** Threads that share each producer, each with loops of its own; 1 is the main thread alone. */
  readonly threads: number
  readonly producers: number
  /** Each with so many producers and threads of its own, on one topic. */
  readonly processes: number
  /** Bytes of a value; the mean where payloads come from a file. */
  readonly messageSize: number
  /** Messages a second that are due, of the whole trial; `max`: as many as go. */
  readonly rate: Rate
  readonly compression: Compression
  /** Null: as the topic has them. */
  readonly partitions: number | null
  readonly acks: Acks
  /** What else sets it apart, where cells differ by more than the above: a configuration's name. */
  readonly variant?: string
}

export const apis = ['send', 'batch', 'framed'] as const
export type Api = (typeof apis)[number]

/** `max`, or messages a second. */
export type Rate = number | 'max'

export const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type Compression = (typeof compressions)[number]

export const acksValues = ['all', '1', '0'] as const
export type Acks = (typeof acksValues)[number]

/** A list of values for each field of a cell. */
export interface Grid {
  readonly engine: readonly ('batch' | 'callback')[]
  readonly api: readonly Api[]
  readonly batch: readonly number[]
  readonly outstanding: readonly number[]
  readonly loops: readonly number[]
  readonly threads: readonly number[]
  readonly producers: readonly number[]
  readonly processes: readonly number[]
  readonly messageSize: readonly number[]
  readonly rate: readonly Rate[]
  readonly compression: readonly Compression[]
  readonly partitions: readonly (number | null)[]
  readonly acks: readonly Acks[]
}

/** What a grid has where nothing was said; the embedded cluster's topics have 4 partitions, too. */
export const defaultGrid: Grid = {
  engine: ['batch'],
  api: ['batch'],
  batch: [1000],
  outstanding: [10_000],
  loops: [1],
  threads: [1],
  producers: [1],
  processes: [1],
  messageSize: [100],
  rate: ['max'],
  compression: ['none'],
  partitions: [4],
  acks: ['all'],
}

/** Every combination once, the last lists varying fastest. `send` has no batch: it stands there once. */
export function cellsOf(grid: Grid): Cell[] {
  let cells: Partial<Cell>[] = [{}]
  for (const [field, values] of Object.entries(grid) as [keyof Grid, readonly unknown[]][]) {
    cells = cells.flatMap(cell => {
      if (field === 'batch' && cell.api === 'send') return [{ ...cell, batch: null }]
      return values.map(value => ({ ...cell, [field]: value }))
    })
  }
  return cells as Cell[]
}

/**
 * The ceiling of the same configuration: what goes into librdkafka and how is the same, the way there is not. It
 * always runs at full speed.
 */
export function ceilingOf(cell: Cell): Cell {
  return { ...cell, engine: 'ceiling', api: null, batch: null, loops: 1, threads: 1, rate: 'max' }
}

/** Each ceiling stands before the first of its cells, once. */
export function withCeilings(cells: readonly Cell[]): Cell[] {
  const seen = new Set<string>()
  return cells.flatMap(cell => {
    const name = configurationOf(cell)
    if (seen.has(name)) return [cell]
    seen.add(name)
    return [ceilingOf(cell), cell]
  })
}

/** Where among the cells the ceiling of one of them is; -1 where there is none. A ceiling has none itself. */
export function ceilingIndexOf(cells: readonly Cell[], index: number): number {
  const cell = cells[index]
  if (cell === undefined || cell.engine === 'ceiling') return -1
  const name = configurationOf(cell)
  return cells.findIndex(other => other.engine === 'ceiling' && configurationOf(other) === name)
}

/** The same for cells that share a ceiling. */
export function configurationOf(cell: Cell): string {
  return JSON.stringify(Object.entries(ceilingOf(cell)).sort(([one], [other]) => (one < other ? -1 : 1)))
}

/** What a plain `millrace bench` measures: the engine with one loop and with four, and the other engine. */
export function plainCells(
  engine: 'batch' | 'callback',
  partitions: number | null,
  messageSize: number,
): Cell[] {
  const grid: Grid = {
    ...defaultGrid,
    engine: [engine],
    partitions: [partitions],
    messageSize: [messageSize],
  }
  return [
    ...cellsOf({ ...grid, loops: [1, 4] }),
    ...(engine === 'batch' ? cellsOf({ ...grid, engine: ['callback'] }) : []),
  ]
}

/** What each thread may have outstanding of each producer: an equal part. */
export function outstandingOf({ outstanding, threads }: Cell): number {
  return Math.floor(outstanding / threads)
}

/** What a message in flight costs beside its bytes, here and in librdkafka. */
const OVERHEAD_BYTES = 1024

/** Why a cell cannot be run, or undefined. `memoryBytes`: what may be on its way in the trial. */
export function whyNotApplicable(cell: Cell, memoryBytes: number): string | undefined {
  const { engine, batch, outstanding, threads, producers, processes, messageSize } = cell
  if (engine === 'callback' && threads > 1) return 'the callback engine can be used by one thread only'
  const share = outstandingOf(cell)
  if (Math.max(1, batch ?? 1) > share) {
    const of = threads === 1 ? '' : `, of ${outstanding} for ${threads} threads`
    return `a batch of ${batch ?? 1} does not fit into ${share} outstanding${of}`
  }
  const bytes = processes * producers * outstanding * (messageSize + OVERHEAD_BYTES)
  if (bytes > memoryBytes) {
    return `${(bytes / 1e9).toFixed(1)} GB would be on their way, of ${(memoryBytes / 1e9).toFixed(1)} GB that may be`
  }
  return undefined
}
