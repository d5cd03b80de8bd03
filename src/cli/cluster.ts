import { MillraceError } from '../errors.ts'
import { MAX_PARTITIONS } from '../testing/checks.ts'
import { DEFAULT_PARTITIONS, EmbeddedCluster } from '../testing/embedded-cluster.ts'
import { type Command, EXIT } from './command.ts'
import { type Given, number, topicName } from './numbers.ts'

interface Options {
  brokers?: Given
  topic?: readonly string[]
  json: boolean
  quiet: boolean
}

export const cluster: Command<Options> = {
  builder: table =>
    table
      .usage(
        `$0 cluster                       one broker on a free port of 127.0.0.1
$0 cluster --brokers 3 --topic events:12 --topic audit
$0 cluster --json                prints {"brokers":"host:port,…"} as soon as it serves

Run an embedded cluster until interrupted. It speaks Kafka's protocol, but is not Kafka: other topics come
into being when they are asked for, with 4 partitions, and at most 5 MiB a partition is kept, in memory.`,
      )
      .option('brokers', { type: 'string', requiresArg: true, describe: 'how many brokers; default 1' })
      .option('topic', {
        type: 'string',
        array: true,
        nargs: 1,
        describe: 'name:partitions of a topic to make, or a name alone, for 4; repeatable',
      })
      .option('json', { type: 'boolean', default: false, describe: 'brokers and topics as one JSON object' })
      .option('quiet', { type: 'boolean', default: false, describe: 'errors only' }),
  async run(options, io) {
    const brokers = number('brokers', options.brokers, { min: 1, max: 100 }) ?? 1
    const topics = topicsOf(options.topic ?? [])
    let interrupted!: (signal: 'SIGINT' | 'SIGTERM') => void
    const interruption = new Promise<'SIGINT' | 'SIGTERM'>(resolve => {
      interrupted = resolve
    })
    const ignore = io.onSignal(interrupted)
    const running = await EmbeddedCluster.start({ brokers, topics })
    if (options.json) {
      const made = Object.entries(topics).map(([topic, partitions]) => ({ topic, partitions }))
      io.stdout.write(`${JSON.stringify({ brokers: running.bootstrapServers, topics: made })}\n`)
    } else {
      io.stdout.write(`${running.bootstrapServers}\n`)
      if (!options.quiet) io.stderr.write('An embedded cluster, not Kafka. Ctrl-C ends it.\n')
    }
    await interruption
    ignore()
    await running.stop()
    // being interrupted is how this command ends
    return EXIT.done
  },
}

/** The values of --topic: partitions by name. */
function topicsOf(given: readonly string[]): Record<string, number> {
  const topics = new Map<string, number>()
  for (const text of given) {
    const colon = text.indexOf(':')
    const name = topicName(colon < 0 ? text : text.slice(0, colon))
    if (topics.has(name)) {
      throw new MillraceError('USAGE', `--topic names ${name} twice`, { hint: 'Give each topic once' })
    }
    topics.set(name, colon < 0 ? DEFAULT_PARTITIONS : partitionsOf(text, text.slice(colon + 1)))
  }
  return Object.fromEntries(topics)
}

function partitionsOf(text: string, digits: string): number {
  const partitions = /^\d+$/.test(digits) ? Number(digits) : 0
  if (partitions >= 1 && partitions <= MAX_PARTITIONS) return partitions
  throw new MillraceError('USAGE', `--topic is ${JSON.stringify(text)}`, {
    hint: `Give name:partitions, with 1 to ${MAX_PARTITIONS} partitions, or the name alone`,
  })
}
