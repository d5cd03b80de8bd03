const REDACTED = '[redacted]'

const secretName =
  /password|passphrase|secret|token|credential|jaas[._]config|oauthbearer[._]config|key[._]pem$|keystore[._]key$|user[._]info$/i

/** Names of that kind which tell where or who, and nothing that could be used. */
const publicName = /[._](id|url|location|file|source|class)$/i

const userinfo = /([a-z][a-z0-9+.-]*:\/\/)([^\s/?#@]+(?:@[^\s/?#@]+)*)@/gi

const jaasOption = /([\w.$-]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|([^\s;"']+))/g

/** Whether a property of this name holds something that must not be shown. */
export function isSecret(name: string): boolean {
  return secretName.test(name) && !publicName.test(name)
}

/** A copy that can be shown: secrets and the user part of URLs are `[redacted]`, empty values stay. */
export function redact(properties: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [name, redactValue(name, value)]),
  )
}

function redactValue(name: string, value: unknown): unknown {
  if (isSecret(name)) return value === undefined || value === null || value === '' ? value : REDACTED
  return typeof value === 'string' ? redactUrls(value) : value
}

/** `https://user:password@proxy` becomes `https://[redacted]@proxy`. */
export function redactUrls(text: string): string {
  return text.replace(userinfo, `$1${REDACTED}@`)
}

/** The value as an error may show it, shortened; undefined where it must not be shown. */
export function showable(name: string, value: unknown): string | undefined {
  if (isSecret(name)) return undefined
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return `${value}`
  if (typeof value !== 'string') return undefined
  const text = redactUrls(value)
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}…` : text)
}

/**
 * Takes the secrets of `properties` out of a text that came from elsewhere, such as an error of
 * librdkafka: as they are, trimmed, as in JSON and as in a URL. A secret of fewer than four characters
 * is taken out only where it stands alone: cut out of words, its gaps would tell it.
 */
export function scrub(text: string, properties: Readonly<Record<string, unknown>>): string {
  const forms = [...new Set(secretsOf(properties).flatMap(spellings))]
  if (forms.length === 0) return redactUrls(text)
  // longest first, or a secret within another would leave the rest of that standing
  const pattern = forms
    .sort((a, b) => b.length - a.length)
    .map(form => (form.length < 4 ? `(?<![\\w.])${literal(form)}(?![\\w.])` : literal(form)))
    .join('|')
  return redactUrls(text.replace(new RegExp(pattern, 'gu'), REDACTED))
}

function secretsOf(properties: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(properties).flatMap(([name, value]) => {
    if (typeof value !== 'string' && typeof value !== 'number') return []
    const text = String(value)
    if (!isSecret(name)) return [...text.matchAll(userinfo)].flatMap(match => credentialsOf(match[2] ?? ''))
    return [text, ...(/jaas[._]config/i.test(name) ? jaasSecrets(text) : [])]
  })
}

function credentialsOf(user: string): string[] {
  const colon = user.indexOf(':')
  return colon < 0 ? [user] : [user, user.slice(colon + 1)]
}

function jaasSecrets(config: string): string[] {
  return [...config.matchAll(jaasOption)]
    .filter(([, name]) => isSecret(name ?? ''))
    .flatMap(([, , double, single, bare]) => {
      const raw = double ?? single ?? bare ?? ''
      return [raw, raw.replace(/\\(.)/gs, '$1')]
    })
}

function spellings(secret: string): string[] {
  const trimmed = secret.trim()
  const forms = [secret, trimmed, JSON.stringify(trimmed).slice(1, -1), encoded(trimmed)]
  return forms.filter(form => form.trim() !== '')
}

function encoded(text: string): string {
  // a lone surrogate has no encoding
  return /\p{Surrogate}/u.test(text) ? text : encodeURIComponent(text)
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/gu, '\\$&')
}
