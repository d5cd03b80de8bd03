// The speed of the batch engine, line by line: see README.md.
import { describeEnvironment, type Environment } from '../src/bench/environment.ts'
import { allLines } from './speed/lines.ts'
import { chosen, readOptions } from './speed/options.ts'
import { Rigs } from './speed/rigs.ts'
import { type LineResult, runLine } from './speed/run-line.ts'
import { tableOf } from './speed/table.ts'
import { recordLines } from './support/results.ts'

const options = readOptions(process.argv.slice(2))
const lines = chosen(allLines(options), options.only)

type Recorded = LineResult & { readonly pairs: number; readonly environment: Environment }

const measured: Recorded[] = []
const skipped: { name: string; skipped: string }[] = []
const failed: string[] = []
const rigs = new Rigs(options.kafka)
try {
  for (const line of lines) {
    const surroundings = await rigs.for(line).catch((error: Error) => error)
    if (surroundings instanceof Error) {
      skipped.push({ name: line.name, skipped: surroundings.message })
      console.log(`${line.name} is skipped: ${surroundings.message}`)
      continue
    }
    console.log(`\n${line.name}: ${line.title}; ${surroundings.where?.name}`)
    for (const [name, { driver, variant, outstanding, properties }] of Object.entries(line.subjects)) {
      console.log(`${name}: ${driver} ${variant} ${outstanding} outstanding, ${JSON.stringify(properties)}`)
    }
    const environment = describeEnvironment()
    try {
      const result = await runLine(line, options.pairs, surroundings)
      measured.push({ ...result, pairs: options.pairs, environment })
      console.log(tableOf([result]))
      if (options.record) recordLines('speed', measured)
    } catch (error) {
      failed.push(line.name)
      console.error(`${line.name} has no result: ${(error as Error).message}`)
    }
  }
} finally {
  await rigs.close()
}
console.log(`\n${tableOf([...measured, ...skipped])}`)
if (failed.length > 0) {
  console.error(`\nwithout a result: ${failed.join(', ')}`)
  process.exitCode = 1
}
