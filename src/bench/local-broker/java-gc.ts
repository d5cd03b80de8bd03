import { readFileSync } from 'node:fs'
import { perfNumbers } from './perf-data.ts'

/** Where a JVM keeps its performance data, which it has mapped; under its own root, it may have one. */
const PERF_DATA = /\s(\/\S*\/hsperfdata_[^/\n]+\/\d+)$/m

/** The file of a process's performance data; null where it is no JVM, or one without (`-XX:-UsePerfData`). */
export function perfDataPath(pid: number): string | null {
  try {
    const [, path] = PERF_DATA.exec(readFileSync(`/proc/${pid}/maps`, 'utf8')) ?? []
    return path === undefined ? null : `/proc/${pid}/root${path}`
  } catch {
    return null
  }
}

/** Since a JVM began, in ms: the pauses of all its garbage collectors. Null where that is not told. */
export function gcMsOf(perfData: Buffer): number | null {
  const numbers = perfNumbers(perfData)
  const frequency = numbers?.get('sun.os.hrt.frequency') ?? 0
  if (numbers === null || frequency <= 0) return null
  const times = [...numbers].filter(([name]) => /^sun\.gc\.collector\.\d+\.time$/.test(name))
  if (times.length === 0) return null
  return (times.reduce((sum, [, ticks]) => sum + ticks, 0) / frequency) * 1000
}
