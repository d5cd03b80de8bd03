import type { BrokerReport, Step } from '../doctor/broker.ts'
import type { Diagnosis } from '../doctor/doctor.ts'
import type { TopicReport } from '../doctor/topic.ts'
import { EXIT } from './command.ts'
import { exitCodeOf } from './exit.ts'
import { count, duration, size } from './numbers.ts'

export function doctorExitCode({ problems }: Diagnosis): number {
  return problems.length === 0 ? EXIT.done : exitCodeOf(problems[0])
}

export interface DoctorContext {
  readonly embedded: boolean
  readonly exitCode: number
  /** Takes secrets out of a text that came from elsewhere. */
  readonly clean: (text: string) => string
}

/** The contract of `doctor --json`. */
export function doctorJson(
  { installation, brokers, topic, problems }: Diagnosis,
  { embedded, exitCode, clean }: DoctorContext,
): string {
  const { engine, reason, problems: _, ...versions } = installation
  const told = {
    schema: 'millrace.doctor/1',
    ...versions,
    engine: { name: engine, reason },
    embedded,
    brokers,
    topic: topic && { ...topic, problem: undefined },
    problems: problems.map(({ code, message }) => ({ code, message })),
    exitCode,
  }
  return JSON.stringify(told, (_name, value) => (typeof value === 'string' ? clean(value) : value))
}

const labels: Readonly<Record<Step, string>> = {
  name: 'name',
  tcp: 'TCP',
  tls: 'TLS',
  apiVersions: 'API versions',
  login: 'login',
}

/** For people. */
export function doctorText({ installation, brokers, topic }: Diagnosis): string {
  const { millrace, node, platform, nodeRdkafka, librdkafka, features, engine, reason } = installation
  const lines = [
    `millrace ${millrace}, Node.js ${node}, ${platform}`,
    `node-rdkafka ${nodeRdkafka ?? 'is not installed'}, librdkafka ${librdkafka ?? 'was not compiled'}`,
  ]
  if (features.length > 0) lines.push(`  with ${features.join(', ')}`)
  lines.push(`engine: ${engine ?? 'none'}: ${reason}`)
  if (brokers.length === 0) lines.push('brokers: none were given; name them with -b to have them examined')
  for (const broker of brokers) lines.push(...brokerLines(broker))
  if (topic !== null) lines.push(...topicLines(topic))
  return `${lines.join('\n')}\n`
}

function brokerLines({ broker, source, reached, steps }: BrokerReport): string[] {
  const which = source === 'advertised' ? ', which the cluster sends clients to' : ''
  const width = Math.max(...Object.values(labels).map(label => label.length))
  return [
    `broker ${broker}${which}: ${reached ? 'reached' : 'NOT REACHED'}`,
    ...steps.map(
      ({ step, ok, text }) => `  ${ok ? 'ok    ' : 'FAILED'}  ${labels[step].padEnd(width)}  ${text}`,
    ),
  ]
}

function topicLines({ topic, partitions, leaderless, configs, untold }: TopicReport): string[] {
  if (partitions === null) return [`topic ${topic}: NOT THERE, or it cannot be seen`]
  const led = leaderless.length === 0 ? 'each with a leader' : `WITHOUT LEADER: ${leaderless.join(', ')}`
  const lines = [`topic ${topic}: ${count(partitions)} partitions, ${led}`]
  if (configs === null) return [...lines, `  its limits are not told: ${untold}`]
  const width = Math.max(...Object.keys(configs).map(name => name.length))
  return [
    ...lines,
    ...Object.entries(configs).map(
      ([name, value]) => `  ${name.padEnd(width)}  ${value}${inWords(name, value)}`,
    ),
  ]
}

/** Java's Long.MAX_VALUE, as near as a number comes. */
const NO_LIMIT = 2 ** 63

function inWords(name: string, value: string): string {
  const amount = Number(value)
  if (!Number.isFinite(amount)) return ''
  if (amount < 0 || amount >= NO_LIMIT) return ' (no limit)'
  if (name.endsWith('.ms')) return ` (${duration(amount / 1000)})`
  return name.endsWith('.bytes') ? ` (${size(amount)})` : ''
}
