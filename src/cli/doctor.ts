import { scrub } from '../config/index.ts'
import { type Diagnosis, diagnose } from '../doctor/doctor.ts'
import type { Command } from './command.ts'
import { clusterFor, type ProducerArguments, producerOptions, resolveConnection } from './common.ts'
import { doctorExitCode, doctorJson, doctorText } from './doctor-report.ts'
import { type Given, topicName } from './numbers.ts'

interface Options extends ProducerArguments {
  topic?: Given
}

export const doctor: Command<Options> = {
  builder: table =>
    producerOptions(
      table
        .usage(
          `$0 doctor                                     what is installed, and which engine is used
$0 doctor -b localhost:9092                   each broker: name, TCP, TLS, versions, login
$0 doctor -b localhost:9092 -t events --json  and a topic: partitions, limits, retention

Examine what a producer needs. Nothing is sent or made, and no secret is shown.`,
        )
        .option('topic', {
          alias: 't',
          type: 'string',
          requiresArg: true,
          describe: 'topic to look at',
        }),
    ),
  async run(options, io) {
    const topic = options.topic === undefined ? undefined : topicName(options.topic)
    const connection = resolveConnection(options, io)
    const { properties, cluster } = await clusterFor(options, io, connection)
    let diagnosis: Diagnosis
    try {
      diagnosis = await diagnose({ engine: connection.engine, properties, topic })
    } finally {
      await cluster?.stop()
    }
    const exitCode = doctorExitCode(diagnosis)
    const clean = (text: string) => scrub(text, properties)
    const context = { embedded: options.embedded, exitCode, clean }
    if (options.json) io.stdout.write(`${doctorJson(diagnosis, context)}\n`)
    else if (!options.quiet) io.stdout.write(clean(doctorText(diagnosis)))
    // told in the report already, but by what they mean
    for (const { message } of diagnosis.problems) io.stderr.write(`millrace: ${clean(message)}\n`)
    return exitCode
  },
}
