import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { propertyNames } from '../../src/config/names.ts'
import { checkProperties } from '../../src/config/properties.ts'
import { isSecret, redact, scrub } from '../../src/config/redact.ts'
import { resolveProperties } from '../../src/config/resolve.ts'
import type { MillraceError } from '../../src/errors.ts'
import { temporaryFile } from './support.ts'

const secrets = propertyNames.filter(isSecret)

describe('isSecret', () => {
  test("knows librdkafka's secrets, and no more", () => {
    expect([...secrets].sort()).toEqual([
      'oauthbearer_token_refresh_cb',
      'sasl.oauthbearer.assertion.private.key.passphrase',
      'sasl.oauthbearer.assertion.private.key.pem',
      'sasl.oauthbearer.client.credentials.client.secret',
      'sasl.oauthbearer.client.secret',
      'sasl.oauthbearer.config',
      'sasl.password',
      'ssl.key.password',
      'ssl.key.pem',
      'ssl.keystore.password',
    ])
  })

  test.each([
    ['sasl.jaas.config', true],
    ['ssl.truststore.password', true],
    ['ssl.keystore.key', true],
    ['basic.auth.user.info', true],
    ['my.secret', true],
    ['MILLRACE_SASL_PASSWORD', true],
    ['some.access.token', true],
    ['aws.credentials', true],
    ['sasl.oauthbearer.token.endpoint.url', false],
    ['sasl.oauthbearer.client.credentials.client.id', false],
    ['ssl.key.location', false],
    ['ssl.certificate.pem', false],
    ['sasl.username', false],
    ['basic.auth.credentials.source', false],
  ])('%s: %s', (name, secret) => {
    expect(isSecret(name)).toBe(secret)
  })
})

describe('redact', () => {
  test('shows everything but secrets', () => {
    const properties = {
      'sasl.username': 'u',
      'sasl.password': 'hunter2',
      'ssl.key.pem': '-----BEGIN',
      'ssl.key.password': '',
      'sasl.oauthbearer.client.secret': 12345,
      'sasl.oauthbearer.token.endpoint.url': 'https://u:hunter2@idp.example/token?x=a@b',
      'https.proxy': 'http://hunter2@proxy:3128',
      'linger.ms': 5,
    }
    expect(redact(properties)).toEqual({
      'sasl.username': 'u',
      'sasl.password': '[redacted]',
      'ssl.key.pem': '[redacted]',
      'ssl.key.password': '',
      'sasl.oauthbearer.client.secret': '[redacted]',
      'sasl.oauthbearer.token.endpoint.url': 'https://[redacted]@idp.example/token?x=a@b',
      'https.proxy': 'http://[redacted]@proxy:3128',
      'linger.ms': 5,
    })
    expect(properties['sasl.password']).toBe('hunter2')
  })
})

