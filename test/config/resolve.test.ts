import { describe, expect, test } from 'vitest'
import { optionVariables, readEnvironment, variableOf } from '../../src/config/environment.ts'
import { propertyNames } from '../../src/config/names.ts'
import { resolveProperties } from '../../src/config/resolve.ts'
import { expectError, temporaryFile } from './support.ts'

describe('readEnvironment', () => {
  test('every property has a variable of its own', () => {
    const variables = propertyNames.map(variableOf)
    expect(new Set(variables).size).toBe(variables.length)
    expect(variableOf('sasl.password')).toBe('MILLRACE_SASL_PASSWORD')
    for (const name of propertyNames) {
      if (optionVariables.includes(variableOf(name))) continue
      const { properties, warnings } = readEnvironment({ [variableOf(name)]: 'v' })
      expect([...properties]).toEqual([[name, { value: 'v', source: variableOf(name) }]])
      expect(warnings).toEqual([])
    }
  })

  test('MILLRACE_BROKERS is bootstrap.servers', () => {
    expect(readEnvironment({ MILLRACE_BROKERS: 'a:1' }).properties.get('bootstrap.servers')).toEqual({
      value: 'a:1',
      source: 'MILLRACE_BROKERS',
    })
  })

  test('leaves options, empty variables and those of others alone', () => {
    const environment = {
      MILLRACE_ENGINE: 'batch',
      MILLRACE_LOG_LEVEL: '3',
      MILLRACE_CONFIG: 'f',
      MILLRACE_ACKS: '',
      PATH: 'x',
    }
    expect(readEnvironment(environment)).toEqual({ properties: new Map(), warnings: [] })
    expect(readEnvironment({ MILLRACE_TOPIC: 'x' }, [...optionVariables, 'MILLRACE_TOPIC']).warnings).toEqual(
      [],
    )
  })

  test.each([
    ['MILLRACE_SASL_PASWORD', 'did you mean MILLRACE_SASL_PASSWORD?'],
    ['MILLRACE_BROKER', 'did you mean MILLRACE_BROKERS?'],
    ['MILLRACE_ENGIN', 'did you mean MILLRACE_ENGINE?'],
    ['MILLRACE_BUFFER_MEMORY', 'queue.buffering.max.kbytes'],
    ['MILLRACE_PORT_9092_TCP_ADDR', 'no effect'],
  ])('warns of %s, without its value', (variable, part) => {
    const { properties, warnings } = readEnvironment({ [variable]: 'hunter2' })
    expect(properties.size).toBe(0)
    expect(warnings).toEqual([expect.stringContaining(part)])
    expect(warnings[0]).toContain(`${variable} `)
    expect(warnings[0]).not.toContain('hunter2')
  })
})

