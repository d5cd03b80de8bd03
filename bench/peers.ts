// millrace beside other clients, under equal settings: see README.md.
import { describeEnvironment } from '../src/bench/environment.ts'
import { writeWhole } from '../src/bench/output-file.ts'
import { contenders } from './comparison/contenders.ts'
import { figuresOf } from './comparison/figures.ts'
import { type Options, readOptions } from './comparison/options.ts'
import { pageOf, pagePath } from './comparison/page.ts'
import { type Recorded, readRecorded, withNew } from './comparison/recorded.ts'
import { compare } from './comparison/rounds.ts'
import { batchOf } from './peers/settings.ts'
import { startKafka } from './peers/start-kafka.ts'
import { chosen } from './speed/options.ts'
import { Brokers } from './support/brokers.ts'
import { record } from './support/results.ts'
import { embedded, type Where } from './support/where.ts'

const options = readOptions(process.argv.slice(2))
const wanted = chosen(contenders, options.only, 'client')
const environment = describeEnvironment()
const { where, stop } = await clusterOf(options)
try {
  const { absent, subjects, polling, rounds } = await compare(wanted, options, where, text =>
    console.log(text),
  )
  const { cluster, settings, messageSize, partitions, pairs, seconds } = options
  const recorded: Recorded = {
    ...{ cluster, environment, settings, messageSize, partitions, run: batchOf(settings, messageSize) },
    ...{ pairs, seconds, pollingRates: polling?.rates ?? null, subjects, absent },
    figures: wanted.filter(({ name }) => name in subjects).map(contender => figuresOf(contender, rounds)),
    rounds,
  }
  console.log(`\n${pageOf([recorded])}`)
  if (options.record) {
    const comparisons = withNew(readRecorded(), recorded)
    record('peers', { comparisons })
    writeWhole(pagePath, pageOf(comparisons))
  }
  if (recorded.figures.some(({ valid }) => valid === 0)) process.exitCode = 1
} finally {
  await stop()
}

async function clusterOf({ cluster, brokers }: Options): Promise<{ where: Where; stop(): Promise<void> }> {
  if (cluster === 'embedded') return { where: embedded, stop: async () => {} }
  const where = cluster === 'kafka' ? await startKafka() : new Brokers(brokers ?? '')
  return { where, stop: () => where.stop() }
}