describe('scrub', () => {
  test.each([
    ['login failed for u with hunter2', 'login failed for u with [redacted]'],
    ['{"password":"hunter2"}', '{"password":"[redacted]"}'],
    ['hunter2hunter2', '[redacted][redacted]'],
    ['nothing to hide', 'nothing to hide'],
    ['https://a:b@host/x failed', 'https://[redacted]@host/x failed'],
  ])('%s', (text, scrubbed) => {
    expect(scrub(text, { 'sasl.password': 'hunter2', 'sasl.username': 'u' })).toBe(scrubbed)
  })

  test('finds a secret trimmed, in JSON, in a URL, in JAAS and in a URL property', () => {
    expect(scrub('<a"b c>', { 'sasl.password': ' a"b c ' })).toBe('<[redacted]>')
    expect(scrub('<a\\"b c>', { 'sasl.password': 'a"b c' })).toBe('<[redacted]>')
    expect(scrub('<a%22b%20c>', { 'sasl.password': 'a"b c' })).toBe('<[redacted]>')
    const jaas = { 'sasl.jaas.config': 'M required username="loader" password="hun\\"ter2";' }
    expect(scrub('loader, hun"ter2, hun\\"ter2', jaas)).toBe('loader, [redacted], [redacted]')
    expect(scrub('hunter2 at proxy', { 'https.proxy': 'http://u:hunter2@proxy' })).toBe('[redacted] at proxy')
  })

  test('takes the longer of two secrets that begin alike', () => {
    const properties = { 'sasl.password': 'hunter2', 'ssl.key.password': 'hunter2-and-more' }
    expect(scrub('hunter2-and-more, hunter2', properties)).toBe('[redacted], [redacted]')
  })

  test('takes a short secret only where it stands alone', () => {
    expect(scrub('a cat ate "a"', { 'sasl.password': 'a' })).toBe('[redacted] cat ate "[redacted]"')
  })

  test('leaves no secret, whatever it is made of and wherever it stands', () => {
    const secret = fc
      .string({ unit: 'binary', minLength: 4 })
      .filter(text => text.trim().length >= 4 && !'[redacted]'.includes(text.trim()))
    const text = fc.array(fc.string(), { minLength: 2 })
    fc.assert(
      fc.property(secret, secret, text, (password, key, parts) => {
        const properties = { 'sasl.password': password, 'ssl.key.password': key }
        const scrubbed = scrub(parts.join(password) + parts.join(key), properties).split('[redacted]')
        for (const piece of scrubbed) {
          expect(piece).not.toContain(password)
          expect(piece).not.toContain(key)
        }
      }),
    )
  })
})

describe('no error and no warning tells a secret', () => {
  const marker = 'S3CR3T'
  const settable = secrets.filter(name => !name.endsWith('_cb'))

  function told(call: () => { warnings: string[] }): string {
    try {
      return call().warnings.join('\n')
    } catch (error) {
      const { message, hint, context, cause } = error as MillraceError
      return [message, hint, JSON.stringify(context), String(cause)].join('\n')
    }
  }

  test.each(settable)('%s', name => {
    const values: unknown[] = [marker, ` ${marker}`, `${marker}\0`, { marker }, [marker], `x://u:${marker}@h`]
    for (const value of values) {
      const inputs: Record<string, unknown>[] = [
        { [name]: value },
        { [`${name}x`]: value },
        { [name]: value, 'security.protocol': 'SASL_SSL', 'sasl.mechanism': 'PLAIN' },
        {
          [name]: value,
          'security.protocol': 'SASL_SSL',
          'sasl.mechanism': 'OAUTHBEARER',
          'sasl.oauthbearer.method': 'oidc',
        },
        {
          [name]: value,
          'sasl.oauthbearer.client.secret': 'other',
          'sasl.oauthbearer.client.credentials.client.secret': value,
        },
      ]
      for (const input of inputs) expect(told(() => checkProperties(input))).not.toContain(marker)
    }
  })

  test.each([
    { flags: [marker] },
    { flags: [`sasl.password:${marker}`] },
    { flags: [`sasl.pasword=${marker}`] },
    { flags: [`sasl.password:${marker}=x`] },
    { environment: { MILLRACE_SASL_PASSWORT: marker, MILLRACE_SASL_JAAS_CONFIG: marker } },
    { flags: [`sasl.jaas.config=${marker}`] },
    { flags: [`linger.ms=https://u:${marker}@h`] },
  ])('from %o', input => {
    const text = told(() => resolveProperties(input))
    expect(text.length).toBeGreaterThan(10)
    expect(text).not.toContain(marker)
  })

  test.each([
    marker,
    `sasl.password=a\nsasl.password=${marker}`,
    `sasl.password=C:\\${marker}`,
    `sasl.password=\\u${marker}`,
    `sasl.jaas.config=x required password="${marker}";`,
    `sasl.jaas.config=x required password="${marker}`,
    `ssl.truststore.password=${marker}\nssl.truststore.location=/none.jks`,
    `basic.auth.user.info=${marker}`,
    `config.providers=${marker}`,
    `buffer.memory=${marker}`,
  ])('from a file with %j', content => {
    const text = told(() => resolveProperties({ file: temporaryFile('a.conf', content) }))
    expect(text.length).toBeGreaterThan(10)
    expect(text).not.toContain(marker)
  })
})
