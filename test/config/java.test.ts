import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { javaHint, translateJava } from '../../src/config/java.ts'
import { factsOf } from '../../src/config/names.ts'
import { checkProperties } from '../../src/config/properties.ts'
import { expectError, temporaryFile } from './support.ts'

/** Translates as if every entry stood in a file `f`. */
function translate(entries: Record<string, string>, stronger: string[] = []) {
  const sourced = Object.entries(entries).map(([name, value]) => [name, { value, source: 'f' }] as const)
  const { properties, warnings } = translateJava(new Map(sourced), new Set(stronger))
  return {
    properties: Object.fromEntries([...properties].map(([name, { value }]) => [name, value])),
    warnings,
  }
}

const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule'
const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule'
const oauth = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule'
const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

describe('translateJava', () => {
  test.each<[Record<string, string>, Record<string, string>]>([
    [{ 'buffer.memory': '33554432' }, { 'queue.buffering.max.kbytes': '32768' }],
    [{ 'buffer.memory': '1' }, { 'queue.buffering.max.kbytes': '1' }],
    [{ 'batch.size': '0' }, { 'batch.size': '1' }],
    [{ 'batch.size': '16384' }, { 'batch.size': '16384' }],
    [{ 'max.request.size': '2000000' }, { 'message.max.bytes': '2000000' }],
    [
      { 'retry.backoff.ms': '0', 'retry.backoff.max.ms': '500' },
      { 'retry.backoff.ms': '1', 'retry.backoff.max.ms': '500' },
    ],
    [{ 'send.buffer.bytes': '-1' }, { 'socket.send.buffer.bytes': '0' }],
    [{ 'receive.buffer.bytes': '65536' }, { 'socket.receive.buffer.bytes': '65536' }],
    [{ 'connections.max.idle.ms': '-1' }, { 'connections.max.idle.ms': '0' }],
    [{ 'client.dns.lookup': 'use_all_dns_ips' }, { 'client.dns.lookup': 'use_all_dns_ips' }],
    [{ 'ssl.endpoint.identification.algorithm': '' }, { 'ssl.endpoint.identification.algorithm': 'none' }],
    [
      { 'ssl.endpoint.identification.algorithm': 'https' },
      { 'ssl.endpoint.identification.algorithm': 'https' },
    ],
    [
      { 'compression.type': 'zstd', 'compression.zstd.level': '3' },
      { 'compression.type': 'zstd', 'compression.level': '3' },
    ],
    [{ 'compression.type': 'lz4', 'compression.gzip.level': '3' }, { 'compression.type': 'lz4' }],
    [{ 'compression.zstd.level': '3' }, {}],
    [
      { 'partitioner.class': 'org.apache.kafka.clients.producer.internals.DefaultPartitioner' },
      { partitioner: 'murmur2_random' },
    ],
    [{ 'partitioner.ignore.keys': 'true' }, { partitioner: 'random' }],
    [{ 'partitioner.ignore.keys': 'false' }, {}],
    [
      { 'ssl.cipher.suites': 'ECDHE-RSA-AES256-GCM-SHA384' },
      { 'ssl.cipher.suites': 'ECDHE-RSA-AES256-GCM-SHA384' },
    ],
    [{ 'sasl.kerberos.kinit.cmd': 'kinit -R' }, { 'sasl.kerberos.kinit.cmd': 'kinit -R' }],
    [
      { 'sasl.oauthbearer.assertion.template.file': 't' },
      { 'sasl.oauthbearer.assertion.jwt.template.file': 't' },
    ],
    [
      { 'sasl.oauthbearer.jwt.retriever.class': 'x.JwtBearerJwtRetriever' },
      { 'sasl.oauthbearer.method': 'oidc', 'sasl.oauthbearer.grant.type': jwtBearer },
    ],
    [
      { 'sasl.login.callback.handler.class': 'x.secured.OAuthBearerLoginCallbackHandler' },
      { 'sasl.oauthbearer.method': 'oidc' },
    ],
    [{ 'transaction.two.phase.commit.enable': 'false' }, {}],
    [
      { 'sasl.jaas.config': `${plain} required username="u" password="p\\"w";` },
      { 'sasl.username': 'u', 'sasl.password': 'p"w' },
    ],
    [
      { 'sasl.jaas.config': `${scram} required username="u" password="p";` },
      { 'sasl.username': 'u', 'sasl.password': 'p' },
    ],
    [
      {
        'sasl.jaas.config': `${oauth} required clientId="i" clientSecret="s" scope="a b" extension_logicalCluster="lkc" extension_x="y";`,
      },
      {
        'sasl.oauthbearer.method': 'oidc',
        'sasl.oauthbearer.client.id': 'i',
        'sasl.oauthbearer.client.secret': 's',
        'sasl.oauthbearer.scope': 'a b',
        'sasl.oauthbearer.extensions': 'logicalCluster=lkc,x=y',
      },
    ],
    [
      { 'sasl.jaas.config': `${oauth} required unsecuredLoginStringClaim_sub="alice";` },
      { 'enable.sasl.oauthbearer.unsecure.jwt': 'true', 'sasl.oauthbearer.config': 'principal=alice' },
    ],
    [
      {
        'sasl.jaas.config':
          'com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true keyTab="/k" principal="a@B" serviceName="kafka";',
      },
      {
        'sasl.kerberos.keytab': '/k',
        'sasl.kerberos.principal': 'a@B',
        'sasl.kerberos.service.name': 'kafka',
      },
    ],
    [
      { 'no.such.thing': 'x', acks: 'all' },
      { 'no.such.thing': 'x', acks: 'all' },
    ],
    // the file's own librdkafka property wins over a translation
    [{ 'queue.buffering.max.kbytes': '7', 'buffer.memory': '4096' }, { 'queue.buffering.max.kbytes': '7' }],
  ])('%o', (java, properties) => {
    expect(translate(java)).toEqual({ properties, warnings: [] })
  })

  test.each([
    'bootstrap.servers',
    'security.protocol',
    'sasl.mechanism',
    'acks',
    'linger.ms',
    'retries',
    'delivery.timeout.ms',
    'request.timeout.ms',
    'max.in.flight.requests.per.connection',
    'compression.type',
    'reconnect.backoff.ms',
    'reconnect.backoff.max.ms',
    'metadata.max.age.ms',
    'transactional.id',
    'transaction.timeout.ms',
    'enable.metrics.push',
    'enable.idempotence',
    'client.id',
    'socket.connection.setup.timeout.ms',
    'ssl.key.password',
    'sasl.oauthbearer.token.endpoint.url',
    'metadata.recovery.strategy',
  ])('passes %s on, which librdkafka has under the same name', name => {
    expect(factsOf(name)).toBeDefined()
    expect(translate({ [name]: 'v' })).toEqual({ properties: { [name]: 'v' }, warnings: [] })
  })

  test.each([
    ['max.block.ms', 'waits for room'],
    ['key.serializer', 'bytes'],
    ['value.serializer', 'bytes'],
    ['interceptor.classes', 'Java classes'],
    ['metric.reporters', 'statistics.interval.ms'],
    ['metrics.num.samples', 'statistics.interval.ms'],
    ['auto.include.jmx.reporter', 'statistics.interval.ms'],
    ['ssl.protocol', 'TLS'],
    ['ssl.enabled.protocols', 'TLS'],
    ['schema.registry.url', 'bytes'],
    ['basic.auth.user.info', 'schema registry'],
    ['sasl.login.refresh.buffer.seconds', 'tokens'],
    ['sasl.kerberos.kinit.cmd', 'whole command'],
    ['partitioner.availability.timeout.ms', 'sticky.partitioning.linger.ms'],
  ])('drops %s with the reason, and does not repeat its value', (name, part) => {
    const { properties, warnings } = translate({ [name]: '/hunter2' })
    expect(properties).toEqual({})
    expect(warnings).toEqual([expect.stringMatching(`^${name} \\(f\\) has no effect: .*${part}`)])
    expect(warnings[0]).not.toContain('hunter2')
  })

  test('takes a level beyond what librdkafka has as the highest, and says so', () => {
    const { properties, warnings } = translate({ 'compression.type': 'zstd', 'compression.zstd.level': '19' })
    expect(properties).toHaveProperty(['compression.level'], '12')
    expect(warnings).toEqual([expect.stringContaining('taken as 12')])
  })

  test.each<[Record<string, string>, string, string]>([
    [{ 'partitioner.class': 'com.example.Mine' }, 'partitioner.class (f)', 'murmur2_random'],
    [
      { 'partitioner.class': 'org.apache.kafka.clients.producer.RoundRobinPartitioner' },
      'partitioner.class',
      'random',
    ],
    [{ 'transaction.two.phase.commit.enable': 'true' }, 'two-phase', 'Leave it out'],
    [{ 'config.providers': 'file' }, 'config.providers', 'MILLRACE_SASL_PASSWORD'],
    [{ 'buffer.memory': '32m' }, 'buffer.memory', 'no whole number'],
    [
      { 'sasl.login.callback.handler.class': 'software.amazon.msk.auth.iam.IAMClientCallbackHandler' },
      'handler.class',
      'SCRAM',
    ],
    [{ 'sasl.login.callback.handler.class': 'com.example.Handler' }, 'handler.class', 'oidc'],
    [{ 'sasl.oauthbearer.jwt.retriever.class': 'com.example.R' }, 'retriever.class', 'client_credentials'],
    [
      { 'sasl.jaas.config': 'software.amazon.msk.auth.iam.IAMLoginModule required;' },
      'sasl.jaas.config',
      'SCRAM',
    ],
    [
      { 'sasl.jaas.config': 'com.example.Mine required password="hunter2";' },
      'sasl.jaas.config',
      'sasl.username',
    ],
    [
      { 'sasl.jaas.config': `${scram} required username="u" password="hunter2" tokenauth="true";` },
      'delegation token',
      'SCRAM',
    ],
    [{ 'sasl.jaas.config': 'password=hunter2' }, 'sasl.jaas.config', 'PlainLoginModule required'],
    [
      { 'ssl.cipher.suites': 'TLS_RSA_WITH_AES_128_CBC_SHA' },
      'ssl.cipher.suites',
      'openssl ciphers -stdname',
    ],
    [
      { 'ssl.truststore.location': '/t.jks' },
      'JKS truststore',
      'keytool -list -rfc -keystore /t.jks > ca.pem',
    ],
    [{ 'ssl.truststore.location': "/my 't" }, 'JKS truststore', "-keystore '/my '\\''t' > ca.pem"],
    [
      { 'ssl.truststore.location': '/t.p12' },
      'PKCS12 truststore',
      'openssl pkcs12 -in /t.p12 -nokeys -out ca.pem',
    ],
    [
      { 'ssl.truststore.location': '/t', 'ssl.truststore.type': 'pkcs12' },
      'PKCS12 truststore',
      'openssl pkcs12 -in /t ',
    ],
    [
      { 'ssl.keystore.location': '/k.jks' },
      'JKS keystore',
      'keytool -importkeystore -srckeystore /k.jks -destkeystore client.p12 -deststoretype PKCS12',
    ],
  ])('refuses %o', (java, part, hint) => {
    const error = expectError(() => translate(java), 'CONFIG_INVALID_VALUE', part, hint)
    expect(error.message + JSON.stringify(error.context)).not.toContain('hunter2')
  })

  test.each([
    ['ssl.truststore.location', '/t.jks', 'ssl.ca.location'],
    ['ssl.truststore.location', '/t.p12', 'ssl.ca.pem'],
    ['ssl.keystore.location', '/k.jks', 'ssl.certificate.location'],
    ['partitioner.class', 'com.example.Mine', 'partitioner'],
    ['sasl.login.callback.handler.class', 'com.example.Mine', 'sasl.oauthbearer.method'],
  ])('does without %s=%s where %s is set', (name, value, instead) => {
    const warning = `${name} (f) is not used: ${instead} is set`
    expect(translate({ [name]: value }, [instead])).toEqual({ properties: {}, warnings: [warning] })
    expect(translate({ [name]: value, [instead]: 'x' })).toEqual({
      properties: { [instead]: 'x' },
      warnings: [warning],
    })
  })

  test('a stronger keystore makes up for a JKS one', () => {
    expect(translate({ 'ssl.keystore.location': '/k.jks' }, ['ssl.keystore.location']).properties).toEqual({})
  })

  test('tells the kind of a store by what it begins with', () => {
    const jks = temporaryFile('store.p12', Uint8Array.of(0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2))
    expectError(() => translate({ 'ssl.keystore.location': jks }), 'CONFIG_INVALID_VALUE', 'JKS keystore')
    const pkcs12 = temporaryFile('store.jks', Uint8Array.of(0x30, 0x82, 1, 2))
    expect(translate({ 'ssl.keystore.location': pkcs12, 'ssl.keystore.type': 'JKS' }).properties).toEqual({
      'ssl.keystore.location': pkcs12,
    })
    const pem = temporaryFile('store', 'Bag Attributes\n-----BEGIN CERTIFICATE-----\n')
    expect(translate({ 'ssl.truststore.location': pem }).properties).toEqual({ 'ssl.ca.location': pem })
    expect(translate({ 'ssl.keystore.location': pem }).properties).toEqual({
      'ssl.key.location': pem,
      'ssl.certificate.location': pem,
    })
  })

  test('believes the declared kind of a store that is not there', () => {
    const java = {
      'ssl.truststore.location': '/none/ca',
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.password': 'hunter2',
      'ssl.keystore.location': '/none/k',
      'ssl.keystore.type': 'PKCS12',
      'ssl.keystore.password': 'p',
    }
    expect(translate(java)).toEqual({
      properties: {
        'ssl.ca.location': '/none/ca',
        'ssl.keystore.location': '/none/k',
        'ssl.keystore.password': 'p',
      },
      warnings: [],
    })
  })

  test('gives OpenSSL the PEM that Java takes on one line', () => {
    const body = `${'A'.repeat(64)}${'B'.repeat(64)}CC==`
    const line = `-----BEGIN CERTIFICATE----- ${body.slice(0, 70)} ${body.slice(70)} -----END CERTIFICATE-----`
    const lines = `-----BEGIN CERTIFICATE-----\n${'A'.repeat(64)}\n${'B'.repeat(64)}\nCC==\n-----END CERTIFICATE-----`
    expect(translate({ 'ssl.truststore.certificates': line }).properties).toEqual({ 'ssl.ca.pem': lines })
    expect(translate({ 'ssl.keystore.key': lines }).properties).toEqual({ 'ssl.key.pem': lines })
    expect(translate({ 'ssl.keystore.certificate.chain': `${line} ${line}` }).properties).toEqual({
      'ssl.certificate.pem': `${lines} ${lines}`,
    })
  })

  test('everything that it sets, librdkafka has', () => {
    const java = {
      'security.protocol': 'SASL_SSL',
      'sasl.mechanism': 'OAUTHBEARER',
      'sasl.oauthbearer.token.endpoint.url': 'https://a/token',
      'sasl.jaas.config': `${oauth} required clientId="i" clientSecret="s" scope="x" extension_a="b";`,
      'ssl.endpoint.identification.algorithm': '',
      'ssl.truststore.location': '/ca.pem',
      'buffer.memory': '33554432',
      'max.request.size': '1048576',
      'send.buffer.bytes': '131072',
      'receive.buffer.bytes': '32768',
      'batch.size': '16384',
      'compression.type': 'gzip',
      'compression.gzip.level': '-1',
      'partitioner.ignore.keys': 'true',
    }
    const { properties } = translate(java)
    expect(Object.keys(checkProperties(properties).properties)).toHaveLength(Object.keys(properties).length)
  })
})

