import { once } from 'node:events'
import { consumerProperties } from '../client/consumer-properties.ts'
import { type From, type ReadMessage, readTopic } from '../client/read-topic.ts'
import { requireBrokers } from '../config/index.ts'
import { toEnvelope } from '../envelope.ts'
import { MillraceError } from '../errors.ts'
import { type Command, EXIT } from './command.ts'
import { type ConnectionArguments, connectionOptions, resolveConnection } from './common.ts'
import { count, type Given, number, single, topicName } from './numbers.ts'

interface Options extends ConnectionArguments {
  topic?: Given
  count?: Given
  from?: Given
  partition?: Given
  format?: Given
}

const LF = Buffer.from('\n')

const formats: Readonly<Record<string, (message: ReadMessage) => string | Buffer>> = {
  envelope: message => `${toEnvelope(message)}\n`,
  // a tombstone has no bytes to show; it is an empty line
  value: message => Buffer.concat([message.value ?? Buffer.alloc(0), LF]),
}

export const read: Command<Options> = {
  builder: table =>
    connectionOptions(
      table
        .usage(
          `$0 read -b localhost:9092 -t events                    all of it, a line of JSON each
$0 read -b localhost:9092 -t events -n 10              the first ten
$0 read -b localhost:9092 -t events --from -5          the last five of each partition
$0 read -b localhost:9092 -t events --format value     values only
$0 read -b localhost:9092 -t events --from 2026-11-01T00:00:00Z --partition 3

Look at what is in a topic, from where you say to where it ends now.`,
        )
        .option('topic', {
          alias: 't',
          type: 'string',
          requiresArg: true,
          demandOption: true,
          describe: 'topic',
        })
        .option('count', {
          alias: 'n',
          type: 'string',
          requiresArg: true,
          describe: 'how many messages at most',
        })
        .option('from', {
          type: 'string',
          requiresArg: true,
          describe:
            'beginning, end, an offset, so many before the end (-10), or a time (ISO 8601); default beginning',
        })
        .option('partition', { alias: 'p', type: 'string', requiresArg: true, describe: 'default: all' })
        .option('format', {
          type: 'string',
          requiresArg: true,
          choices: Object.keys(formats),
          describe: 'default envelope',
        }),
    ),
  async run(options, io) {
    const topic = topicName(options.topic)
    const limit = number('count', options.count, { min: 0 })
    const partition = number('partition', options.partition, { min: 0, max: 0x7fff_ffff })
    const from = parseFrom(single('from', options.from) ?? 'beginning')
    const format = formats[single('format', options.format) ?? 'envelope'] as (
      message: ReadMessage,
    ) => string | Buffer
    const { properties } = resolveConnection(options, io)
    requireBrokers(properties)
    const abort = new AbortController()
    let signalled: 'SIGINT' | 'SIGTERM' | undefined
    const ignore = io.onSignal(signal => {
      signalled ??= signal
      abort.abort()
    })
    let messages = 0
    try {
      for await (const message of readTopic(consumerProperties(properties), {
        topic,
        partition,
        from,
        limit,
        signal: abort.signal,
      })) {
        messages++
        if (!io.stdout.write(format(message))) await once(io.stdout, 'drain', { signal: abort.signal })
        if (io.stdout.errored) break
      }
    } catch (error) {
      // anything else is standard output's: who reads it may leave, and main.ts tells of other trouble with it
      if (signalled === undefined && error instanceof MillraceError) throw error
    } finally {
      ignore()
    }
    if (!options.quiet) io.stderr.write(`${count(messages)} messages\n`)
    return signalled === undefined ? EXIT.done : EXIT[signalled]
  },
}

function parseFrom(text: string): From {
  if (text === 'beginning' || text === 'end') return text
  if (/^-\d+$/.test(text) && Number.isSafeInteger(Number(text))) return { beforeEnd: -Number(text) }
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return { offset: Number(text) }
  const timestamp = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(timestamp)) return { timestamp }
  throw new MillraceError('USAGE', `--from is ${JSON.stringify(text)}`, {
    hint: 'Give beginning, end, an offset from 0, -10 for the last ten, or a time such as 2026-11-01T00:00:00Z',
  })
}
