/** Which fields of a record become what of its message. A path is dotted (ndjson) or a column's name (csv, tsv). */
export interface FieldOptions {
  readonly keyField?: string | undefined
  /** Default: the value is the record as it stands. */
  readonly valueField?: string | undefined
  readonly timestampField?: string | undefined
  readonly topicField?: string | undefined
  readonly partitionField?: string | undefined
  readonly headerFields?: readonly (readonly [name: string, path: string])[] | undefined
}

/** The paths that are read of each record, and which of them stands for what. */
export interface FieldPlan {
  readonly paths: readonly string[]
  readonly key: number | undefined
  readonly value: number | undefined
  readonly timestamp: number | undefined
  readonly topic: number | undefined
  readonly partition: number | undefined
  readonly headers: readonly (readonly [name: string, path: number])[]
}

export function planFields(options: FieldOptions): FieldPlan {
  const paths: string[] = []
  const number = (path: string): number => {
    const known = paths.indexOf(path)
    return known < 0 ? paths.push(path) - 1 : known
  }
  const optional = (path: string | undefined) => (path === undefined ? undefined : number(path))
  return {
    key: optional(options.keyField),
    value: optional(options.valueField),
    timestamp: optional(options.timestampField),
    topic: optional(options.topicField),
    partition: optional(options.partitionField),
    headers: (options.headerFields ?? []).map(([name, path]) => [name, number(path)] as const),
    paths,
  }
}

/** Whether records say more of their messages than key and value. */
export function hasDetails({ timestamp, topic, partition, headers }: FieldPlan): boolean {
  return timestamp !== undefined || topic !== undefined || partition !== undefined || headers.length > 0
}