describe('javaHint', () => {
  test('names where the value goes', () => {
    expect(javaHint('buffer.memory')).toContain('queue.buffering.max.kbytes')
    expect(javaHint('metrics.recording.level')).toContain('Leave it out')
    expect(javaHint('linger.ms')).toBeUndefined()
    expect(javaHint('constructor')).toBeUndefined()
  })
})

const keytool = (() => {
  try {
    execFileSync('keytool', ['-help'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

describe.skipIf(!keytool)('the commands of the hints', () => {
  test('make PEM of a truststore, which is then taken', () => {
    const directory = temporaryFile('x', '').replace(/x$/, '')
    const store = `${directory}trust store.jks`
    const make = ['-genkeypair', '-keyalg', 'EC', '-alias', 'a', '-dname', 'CN=a', '-keystore', store]
    execFileSync('keytool', [...make, '-storetype', 'JKS', '-storepass', 'hunter2', '-keypass', 'hunter2'], {
      stdio: 'ignore',
    })
    const entry = { 'ssl.truststore.location': store }
    const error = expectError(() => translate(entry), 'CONFIG_INVALID_VALUE', 'JKS truststore')
    const command = /`(.*)`/.exec(error.message)?.[1] ?? ''
    execFileSync('sh', ['-c', command.replace('> ca.pem', `-storepass hunter2 > '${directory}ca.pem'`)], {
      stdio: 'ignore',
    })
    expect(translate({ 'ssl.truststore.location': `${directory}ca.pem` }).properties).toEqual({
      'ssl.ca.location': `${directory}ca.pem`,
    })
  })
})
