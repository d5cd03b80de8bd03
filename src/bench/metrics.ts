import type { Metrics } from './trial.ts'

type Statistics = Readonly<Record<string, unknown>>

/** The last of a client's statistics. */
export class LastMetrics {
  #statistics: Statistics = {}

  note(statistics: Statistics): void {
    this.#statistics = statistics
  }

  get last(): Metrics {
    return flattened(this.#statistics)
  }
}

/** Every value by its path, as `topics.orders.partitions.0.txmsgs`, in the order of the statistics. */
export function flattened(statistics: Statistics): Metrics {
  const found: Record<string, string | number | boolean | null> = {}
  const visit = (path: string, value: unknown) => {
    if (typeof value !== 'object' || value === null) {
      found[path] =
        typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
      return
    }
    for (const [name, part] of Object.entries(value)) visit(path === '' ? name : `${path}.${name}`, part)
  }
  if (Object.keys(statistics).length > 0) visit('', statistics)
  return found
}

/** A line each, for people: `producer 1  txmsgs  1,234` without grouping, aligned. */
export function metricLines(producers: readonly Metrics[]): string[] {
  return producers.flatMap((metrics, index) => {
    const entries = Object.entries(metrics)
    const width = Math.max(0, ...entries.map(([name]) => name.length))
    const title = producers.length === 1 ? [] : [`producer ${index + 1}`]
    return [...title, ...entries.map(([name, value]) => `${name.padEnd(width)} : ${value}`)]
  })
}
