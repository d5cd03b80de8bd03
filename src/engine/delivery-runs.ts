/**
 * Neighbours of a batch that went to one partition, their offsets rising by one: messages `index` to `index + count`
 * (exclusive), the first of them at `offset`; null where the broker told none of them.
 */
export type VisitRun = (
  topic: string,
  partition: number,
  offset: number | null,
  index: number,
  count: number,
) => void

const ROW = 4

/** The runs of a batch's deliveries as the addon tells them: rows of index, count, partition and offset (below 0: not told). */
export class DeliveryRuns {
  readonly #rows: Float64Array

  constructor(rows: Float64Array) {
    this.#rows = rows
  }

  visit(topic: string, visit: VisitRun): void {
    const rows = this.#rows
    for (let at = 0; at < rows.length; at += ROW) {
      const offset = rows[at + 3] as number
      visit(
        topic,
        rows[at + 2] as number,
        offset < 0 ? null : offset,
        rows[at] as number,
        rows[at + 1] as number,
      )
    }
  }

  /** Null for a message that was not delivered. */
  at(index: number): { readonly partition: number; readonly offset: number | null } | null {
    const rows = this.#rows
    let [low, high] = [0, rows.length / ROW]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((rows[ROW * middle] as number) <= index) low = middle + 1
      else high = middle
    }
    const at = ROW * (low - 1)
    if (at < 0) return null
    const after = index - (rows[at] as number)
    if (after >= (rows[at + 1] as number)) return null
    const offset = rows[at + 3] as number
    return { partition: rows[at + 2] as number, offset: offset < 0 ? null : offset + after }
  }
}

/** Where each message of a batch went; below 0: it was not delivered, or its offset is not known. */
export interface DeliveryColumns {
  readonly partitions: Int32Array
  readonly offsets: Float64Array
  topicOf(index: number): string
  /** Whether all messages have the same topic. */
  readonly oneTopic: boolean
}

/** Calls `visit` for each run of deliveries, in the order of the messages: without an object a message. */
export function visitRuns(columns: DeliveryColumns, visit: VisitRun): void {
  const { partitions, offsets, oneTopic } = columns
  const { length } = partitions
  for (let from = 0; from < length; ) {
    const partition = partitions[from] as number
    if (partition < 0) {
      from++
      continue
    }
    const offset = offsets[from] as number
    const topic = columns.topicOf(from)
    const step = offset < 0 ? 0 : 1
    let to = from + 1
    while (
      to < length &&
      partitions[to] === partition &&
      (offsets[to] as number) === offset + step * (to - from) &&
      (oneTopic || columns.topicOf(to) === topic)
    ) {
      to++
    }
    visit(topic, partition, offset < 0 ? null : offset, from, to - from)
    from = to
  }
}
