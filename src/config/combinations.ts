import { MillraceError } from '../errors.ts'
import { type Conflict, isSet, type Values } from './conflict.ts'
import { contradictionsOfIdempotence, requestForIdempotence } from './idempotence.ts'
import { canonicalName, factsOf } from './names.ts'
import { oidcConflict } from './oidc.ts'
import { assigned, located } from './refusals.ts'
import type { PropertyValue } from './values.ts'

type Rule = (values: Values) => Conflict | undefined

const rules: readonly Rule[] = [
  idempotence,
  transactionTimeouts,
  linger,
  reconnectBackoff,
  keystorePassword,
  certificateAuthorities,
  saslCredentials,
  oidcConflict,
]

/**
 * Checks what only several properties together can get wrong: librdkafka tells of it when it
 * connects, and of linger.ms against delivery.timeout.ms only at the first message.
 * @throws MillraceError CONFIG_INVALID_VALUE naming the properties, CONFIG_MISSING for one that
 * another needs
 */
export function checkCombinations(values: Values, sources?: ReadonlyMap<string, string>): void {
  for (const rule of rules) {
    const conflict = rule(values)
    if (conflict === undefined) continue
    const { properties, why, hint, code = 'CONFIG_INVALID_VALUE' } = conflict
    const named = properties.map(name => located(assigned(name, effective(values, name)), sources?.get(name)))
    throw new MillraceError(code, `${named.join(' and ')} ${why}`, {
      hint,
      context: { property: properties[0], properties },
    })
  }
}

/** The value that counts: the user's, or else librdkafka's default. */
function effective(values: Values, name: string): PropertyValue | undefined {
  const canonical = canonicalName(name)
  return values[canonical] ?? factsOf(canonical)?.default
}

function milliseconds(values: Values, name: string): number {
  return Number(effective(values, name))
}

function idempotence(values: Values): Conflict | undefined {
  const asking = requestForIdempotence(values)
  if (asking === undefined) return undefined
  if (values['enable.idempotence'] === false) {
    return {
      properties: [asking, 'enable.idempotence'],
      why: 'contradict: the one is there only with idempotence',
      hint: `Leave enable.idempotence out, or ${asking}`,
    }
  }
  const [contradiction] = contradictionsOfIdempotence(values)
  if (contradiction === undefined) return undefined
  const { property, needs } = contradiction
  return {
    properties: [property, asking],
    why: `contradict: idempotence needs ${needs}`,
    hint: `Leave ${property} out, or ${asking}`,
  }
}

function transactionTimeouts(values: Values): Conflict | undefined {
  if (!isSet(values, 'transactional.id')) return undefined
  const transaction = milliseconds(values, 'transaction.timeout.ms')
  const hint = 'Raise transaction.timeout.ms, or lower the other'
  if (isSet(values, 'socket.timeout.ms') && milliseconds(values, 'socket.timeout.ms') > transaction + 100) {
    return {
      properties: ['socket.timeout.ms', 'transaction.timeout.ms'],
      why: 'contradict: a request may not outlast its transaction by more than 100 ms',
      hint,
    }
  }
  const delivery = 'delivery.timeout.ms'
  if (isSet(values, delivery) && milliseconds(values, delivery) > transaction) {
    return {
      properties: [delivery, 'transaction.timeout.ms'],
      why: 'contradict: a delivery may not outlast its transaction',
      hint,
    }
  }
  return undefined
}

function linger(values: Values): Conflict | undefined {
  if (!isSet(values, 'linger.ms')) return undefined
  const delivery = milliseconds(values, 'delivery.timeout.ms')
  // librdkafka lowers an unset delivery timeout to that of the transaction
  const lowered = isSet(values, 'transactional.id') && !isSet(values, 'delivery.timeout.ms')
  const timeout = lowered ? Math.min(delivery, milliseconds(values, 'transaction.timeout.ms')) : delivery
  if (delivery === 0 || timeout > milliseconds(values, 'linger.ms')) return undefined
  return {
    properties: ['linger.ms', timeout < delivery ? 'transaction.timeout.ms' : 'delivery.timeout.ms'],
    why: 'contradict: a message would time out before it is sent',
    hint: 'Lower linger.ms',
  }
}

function reconnectBackoff(values: Values): Conflict | undefined {
  const [first, most] = ['reconnect.backoff.ms', 'reconnect.backoff.max.ms'] as const
  if (milliseconds(values, most) >= milliseconds(values, first)) return undefined
  return {
    properties: [first, most],
    why: 'contradict: the first wait is longer than the longest',
    hint: `Raise ${most}`,
  }
}

function keystorePassword(values: Values): Conflict | undefined {
  if (!isSet(values, 'ssl.keystore.location') || isSet(values, 'ssl.keystore.password')) return undefined
  return {
    properties: ['ssl.keystore.location'],
    why: 'needs ssl.keystore.password, which is not given',
    hint: 'Set ssl.keystore.password; librdkafka opens no keystore without one',
    code: 'CONFIG_MISSING',
  }
}

function certificateAuthorities(values: Values): Conflict | undefined {
  if (!isSet(values, 'https.ca.location') || !isSet(values, 'https.ca.pem')) return undefined
  return {
    properties: ['https.ca.location', 'https.ca.pem'],
    why: 'exclude each other',
    hint: 'Keep one of them',
  }
}

function saslCredentials(values: Values): Conflict | undefined {
  if (!String(values['security.protocol']).startsWith('sasl')) return undefined
  if (!/^(PLAIN|SCRAM)/.test(String(values['sasl.mechanism']))) return undefined
  const missing = ['sasl.username', 'sasl.password'].filter(name => !isSet(values, name))
  if (missing.length === 0) return undefined
  return {
    properties: ['sasl.mechanism'],
    why: `needs ${missing.join(' and ')}, not given`,
    hint: `Set ${missing.join(' and ')}`,
    code: 'CONFIG_MISSING',
  }
}
