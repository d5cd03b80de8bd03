import type { DriverName } from '../peers/catalogue.ts'

/** A row of the comparison. */
export interface Contender {
  readonly name: string
  readonly title: string
  readonly driver: DriverName
  /** `best`: the polling that serves node-rdkafka best. */
  readonly variant: string
  /** Messages to a partition before the next one's turn, where it is not as many as a batch holds. */
  readonly run?: number
  /** Messages on their way, where it is not what the settings say. */
  readonly outstanding?: number
  /** Measured as a whole process, from its start to its end: in a column of its own. */
  readonly whole?: true
}

/** What the others are held against. */
export const REFERENCES = ['node-rdkafka', 'rdkafka-performance'] as const
export type Reference = (typeof REFERENCES)[number]

/** In the order of a round, which every second round has backwards: next to the references is who is close to them. */
export const contenders: readonly Contender[] = [
  { name: 'kafkajs', title: 'kafkajs', driver: 'kafkajs', variant: '' },
  // what it costs kafkajs to encode a message grows with its batch
  { name: 'kafkajs-small', title: 'kafkajs, calls of 1,000', driver: 'kafkajs', variant: '', run: 1000 },
  { name: 'platformatic', title: '@platformatic/kafka', driver: 'platformatic', variant: '' },
  {
    name: 'confluent-javascript',
    title: '@confluentinc/kafka-javascript, promises',
    driver: 'confluent-javascript',
    variant: '',
  },
  { name: 'node-rdkafka', title: 'node-rdkafka, with reports', driver: 'node-rdkafka', variant: 'best' },
  {
    name: 'node-rdkafka-no-reports',
    title: 'node-rdkafka, without reports',
    driver: 'node-rdkafka-no-reports',
    variant: '',
  },
  {
    name: 'millrace-send',
    title: 'millrace, send (a promise a message)',
    driver: 'millrace',
    variant: 'batch/send',
    outstanding: 10_000,
  },
  {
    name: 'millrace-arrays',
    title: 'millrace, sendBatch of objects',
    driver: 'millrace',
    variant: 'batch/arrays',
  },
  { name: 'millrace', title: 'millrace, sendBatch of frames', driver: 'millrace', variant: 'batch/framed' },
  {
    name: 'rdkafka-performance',
    title: 'rdkafka_performance (C)',
    driver: 'rdkafka-performance',
    variant: '',
  },
  { name: 'franz-go', title: 'franz-go (Go)', driver: 'franz-go', variant: '' },
  { name: 'java', title: 'kafka-producer-perf-test (Java)', driver: 'java', variant: '' },
  {
    name: 'confluent-python',
    title: 'confluent-kafka-python, 5 threads',
    driver: 'confluent-python',
    variant: '',
  },
  { name: 'kcat', title: 'kcat', driver: 'kcat', variant: '', whole: true },
  {
    name: 'millrace-produce',
    title: 'millrace produce',
    driver: 'millrace-produce',
    variant: '',
    whole: true,
  },
]