describe('resolveProperties', () => {
  test('flags win over variables, those over the file, that over defaults', () => {
    const file = temporaryFile('a.conf', 'acks=0\nlinger.ms=2\nretries=2\nclient.id=file')
    const input = {
      defaults: { acks: 'all', 'linger.ms': 1, retries: 1, 'client.id': 'default', 'batch.size': 1 },
      file,
      environment: { MILLRACE_ACKS: '1', MILLRACE_LINGER_MS: '3', MILLRACE_RETRIES: '3' },
      flags: ['linger.ms=4', 'acks=2'],
      overrides: { acks: 3 },
    }
    expect(resolveProperties(input)).toEqual({
      properties: { acks: 3, 'linger.ms': 4, retries: 3, 'client.id': 'file', 'batch.size': 1 },
      warnings: [],
      sources: new Map([
        ['acks', 'option'],
        ['linger.ms', '-X'],
        ['retries', 'MILLRACE_RETRIES'],
        ['client.id', `${file}:4`],
        ['batch.size', 'default'],
      ]),
    })
  })

  test('a stronger source wins by any name of a property', () => {
    const file = temporaryFile('a.conf', 'linger.ms=2\nmetadata.broker.list=a:1\ntopic.acks=0')
    const environment = { MILLRACE_QUEUE_BUFFERING_MAX_MS: '3', MILLRACE_BROKERS: 'b:1' }
    const { properties, sources } = resolveProperties({
      file,
      environment,
      flags: ['request.required.acks=all'],
    })
    expect(properties).toEqual({ 'linger.ms': 3, 'bootstrap.servers': 'b:1', acks: 'all' })
    expect(sources.get('linger.ms')).toBe('MILLRACE_QUEUE_BUFFERING_MAX_MS')
    expect(sources.get('bootstrap.servers')).toBe('MILLRACE_BROKERS')
  })

  test.each([
    [
      { flags: ['linger.ms=1', 'queue.buffering.max.ms=2'] },
      ['linger.ms=1 (-X)', 'queue.buffering.max.ms=2 (-X)'],
    ],
    [
      { environment: { MILLRACE_BROKERS: 'a:1', MILLRACE_METADATA_BROKER_LIST: 'b:1' } },
      ['MILLRACE_BROKERS', 'MILLRACE_METADATA_BROKER_LIST'],
    ],
  ])('within one source two names contradict: %o', (input, parts) => {
    expectError(() => resolveProperties(input), 'CONFIG_INVALID_VALUE', ...parts)
  })

  test('does not check what a stronger source hides', () => {
    const file = temporaryFile('a.conf', 'linger.ms=fast')
    expect(resolveProperties({ file, flags: ['linger.ms=1'] }).properties).toEqual({ 'linger.ms': 1 })
    expectError(() => resolveProperties({ file }), 'CONFIG_INVALID_VALUE', `linger.ms (${file}:1)`)
  })

  test('of a flag that is there twice the last one holds, and only the first = separates', () => {
    const flags = ['client.id=a', 'client.id=b=c', ' sasl.oauthbearer.scope =x']
    expect(resolveProperties({ flags }).properties).toEqual({
      'client.id': 'b=c',
      'sasl.oauthbearer.scope': 'x',
    })
  })

  test.each([
    ['hunter2', '-X has no'],
    ['=hunter2', '-X has no'],
    ['', '-X has no'],
    ['sasl.password', 'sasl.password=VALUE'],
  ])('refuses the flag %j', (flag, part) => {
    const error = expectError(() => resolveProperties({ flags: [flag] }), 'USAGE', part)
    expect(error.message).not.toContain('hunter2')
  })

  test('tells the place of what is wrong in a file', () => {
    const file = temporaryFile('a.conf', '\nbootstrap.server=a:1')
    expectError(
      () => resolveProperties({ file }),
      'CONFIG_UNKNOWN_PROPERTY',
      `(${file}:2)`,
      'bootstrap.servers',
    )
    const contradiction = temporaryFile('b.conf', 'enable.idempotence=true\nacks=1')
    expectError(
      () => resolveProperties({ file: contradiction }),
      'CONFIG_INVALID_VALUE',
      `acks=1 (${contradiction}:2) and enable.idempotence=true (${contradiction}:1)`,
    )
  })

  test("reads Java's client.properties", () => {
    const file = temporaryFile(
      'client.properties',
      [
        'bootstrap.servers=broker-1:9094,\\',
        '                  broker-2:9094',
        'security.protocol=SASL_SSL',
        'sasl.mechanism=SCRAM-SHA-512',
        'sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\',
        '  username="loader" \\',
        '  password="hunter\\\\"2";',
        'ssl.truststore.location=/etc/kafka/truststore.jks',
        'key.serializer=org.apache.kafka.common.serialization.StringSerializer',
        'group.id=left-over',
        'buffer.memory=67108864',
      ].join('\n'),
    )
    expectError(
      () => resolveProperties({ file }),
      'CONFIG_INVALID_VALUE',
      'ssl.truststore.location',
      `${file}:8`,
    )
    const { properties, warnings, sources } = resolveProperties({ file, flags: ['ssl.ca.location=ca.pem'] })
    expect(properties).toEqual({
      'bootstrap.servers': 'broker-1:9094,broker-2:9094',
      'security.protocol': 'sasl_ssl',
      'sasl.mechanism': 'SCRAM-SHA-512',
      'sasl.username': 'loader',
      'sasl.password': 'hunter"2',
      'queue.buffering.max.kbytes': 65536,
      'ssl.ca.location': 'ca.pem',
    })
    expect(sources.get('sasl.password')).toBe(`${file}:5, sasl.jaas.config`)
    expect(warnings).toEqual([
      expect.stringContaining('ssl.truststore.location'),
      expect.stringContaining('key.serializer'),
      expect.stringContaining('group.id'),
    ])
    expect(warnings.join()).not.toContain('hunter')
  })

  test('without anything gives nothing', () => {
    expect(resolveProperties({})).toEqual({ properties: {}, warnings: [], sources: new Map() })
  })
})
