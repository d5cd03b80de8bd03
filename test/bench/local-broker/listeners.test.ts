import { describe, expect, test } from 'vitest'
import { addressesHere, canonical } from '../../../src/bench/local-broker/here.ts'
import { listenersAt, parseListeners } from '../../../src/bench/local-broker/listeners.ts'

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
const line = (address: string, state: string, inode: number) =>
  `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000000000000000 100 0 0 10 0\n`

describe("the kernel's table", () => {
  test.each<[string, 'LE' | 'BE', string]>([
    ['0100007F:2384', 'LE', '127.0.0.1'],
    ['7F000001:2384', 'BE', '127.0.0.1'],
    ['00000000:2384', 'LE', '0.0.0.0'],
    ['00000000000000000000000000000000:2384', 'LE', '::'],
    ['00000000000000000000000001000000:2384', 'LE', '::1'],
    ['00000000000000000000000000000001:2384', 'BE', '::1'],
    // as Java's sockets stand there
    ['0000000000000000FFFF00000100007F:2384', 'LE', '127.0.0.1'],
    ['B80D0120000000000000000001000000:2384', 'LE', '2001:db8::1'],
  ])('%s of a machine that is %s is %s', (text, order, address) => {
    expect(parseListeners(HEAD + line(text, '0A', 77), order)).toEqual([{ address, port: 9092, inode: '77' }])
  })

  test('connections, and sockets that nobody holds, are no listeners', () => {
    expect(
      parseListeners(HEAD + line('0100007F:2384', '01', 77) + line('0100007F:2384', '0A', 0), 'LE'),
    ).toEqual([])
  })
})

describe('who is met at an address', () => {
  const listener = (address: string, inode: string, port = 9092) => ({ address, port, inode })
  const all = [
    listener('0.0.0.0', 'any'),
    listener('127.0.0.1', 'loopback'),
    listener('127.0.0.1', 'other port', 9093),
    listener('::', 'any6', 9094),
  ]

  test.each<[string, number, string[]]>([
    ['127.0.0.1', 9092, ['loopback']],
    ['127.0.0.2', 9092, ['any']],
    ['127.0.0.1', 9094, ['any6']],
    ['::1', 9094, ['any6']],
    ['::1', 9092, []],
    ['127.0.0.1', 9095, []],
  ])('%s:%i', (address, port, inodes) => {
    expect(listenersAt(all, address, port).map(({ inode }) => inode)).toEqual(inodes)
  })
})

test.each([
  ['127.0.0.1', ['127.0.0.1']],
  ['127.9.9.9', ['127.9.9.9']],
  ['::1', ['::1']],
  ['::ffff:127.0.0.1', ['127.0.0.1']],
  // for documentation only, no machine's
  ['192.0.2.1', []],
  ['2001:db8::1', []],
  ['no-such-host.invalid', []],
])('of %s, here are %j', async (host, addresses) => {
  expect(await addressesHere(host)).toEqual(addresses)
})

test('localhost is here', async () => {
  const addresses = await addressesHere('localhost')
  expect(addresses.length).toBeGreaterThan(0)
  expect(addresses.every(address => ['127.0.0.1', '::1'].includes(address))).toBe(true)
})

test.each([
  ['0:0:0:0:0:0:0:1', '::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['10.0.0.1', '10.0.0.1'],
])('%s is %s', (text, expected) => {
  expect(canonical(text)).toBe(expected)
})
