import { randomUUID } from 'node:crypto'
import type { Cell } from '../bench/cell.ts'
import type { Plan } from '../bench/plan.ts'
import { MillraceError } from '../errors.ts'
import { parseDelimiter } from '../input/delimiter.ts'
import { type Given, number, single } from './numbers.ts'

/** What kafka-producer-perf-test can be told beside sizes, counts and rates; docs/kafka-producer-perf-test.md. */
export interface PerfArguments {
  'payload-file'?: Given
  'payload-delimiter'?: Given
  'payload-monotonic'?: boolean | undefined
  'message-size'?: Given
  'transactional-id'?: Given
  'transaction-duration'?: Given
  'warmup-messages'?: Given
  'reporting-interval'?: Given
  'print-metrics'?: boolean | undefined
}

const value = { type: 'string', requiresArg: true } as const
const flag = { type: 'boolean', default: false } as const

export const perfOptions = {
  'payload-delimiter': { ...value, describe: 'what ends each payload of the file, as ; or \\0; default \\n' },
  'payload-monotonic': { ...flag, describe: 'payloads are the numbers from 0 on, as text' },
  'warmup-messages': {
    ...value,
    describe: 'messages acknowledged before what is measured; --warmup is then 0 unless given',
  },
  'transactional-id': {
    ...value,
    describe: 'send in transactions of this id; several producers add their number',
  },
  'transaction-duration': {
    ...value,
    describe:
      'seconds of each until its commit begins; default 3, and an id of its own without --transactional-id',
  },
  'reporting-interval': {
    ...value,
    describe: 'seconds: tell so often how a trial goes on, with average and greatest latency',
  },
  'print-metrics': { ...flag, describe: "librdkafka's statistics of each row's last trial, at the end" },
} as const

const DAY_SECONDS = 86_400
const DEFAULT_TRANSACTION_SECONDS = 3
/** librdkafka's transaction.timeout.ms. */
const DEFAULT_TIMEOUT_MS = 60_000

export type PerfChoice = Pick<
  Plan,
  'payloadDelimiter' | 'payloadMonotonic' | 'warmupMessages' | 'reportingSeconds' | 'metrics' | 'transactions'
>

type Properties = Plan['properties']

/**
 * Checks the options. `configuredId`: the transactional.id of a configuration file or the environment.
 * @throws MillraceError USAGE naming the option
 */
export function perfChoiceOf(
  args: PerfArguments,
  properties: Properties,
  configuredId: string | undefined,
): PerfChoice {
  const delimiter = single('payload-delimiter', args['payload-delimiter'])
  if (delimiter !== undefined) checkDelimiter(delimiter, args)
  if (args['payload-monotonic'] === true) {
    for (const other of ['payload-file', 'message-size'] as const) {
      if (args[other] === undefined) continue
      throw new MillraceError('USAGE', `Both --payload-monotonic and --${other} were given`, {
        hint: 'Give one of them',
      })
    }
  }
  const metrics = args['print-metrics'] === true
  if (metrics && Number(properties['statistics.interval.ms'] ?? 1) === 0) {
    throw new MillraceError('USAGE', '--print-metrics: statistics.interval.ms=0 turns them off', {
      hint: 'Leave out one of them',
    })
  }
  return {
    payloadDelimiter: delimiter,
    payloadMonotonic: args['payload-monotonic'] === true || undefined,
    warmupMessages: number('warmup-messages', args['warmup-messages'], { min: 1, max: 1e12 }),
    reportingSeconds: number('reporting-interval', args['reporting-interval'], {
      min: 0.1,
      max: DAY_SECONDS,
      whole: false,
    }),
    metrics: metrics || undefined,
    transactions: transactionsOf(args, properties, configuredId),
  }
}

function checkDelimiter(delimiter: string, args: PerfArguments): void {
  if (args['payload-file'] === undefined) {
    throw new MillraceError('USAGE', '--payload-delimiter is for the payloads of --payload-file', {
      hint: 'Give that as well',
    })
  }
  parseDelimiter(delimiter, '--payload-delimiter')
}

function transactionsOf(
  args: PerfArguments,
  properties: Properties,
  configuredId: string | undefined,
): Plan['transactions'] {
  const id = single('transactional-id', args['transactional-id']) ?? configuredId
  const seconds = number('transaction-duration', args['transaction-duration'], {
    min: 0.001,
    max: DAY_SECONDS,
    whole: false,
  })
  if (id === undefined && seconds === undefined) return undefined
  if (id === '') throw new MillraceError('USAGE', '--transactional-id is empty', { hint: 'Give it a name' })
  const found = {
    id: id ?? `millrace-bench-${randomUUID()}`,
    seconds: seconds ?? DEFAULT_TRANSACTION_SECONDS,
  }
  const timeoutMs = Number(properties['transaction.timeout.ms'] ?? DEFAULT_TIMEOUT_MS)
  if (found.seconds * 1000 < timeoutMs) return found
  throw new MillraceError(
    'USAGE',
    `--transaction-duration is ${found.seconds} s, and the broker ends transactions after ${timeoutMs / 1000} s`,
    { hint: 'Make it shorter, or give a longer -X transaction.timeout.ms' },
  )
}

/** @throws MillraceError USAGE where a cell cannot do what was asked of all of them */
export function checkPerfCells(
  { transactions, payloadMonotonic, reportingSeconds }: PerfChoice,
  cells: readonly Cell[],
): void {
  const several = cells.some(({ processes }) => processes > 1)
  if (several && reportingSeconds !== undefined) {
    throw new MillraceError('USAGE', '--reporting-interval tells of one process as it goes on', {
      hint: 'Give --processes 1, or leave it out',
    })
  }
  if (payloadMonotonic === true && cells.some(({ engine }) => engine === 'ceiling')) {
    throw new MillraceError('USAGE', '--ceiling sends what was prepared, and --payload-monotonic is not', {
      hint: 'Give one of them',
    })
  }
  if (transactions === undefined) return
  if (cells.some(({ engine }) => engine === 'ceiling')) {
    throw new MillraceError('USAGE', '--ceiling sends outside of transactions', {
      hint: 'Leave out one of them',
    })
  }
  if (several) {
    throw new MillraceError('USAGE', '--processes: each would end the transactions of the others', {
      hint: 'Give --processes 1; --producers has transactions side by side',
    })
  }
  if (cells.some(({ threads }) => threads > 1)) {
    throw new MillraceError('USAGE', '--threads: a transaction belongs to one thread', {
      hint: 'Give --threads 1; --producers has transactions side by side',
    })
  }
  if (cells.some(({ acks }) => acks !== 'all')) {
    throw new MillraceError('USAGE', '--acks: transactions are acknowledged by all', {
      hint: 'Give --acks all',
    })
  }
}

/** Longest payload that librdkafka takes. */
const DEFAULT_MAX_BYTES = 1_000_000

/**
 * Says before measuring what each message would be refused for.
 * @throws MillraceError USAGE
 */
export function checkSizes(sizes: readonly number[], properties: Properties, option: string): void {
  const most = Number(properties['message.max.bytes'] ?? DEFAULT_MAX_BYTES)
  const largest = Math.max(0, ...sizes)
  if (largest <= most) return
  throw new MillraceError(
    'USAGE',
    `--${option} has messages of ${largest} bytes, beyond message.max.bytes=${most}`,
    {
      hint: `Give -X message.max.bytes=${largest} or more, which the brokers and the topic have to take as well`,
    },
  )
}
