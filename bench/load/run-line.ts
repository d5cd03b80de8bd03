import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Measured, measuredOf } from '../speed/measure.ts'
import { type Input, writeInput } from './inputs.ts'
import { type Line, type Outcome, outcomeOf, type Round } from './line.ts'
import { type Surroundings, trial } from './trial.ts'

export interface LineResult extends Omit<Line, 'measures'> {
  readonly where: string
  /** Others' programs, with their versions. */
  readonly clients: readonly string[]
  readonly sizes: Readonly<Record<string, { readonly records: number; readonly bytes: number }>>
  readonly measured: readonly Measured[]
  readonly rounds: readonly Round[]
}

/** Runs a line's trials: side by side, in an order that alternates. @throws Error for a trial that went wrong */
export async function runLine(line: Line, pairs: number, surroundings: Surroundings): Promise<LineResult> {
  const { measures, ...rest } = line
  const folder = mkdtempSync(join(tmpdir(), 'millrace-load-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  try {
    const inputs = await writeInputs(folder, line)
    const rounds: Round[] = []
    const most = Math.min(pairs, line.mostRounds ?? pairs)
    while (rounds.length < most) {
      const round = await runRound(line, inputs, rounds.length % 2 === 1, surroundings)
      rounds.push(round)
      console.log(`${line.name} ${rounds.length}/${most}: ${told(line, round)}`)
    }
    const sizes = Object.entries(inputs).map(([name, { records, bytes }]) => [name, { records, bytes }])
    return {
      ...rest,
      where: surroundings.where.name,
      clients: surroundings.programs.clients,
      sizes: Object.fromEntries(sizes),
      measured: measures.map(measure => measuredOf(measure, rounds)),
      rounds,
    }
  } finally {
    remove()
    process.removeListener('exit', remove)
  }
}

async function writeInputs(folder: string, { inputs }: Line): Promise<Readonly<Record<string, Input>>> {
  const made: Record<string, Input> = {}
  for (const [name, spec] of Object.entries(inputs)) made[name] = await writeInput(folder, name, spec)
  return made
}

async function runRound(
  { subjects }: Line,
  inputs: Readonly<Record<string, Input>>,
  isBackwards: boolean,
  surroundings: Surroundings,
): Promise<Round> {
  const round: Record<string, Outcome> = {}
  const inOrder = Object.entries(subjects)
  for (const [name, subject] of isBackwards ? inOrder.toReversed() : inOrder) {
    const input = inputs[subject.input]
    if (input === undefined) throw new Error(`the line has no input ${subject.input}`)
    round[name] = await trial(subject, input, surroundings).catch((error: Error) => {
      throw new Error(`${name} is void: ${error.message}`)
    })
  }
  return round
}

function told({ subjects }: Line, round: Round): string {
  const each = Object.keys(subjects).map(name => {
    const { recordsPerSecond, peakRssMegabytes } = outcomeOf(round, name)
    const memory = peakRssMegabytes === null ? '' : ` in ${Math.round(peakRssMegabytes)} MB`
    return `${name} ${Math.round(recordsPerSecond)}${memory}`
  })
  return `${each.join('; ')} records/s`
}
