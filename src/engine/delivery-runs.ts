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
