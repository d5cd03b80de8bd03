// Bulk loads as whole commands, line by line: see README.md.
import { describeEnvironment, type Environment } from '../src/bench/environment.ts'
import { allLines } from './load/lines.ts'
import { readOptions } from './load/options.ts'
import { programsFor } from './load/programs.ts'
import { type LineResult, runLine } from './load/run-line.ts'
import { startKafka } from './peers/start-kafka.ts'
import { chosen } from './speed/options.ts'
import { tableOf } from './speed/table.ts'
import { recordLines } from './support/results.ts'
import { embedded } from './support/where.ts'

const options = readOptions(process.argv.slice(2))
const lines = chosen(allLines, options.only)

type Recorded = LineResult & { readonly pairs: number; readonly environment: Environment }

const measured: Recorded[] = []
const skipped: { name: string; skipped: string }[] = []
const failed: string[] = []
const kafka = options.kafka ? await startKafka() : undefined
try {
  for (const line of lines) {
    // each kind of cluster has figures of its own
    const name = kafka === undefined ? line.name : `${line.name}-kafka`
    const programs = await programsFor(line).catch((error: Error) => error)
    if (programs instanceof Error) {
      skipped.push({ name, skipped: programs.message })
      console.log(`${name} is skipped: ${programs.message}`)
      continue
    }
    const where = kafka ?? embedded
    console.log(`\n${[`${name}: ${line.title}`, where.name, ...programs.clients].join('; ')}`)
    const environment = describeEnvironment()
    try {
      const result = await runLine({ ...line, name }, options.pairs, { where, programs })
      measured.push({ ...result, pairs: options.pairs, environment })
      console.log(tableOf([result]))
      if (options.record) recordLines('load', measured)
    } catch (error) {
      failed.push(name)
      console.error(`${name} has no result: ${(error as Error).message}`)
    }
  }
} finally {
  await kafka?.stop()
}
if (lines.length > 1) console.log(`\n${tableOf([...measured, ...skipped])}`)
if (failed.length > 0) {
  console.error(`\nwithout a result: ${failed.join(', ')}`)
  process.exitCode = 1
}
