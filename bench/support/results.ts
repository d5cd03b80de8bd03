import { mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeEnvironment } from '../../src/bench/environment.ts'
import { writeWhole } from '../../src/bench/output-file.ts'
import { medianOf, type Summary } from '../../src/bench/statistics.ts'

/** Whole numbers from the command line, by name; `--help` is for the README. */
export function numericFlags<Name extends string>(
  defaults: Readonly<Record<Name, number>>,
): Record<Name, number> {
  const names = Object.keys(defaults) as Name[]
  const options = Object.fromEntries(names.map(name => [name, { type: 'string' as const }]))
  const { values } = parseArgs({ options })
  const flags: Record<Name, number> = { ...defaults }
  for (const name of names) {
    const given = (values as Record<string, string | undefined>)[name]
    if (given === undefined) continue
    const value = Number(given)
    if (!Number.isInteger(value) || value < 1)
      throw new Error(`--${name} takes a whole number from 1, not ${given}`)
    flags[name] = value
  }
  return flags
}

const folder = fileURLToPath(new URL('../results/', import.meta.url))

/** Writes `results/NAME.json`, with where and when it was measured. */
export function record(name: string, result: object): void {
  mkdirSync(folder, { recursive: true })
  const path = `${folder}${name}.json`
  writeWhole(path, `${JSON.stringify({ environment: describeEnvironment(), ...result }, null, 2)}\n`)
  console.log(`written to bench/results/${name}.json`)
}

interface Named {
  readonly name: string
}

/** Lines that were recorded before and not measured now are kept: a table may be measured in several goes. */
export function recordLines(name: string, measured: readonly Named[]): void {
  const kept = recordedLines(name).filter(line => !measured.some(one => one.name === line.name))
  record(name, { lines: [...kept, ...measured] })
}

function recordedLines(name: string): Named[] {
  try {
    const text = readFileSync(`${folder}${name}.json`, 'utf8')
    return (JSON.parse(text) as { lines: Named[] }).lines
  } catch {
    return []
  }
}

export function median(values: readonly number[]): number {
  return medianOf([...values].sort((a, b) => a - b))
}

/** `0.93 (0.90 to 0.96, order-statistic, 98 %)` */
export function shown({ median, low, high, method, coverage }: Summary): string {
  const how = coverage === null ? method : `${method}, ${(coverage * 100).toFixed(0)} %`
  return `${median.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)}, ${how})`
}
