import { closeSync, openSync, readSync } from 'node:fs'
import { type JavaEntry, type JavaTable, partOf, rename, withoutEffect } from './java-property.ts'

const openssl = 'librdkafka uses OpenSSL, not Java, for TLS'
const versions = 'OpenSSL agrees with the broker on the newest version of TLS that both have'

/** Java's TLS settings. OpenSSL reads PEM files, and PKCS#12 for the client's own key, but no JKS. */
export const javaTlsProperties: JavaTable = {
  'ssl.truststore.location': {
    hint: 'Use ssl.ca.location with a PEM file: `keytool -list -rfc -keystore STORE > ca.pem` makes one',
    translate: truststore,
  },
  'ssl.truststore.certificates': rename('ssl.ca.pem', entry => pemLines(entry.value)),
  'ssl.truststore.password': partOf('ssl.truststore.location'),
  'ssl.truststore.type': partOf('ssl.truststore.location'),
  'ssl.keystore.location': { hint: 'librdkafka has it too, for PKCS#12', translate: keystore },
  'ssl.keystore.type': partOf('ssl.keystore.location'),
  'ssl.keystore.key': rename('ssl.key.pem', entry => pemLines(entry.value)),
  'ssl.keystore.certificate.chain': rename('ssl.certificate.pem', entry => pemLines(entry.value)),
  'ssl.endpoint.identification.algorithm': {
    hint: 'librdkafka has it too',
    translate: entry => entry.set(entry.name, entry.value === '' ? 'none' : entry.value),
  },
  'ssl.cipher.suites': {
    hint: 'librdkafka has it too',
    translate: entry => {
      if (/(^|[,:\s])TLS_\w+_WITH_/.test(entry.value)) {
        const names = "Give OpenSSL's names; `openssl ciphers -stdname` shows both side by side"
        throw entry.refuse("has Java's names of ciphers", names)
      }
      entry.set(entry.name, entry.value)
    },
  },
  'ssl.protocol': withoutEffect(versions),
  'ssl.enabled.protocols': withoutEffect(versions),
  'ssl.provider': withoutEffect(openssl),
  'ssl.keymanager.algorithm': withoutEffect(openssl),
  'ssl.trustmanager.algorithm': withoutEffect(openssl),
  'ssl.secure.random.implementation': withoutEffect(openssl),
  'ssl.engine.factory.class': withoutEffect(openssl),
  'security.providers': withoutEffect(openssl),
}

type StoreKind = 'JKS' | 'PKCS12' | 'PEM'

function truststore(entry: JavaEntry): void {
  const path = entry.value
  const kind = storeKind(path, entry.sibling('ssl.truststore.type'))
  if (kind === 'PEM') {
    entry.set('ssl.ca.location', path)
    return
  }
  const command =
    kind === 'JKS'
      ? `keytool -list -rfc -keystore ${quoted(path)} > ca.pem`
      : `openssl pkcs12 -in ${quoted(path)} -nokeys -out ca.pem`
  entry.refuseUnless(
    ['ssl.ca.location', 'ssl.ca.pem'],
    `is a ${kind} truststore, which librdkafka cannot read`,
    `Make PEM of it with \`${command}\` and set ssl.ca.location=ca.pem`,
  )
}

function keystore(entry: JavaEntry): void {
  const path = entry.value
  const kind = storeKind(path, entry.sibling('ssl.keystore.type'))
  if (kind === 'PKCS12') {
    entry.set(entry.name, path)
    return
  }
  if (kind === 'PEM') {
    // Java keeps key and certificates in one file; OpenSSL finds each of them there
    entry.set('ssl.key.location', path)
    entry.set('ssl.certificate.location', path)
    return
  }
  const command = `keytool -importkeystore -srckeystore ${quoted(path)} -destkeystore client.p12 -deststoretype PKCS12`
  entry.refuseUnless(
    ['ssl.keystore.location', 'ssl.certificate.location', 'ssl.certificate.pem'],
    'is a JKS keystore, which librdkafka cannot read',
    `Make PKCS#12 of it with \`${command}\` and set ssl.keystore.location=client.p12`,
  )
}

/** By what the file begins with, since Java opens PKCS#12 under the name of JKS too; else as declared. */
function storeKind(path: string, declared: string | undefined): StoreKind {
  const start = beginning(path)
  if (start.startsWith('feedfeed') || start.startsWith('cececece')) return 'JKS'
  if (start.startsWith('30')) return 'PKCS12'
  if (Buffer.from(start, 'hex').includes('-----BEGIN ')) return 'PEM'
  const type = declared?.toUpperCase() ?? /\.(\w+)$/.exec(path)?.[1]?.toUpperCase()
  if (type === 'PEM' || type === 'CRT' || type === 'CER') return 'PEM'
  return type === 'PKCS12' || type === 'P12' || type === 'PFX' ? 'PKCS12' : 'JKS'
}

/** The first bytes as hexadecimal digits; none where the file cannot be read, of which librdkafka tells. */
function beginning(path: string): string {
  try {
    const file = openSync(path, 'r')
    try {
      const bytes = Buffer.alloc(4096)
      return bytes.toString('hex', 0, readSync(file, bytes))
    } finally {
      closeSync(file)
    }
  } catch {
    return ''
  }
}

/** Java takes PEM on one line, OpenSSL wants its base64 in lines of 64. */
function pemLines(text: string): string {
  return text.replace(
    /(-----BEGIN ([^-]+)-----)([A-Za-z0-9+/=\s]*)(-----END \2-----)/g,
    (_, begin: string, _label: string, body: string, end: string) =>
      [begin, ...(body.replace(/\s+/g, '').match(/.{1,64}/g) ?? []), end].join('\n'),
  )
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
