import { isIPv6 } from 'node:net'
import { MillraceError } from '../errors.ts'
import { librdkafkaProperties } from './librdkafka-properties.generated.ts'
import { refusal } from './refusals.ts'
import type { PropertyValue } from './values.ts'

export interface Broker {
  readonly host: string
  readonly port: number
}

const NAME = 'bootstrap.servers'
const DEFAULT_PORT = 9092
const protocols: readonly string[] = librdkafkaProperties['security.protocol'].values
const form = 'Give host:port, separated by commas: localhost:9092,[::1]:9092'

/**
 * The bootstrap servers, each checked; no name is resolved. None are needed, and none are returned,
 * where an embedded cluster is asked for (`test.mock.num.brokers`).
 * @throws MillraceError CONFIG_MISSING without `bootstrap.servers`; CONFIG_INVALID_VALUE for what is
 * no host, port or protocol, and for a protocol other than `security.protocol`: librdkafka would
 * leave such a server out, and all after it, with no more than a line in its log
 */
export function requireBrokers(
  properties: Readonly<Record<string, PropertyValue>>,
  sources?: ReadonlyMap<string, string>,
): Broker[] {
  if (Number(properties['test.mock.num.brokers'] ?? 0) > 0) return []
  const list = String(properties[NAME] ?? '')
  if (list.trim() === '') {
    throw new MillraceError('CONFIG_MISSING', `${NAME} is not given`, {
      hint: 'Name at least one broker, such as localhost:9092; an embedded cluster needs none',
      context: { property: NAME },
    })
  }
  const protocol = String(properties['security.protocol'] ?? 'plaintext').toLowerCase()
  const source = sources?.get(NAME)
  return list.split(',').map((element, index) => parseBroker(element.trim(), index + 1, { protocol, source }))
}

interface Surroundings {
  readonly protocol: string
  readonly source: string | undefined
}

type Refuse = (why: string, hint?: string) => MillraceError

function parseBroker(element: string, position: number, { protocol, source }: Surroundings): Broker {
  if (element === '') {
    throw refusal(NAME, `has nothing as its element ${position}`, { source, hint: form })
  }
  // what stands before an @ may be a password
  const shown = element.includes('@') ? `an element (${position})` : JSON.stringify(element)
  const refuse: Refuse = (why, hint = form) => refusal(NAME, `has ${shown}, ${why}`, { source, hint })
  const [, scheme, address = ''] = /^(?:(.*?):\/\/)?(.*)$/s.exec(element) ?? []
  if (scheme !== undefined) checkProtocol(scheme.toLowerCase(), protocol, refuse)
  const [, bracketed, name, port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:]*))?$/s.exec(address) ?? []
  const host = bracketed ?? name
  if (host === undefined) {
    throw refuse('which is no host:port', isIPv6(address) ? `Put it in brackets: [${address}]:9092` : form)
  }
  if (bracketed !== undefined && !isIPv6(host)) throw refuse('which has no IPv6 address in its brackets')
  if (bracketed === undefined && !/^[\w.-]{1,253}$/.test(host)) throw refuse('which has no host name')
  return { host, port: port === undefined ? DEFAULT_PORT : portOf(port, refuse) }
}

function checkProtocol(scheme: string, protocol: string, refuse: Refuse): void {
  if (!protocols.includes(scheme)) {
    throw refuse('which names a protocol that Kafka does not have', `It has ${protocols.join(', ')}`)
  }
  if (scheme !== protocol) {
    throw refuse(
      `which contradicts security.protocol=${protocol}`,
      `Set security.protocol=${scheme}, or write the address without a protocol`,
    )
  }
}

function portOf(text: string, refuse: Refuse): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65535) throw refuse('whose port is not from 1 to 65535')
  return port
}
