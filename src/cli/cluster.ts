import { EmbeddedCluster } from '../testing/embedded-cluster.ts'
import { type Command, EXIT } from './command.ts'
import { type Given, number } from './numbers.ts'

interface Options {
  brokers?: Given
  json: boolean
  quiet: boolean
}

export const cluster: Command<Options> = {
  command: 'cluster',
  describe: 'Run an embedded cluster for other processes, until interrupted',
  builder: yargs =>
    yargs
      .usage(
        `$0 cluster                       one broker on a free port of 127.0.0.1
$0 cluster --brokers 3
$0 cluster --json                prints {"brokers":"host:port,…"} as soon as it serves

Run an embedded cluster until interrupted. It speaks Kafka's protocol, but is not Kafka: topics come into
being when they are asked for, with 4 partitions, and at most 5 MiB a partition is kept, in memory.`,
      )
      .option('brokers', { type: 'string', requiresArg: true, describe: 'how many brokers; default 1' })
      .option('json', { type: 'boolean', default: false, describe: 'the brokers as one JSON object' })
      .option('quiet', { type: 'boolean', default: false, describe: 'errors only' }),
  async run(options, io) {
    const brokers = number('brokers', options.brokers, { min: 1, max: 100 }) ?? 1
    let interrupted!: (signal: 'SIGINT' | 'SIGTERM') => void
    const interruption = new Promise<'SIGINT' | 'SIGTERM'>(resolve => {
      interrupted = resolve
    })
    const ignore = io.onSignal(interrupted)
    const running = await EmbeddedCluster.start({ brokers })
    if (options.json) io.stdout.write(`${JSON.stringify({ brokers: running.bootstrapServers })}\n`)
    else {
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
