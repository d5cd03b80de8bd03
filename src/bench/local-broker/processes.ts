import { readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import type { BrokerDescription } from '../../producer/topic.ts'
import { addressesHere } from './here.ts'
import { holdersOf, type Listener, listeners, listenersAt } from './listeners.ts'

/** Programs that pass connections on: what they spend is not what a broker does. */
const FORWARDERS: ReadonlySet<string> = new Set([
  'autossh',
  'chisel',
  'cloudflared',
  'conmon',
  'docker-proxy',
  'dockerd',
  'envoy',
  'gvproxy',
  'haproxy',
  'kubectl',
  'nc',
  'ncat',
  'nginx',
  'passt',
  'pasta',
  'redir',
  'rinetd',
  'rootlesskit',
  'rootlessport',
  'slirp4netns',
  'socat',
  'ssh',
  'sshd',
  'stunnel',
  'stunnel4',
  'systemd',
  'systemd-socket-',
  'systemd-socket-proxyd',
  'tailscaled',
  'toxiproxy',
  'toxiproxy-serve',
  'toxiproxy-server',
  'traefik',
  'vpnkit',
  'xinetd',
])

type Address = Pick<BrokerDescription, 'host' | 'port'>

/**
 * The processes that serve these brokers. Null, and no guess, where one of them is on another machine or nobody is seen
 * to listen, as with another user's processes; where the listener only forwards, may be one of several, or is this process.
 */
export async function brokerProcesses(brokers: readonly Address[]): Promise<number[] | null> {
  if (process.platform !== 'linux' || brokers.length === 0) return null
  const places = await Promise.all(
    brokers.map(async ({ host, port }) => ({ addresses: await addressesHere(host), port })),
  )
  if (places.some(({ addresses }) => addresses.length === 0)) return null
  const all = listeners()
  // of a name's addresses a broker may serve some only
  const sockets = places.map(({ addresses, port }) =>
    addresses.map(address => listenersAt(all, address, port)).filter(({ length }) => length > 0),
  )
  const holders = holdersOf(new Set(sockets.flat(2).map(({ inode }) => inode)))
  const found = new Set<number>()
  for (const alternatives of sockets) {
    const pids = servedBy(alternatives, holders)
    if (pids === null) return null
    for (const pid of pids) found.add(pid)
  }
  return found.has(process.pid) || [...found].some(isForwarder) ? null : [...found]
}

/** Whoever holds the socket of a broker; null where nobody is seen to, or it depends on the address who serves. */
function servedBy(
  alternatives: readonly (readonly Listener[])[],
  holders: ReadonlyMap<string, ReadonlySet<number>>,
): number[] | null {
  const sets = alternatives.flat().map(({ inode }) => [...(holders.get(inode) ?? [])].sort())
  const [first = []] = sets
  if (first.length === 0) return null
  return sets.every(set => set.join() === first.join()) ? first : null
}

function isForwarder(pid: number): boolean {
  return [
    () => readFileSync(`/proc/${pid}/comm`, 'utf8').trim(),
    () => basename(readlinkSync(`/proc/${pid}/exe`)),
  ].some(name => {
    try {
      return FORWARDERS.has(name())
    } catch {
      // it has ended, which its times will tell
      return false
    }
  })
}
