import { type Conflict, isSet, type Values } from './conflict.ts'

const assertion = 'sasl.oauthbearer.assertion'
const method = 'sasl.oauthbearer.method'
const bearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** A finished assertion makes everything from which one would be built contradictory. */
const buildingParts = [
  'private.key.file',
  'private.key.pem',
  'private.key.passphrase',
  'jwt.template.file',
  'claim.sub',
  'claim.aud',
  'claim.iss',
  'claim.jti.include',
  'claim.exp.seconds',
  'claim.nbf.seconds',
].map(part => `${assertion}.${part}`)

/** What OpenID Connect needs of the other properties, as librdkafka demands it. */
export function oidcConflict(values: Values): Conflict | undefined {
  if (values['sasl.mechanism'] !== 'OAUTHBEARER' || values[method] !== 'oidc') return undefined
  if (values['enable.sasl.oauthbearer.unsecure.jwt'] === true) {
    return {
      properties: ['enable.sasl.oauthbearer.unsecure.jwt', method],
      why: 'exclude each other',
      hint: 'Keep one of them',
    }
  }
  const azure = values['sasl.oauthbearer.metadata.authentication.type'] === 'azure_imds'
  const query = /(^|,)\s*query=./.test(String(values['sasl.oauthbearer.config'] ?? ''))
  if (!isSet(values, 'sasl.oauthbearer.token.endpoint.url') && !(azure && query)) {
    return missing(['sasl.oauthbearer.token.endpoint.url'])
  }
  if (azure) return undefined
  return values['sasl.oauthbearer.grant.type'] === bearer ? assertionConflict(values) : clientConflict(values)
}

function clientConflict(values: Values): Conflict | undefined {
  const needed = ['sasl.oauthbearer.client.id', 'sasl.oauthbearer.client.secret']
  const absent = needed.filter(name => !isSet(values, name))
  return absent.length === 0 ? undefined : missing(absent)
}

function assertionConflict(values: Values): Conflict | undefined {
  const [file, key, pem] = [
    `${assertion}.file`,
    `${assertion}.private.key.file`,
    `${assertion}.private.key.pem`,
  ]
  if (!isSet(values, file)) {
    if (isSet(values, key) && isSet(values, pem)) return exclusive(key, pem)
    return isSet(values, key) || isSet(values, pem) ? undefined : missing([key])
  }
  const part = buildingParts.find(name => isSet(values, name))
  return part === undefined ? undefined : exclusive(file, part)
}

function exclusive(one: string, other: string): Conflict {
  return { properties: [one, other], why: 'exclude each other', hint: 'Keep one of them' }
}

function missing(names: readonly string[]): Conflict {
  return {
    properties: [method],
    why: `needs ${names.join(' and ')}, not given`,
    hint: `Set ${names.join(' and ')}`,
    code: 'CONFIG_MISSING',
  }
}
