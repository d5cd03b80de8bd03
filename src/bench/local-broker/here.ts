import { lookup } from 'node:dns/promises'
import { isIP, SocketAddress } from 'node:net'
import { networkInterfaces } from 'node:os'

/** A name that a working client could look up is told much sooner. */
const LOOKUP_MS = 1000

/** The addresses of a host that is this machine; empty where one of them is not, or its name is not told. */
export async function addressesHere(host: string): Promise<string[]> {
  const addresses = await addressesOf(host)
  return addresses.every(isHere) ? addresses : []
}

async function addressesOf(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [canonical(host)]
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<[]>(resolve => {
    timer = setTimeout(resolve, LOOKUP_MS, [])
  })
  try {
    const found = await Promise.race([lookup(host, { all: true }), late])
    return [...new Set(found.map(({ address }) => canonical(address)))]
  } catch {
    return []
  } finally {
    clearTimeout(timer)
  }
}

function isHere(address: string): boolean {
  if (address.startsWith('127.') || address === '::1') return true
  const own = Object.values(networkInterfaces()).flatMap(interfaces => interfaces ?? [])
  return own.some(one => canonical(one.address) === address)
}

/** One text for each address; IPv4 in IPv6 is IPv4. */
export function canonical(address: string): string {
  const [plain = ''] = address.split('%')
  if (isIP(plain) !== 6) return plain
  const text = new SocketAddress({ address: plain, family: 'ipv6' }).address
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1] ?? text
}
