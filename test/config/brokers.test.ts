import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { requireBrokers } from '../../src/config/brokers.ts'
import { expectError } from './support.ts'

describe('requireBrokers', () => {
  test.each([
    ['localhost', [{ host: 'localhost', port: 9092 }]],
    [
      'a:1, b_c-d.example:65535',
      [
        { host: 'a', port: 1 },
        { host: 'b_c-d.example', port: 65535 },
      ],
    ],
    ['127.0.0.1:9092', [{ host: '127.0.0.1', port: 9092 }]],
    [
      '[::1]:9093,[fe80::1%eth0]',
      [
        { host: '::1', port: 9093 },
        { host: 'fe80::1%eth0', port: 9092 },
      ],
    ],
    [
      'PLAINTEXT://a:1,plaintext://[::1]:2',
      [
        { host: 'a', port: 1 },
        { host: '::1', port: 2 },
      ],
    ],
  ])('reads %s', (list, brokers) => {
    expect(requireBrokers({ 'bootstrap.servers': list })).toEqual(brokers)
  })

  test('takes the protocol of security.protocol', () => {
    const properties = { 'bootstrap.servers': 'SASL_SSL://a:1', 'security.protocol': 'sasl_ssl' }
    expect(requireBrokers(properties)).toEqual([{ host: 'a', port: 1 }])
  })

  test('needs none for an embedded cluster', () => {
    expect(requireBrokers({ 'test.mock.num.brokers': 1 })).toEqual([])
    expectError(() => requireBrokers({ 'test.mock.num.brokers': 0 }), 'CONFIG_MISSING', 'bootstrap.servers')
  })

  test.each<Record<string, string>>([{}, { 'bootstrap.servers': '' }, { 'bootstrap.servers': ' ' }])(
    'misses them in %o',
    properties => {
      const error = expectError(
        () => requireBrokers(properties),
        'CONFIG_MISSING',
        'bootstrap.servers',
        'localhost:9092',
      )
      expect(error.context).toEqual({ property: 'bootstrap.servers' })
    },
  )

  test.each([
    ['a:1,,b:2', 'element 2'],
    ['a:1,', 'element 2'],
    [',', 'element 1'],
    ['a:', '"a:"'],
    ['a:0', '1 to 65535'],
    ['a:65536', '1 to 65535'],
    ['a:9092x', '1 to 65535'],
    ['a:-1', '1 to 65535'],
    [':9092', 'no host'],
    ['a b:9092', 'no host'],
    ['a/b:9092', 'no host'],
    ['::1', '[::1]:9092'],
    ['a:1:2', 'no host:port'],
    ['[a]:1', 'IPv6'],
    ['[::1:9092', 'no host:port'],
    ['http://a:1', 'plaintext, ssl'],
    ['://a:1', 'protocol'],
    ['SSL://a:1', 'security.protocol=ssl'],
  ])('refuses %s', (list, part) => {
    const sources = new Map([['bootstrap.servers', 'MILLRACE_BROKERS']])
    expectError(
      () => requireBrokers({ 'bootstrap.servers': list }, sources),
      'CONFIG_INVALID_VALUE',
      'bootstrap.servers (MILLRACE_BROKERS)',
      part,
    )
  })

  test('does not repeat what may be a password', () => {
    const list = 'a:1,user:hunter2@b:9092'
    const error = expectError(
      () => requireBrokers({ 'bootstrap.servers': list }),
      'CONFIG_INVALID_VALUE',
      '(2)',
    )
    expect(error.message).not.toContain('hunter2')
  })

  test('reads back every list of hosts and ports', () => {
    const host = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map(address => `[${address}]`),
    )
    const broker = fc.record({ host, port: fc.integer({ min: 1, max: 65535 }) })
    fc.assert(
      fc.property(fc.array(broker, { minLength: 1 }), brokers => {
        const list = brokers.map(({ host, port }) => `${host}:${port}`).join(',')
        expect(requireBrokers({ 'bootstrap.servers': list })).toEqual(
          brokers.map(({ host, port }) => ({ host: host.replace(/^\[|\]$/g, ''), port })),
        )
      }),
    )
  })
})
