import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { endsMoved, readyTopic } from '../../src/bench/end-offsets.ts'
import { Producer } from '../../src/index.ts'
import type { Where } from '../support/where.ts'
import type { Input } from './inputs.ts'
import type { Outcome, Subject } from './line.ts'
import type { Programs } from './programs.ts'
import { runWhole } from './whole-command.ts'

const PARTITIONS = 4

export interface Surroundings {
  readonly where: Where
  readonly programs: Programs
}

/** What is read of `produce --json`. */
interface Account {
  readonly delivered: number
  readonly seconds: number
  readonly messagesPerSecond: number
}

/**
 * One command, from its start to its end, into a topic that none has had before.
 * @throws Error unless it ended well, and the end offsets moved by exactly what its input has, and what it tells, if it does
 */
export async function trial(
  { command, watchMemory }: Subject,
  input: Input,
  { where, programs }: Surroundings,
): Promise<Outcome> {
  const { folder, names, records } = input
  const place = await where.enter(PARTITIONS)
  try {
    const { bootstrapServers, topic } = place
    const witness = await Producer.connect({ 'bootstrap.servers': bootstrapServers })
    try {
      const before = await readyTopic(witness, topic, PARTITIONS)
      const words = { ...programs.words, '@brokers': [bootstrapServers], '@topic': [topic], '@input': names }
      const run = await runWhole(filled(command, words), folder, { watchMemory: watchMemory === true })
      const account = command.includes('@millrace') ? (JSON.parse(run.stdout) as Account) : null
      const moved = await endsMoved(witness, topic, before.sum, records)
      if (moved !== records || (account !== null && account.delivered !== records)) {
        const told = account === null ? '' : `, ${account.delivered} delivered`
        throw new Error(`of ${records} records${told}, the end offsets moved by ${moved}`)
      }
      return outcomeOf(run, records, account)
    } finally {
      await witness.close()
    }
  } finally {
    // the next one is not to go on with this load
    rmSync(join(folder, `${names[0]}.receipt`), { force: true })
    await place.leave()
  }
}

function filled(command: readonly string[], words: Readonly<Record<string, readonly string[]>>): string[] {
  return command.flatMap(word => words[word] ?? [word])
}

function outcomeOf(
  { seconds, cpuSeconds, peakRssBytes }: Awaited<ReturnType<typeof runWhole>>,
  records: number,
  account: Account | null,
): Outcome {
  return {
    seconds,
    recordsPerSecond: records / seconds,
    cpuSecondsPerMillion: ((cpuSeconds ?? Number.NaN) * 1e6) / records,
    peakRssMegabytes: peakRssBytes === null ? null : peakRssBytes / 1e6,
    load: account === null ? null : { seconds: account.seconds, recordsPerSecond: account.messagesPerSecond },
  }
}
