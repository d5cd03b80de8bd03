import {
  checkProperties,
  type ProducerProperties,
  refuseTransactions,
  requireBrokers,
} from '../config/index.ts'
import { MillraceError } from '../errors.ts'
import { Producer } from '../producer/producer.ts'
import { allOrNone } from './connect.ts'
import type { LoadTask } from './course.ts'
import { loadDefaults } from './defaults.ts'
import type { LoadOptions } from './options.ts'
import { checkThreads, planLoad } from './plan.ts'
import { planReceipt } from './receipt/plan.ts'

/**
 * Sees that all is right that can be seen without connecting.
 * @throws MillraceError USAGE, CONFIG_…, INPUT_UNREADABLE
 */
export function prepare(given: ProducerProperties, options: LoadOptions): LoadTask {
  const plan = planLoad(options, 'options')
  const { embedded, engine, onWarning = text => process.emitWarning(text, 'MillraceWarning') } = options
  const checked = checkProperties({ ...given, ...brokersOf(given, options) })
  refuseTransactions(checked.properties, 'a load')
  checkThreads(plan, engine)
  requireBrokers(checked.properties)
  const told = new Set<string>()
  const warn = (text: string) => {
    if (!told.has(text)) onWarning(text)
    told.add(text)
  }
  return {
    plan,
    receipt: planReceipt(options, {
      inputs: plan.inputs,
      embedded: embedded !== undefined,
      spelling: plan.spelling,
    }),
    properties: { ...loadDefaults(plan, { embedded: embedded !== undefined }), ...checked.properties },
    cluster: embedded,
    connect: onLog => (count, properties, signal) => {
      for (const warning of checked.warnings) warn(warning)
      const connect = () => Producer.connect(properties, { engine, signal, onWarning: warn, onLog })
      return allOrNone(count, connect, signal)
    },
    stream: options.stdin,
    signal: options.signal,
  }
}

/** @throws MillraceError USAGE where brokers are named that are not the embedded cluster's */
function brokersOf(given: ProducerProperties, { embedded }: LoadOptions): ProducerProperties {
  if (typeof given !== 'object' || given === null) {
    throw new MillraceError(
      'USAGE',
      `load takes properties as an object, not ${given === null ? 'null' : typeof given}`,
      {
        hint: "Give at least { 'bootstrap.servers': 'localhost:9092' }",
        context: { option: 'properties' },
      },
    )
  }
  if (embedded === undefined) return {}
  const named = given['bootstrap.servers'] ?? given['metadata.broker.list']
  if (named !== undefined && named !== embedded.bootstrapServers) {
    throw new MillraceError('USAGE', 'bootstrap.servers are not those of the embedded cluster', {
      hint: 'Leave bootstrap.servers out, or embedded',
      context: { option: 'embedded' },
    })
  }
  return named === undefined ? { 'bootstrap.servers': embedded.bootstrapServers } : {}
}
