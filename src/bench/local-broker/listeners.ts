import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { endianness } from 'node:os'
import { canonical } from './here.ts'

/** A socket that waits for connections. */
export interface Listener {
  /** In `canonical` form; `0.0.0.0` and `::` stand for all. */
  readonly address: string
  readonly port: number
  readonly inode: string
}

const LISTEN = '0A'

/** All of this machine, or of its container; empty where the system is not Linux. */
export function listeners(): Listener[] {
  return ['tcp', 'tcp6'].flatMap(name => {
    try {
      return parseListeners(readFileSync(`/proc/self/net/${name}`, 'latin1'))
    } catch {
      return []
    }
  })
}

/** Of the text of /proc/net/tcp or tcp6. `order`: that of this machine's bytes. */
export function parseListeners(table: string, order: 'LE' | 'BE' = endianness()): Listener[] {
  return table.split('\n').flatMap(line => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
    const [address = '', port = ''] = local.split(':')
    if (state !== LISTEN || inode === '0') return []
    return [{ address: addressOf(address, order), port: Number.parseInt(port, 16), inode }]
  })
}

/** Words of 32 bits, each in the machine's order. */
function addressOf(hex: string, order: 'LE' | 'BE'): string {
  const bytes = Buffer.from(hex, 'hex')
  if (order === 'LE') bytes.swap32()
  if (bytes.length === 4) return bytes.join('.')
  return canonical(bytes.toString('hex').match(/.{4}/g)?.join(':') ?? '')
}

/** Those that a connection to this address meets; of several on one address it is left open which. */
export function listenersAt(all: readonly Listener[], address: string, port: number): Listener[] {
  // what is bound to the address itself goes first
  const wildcards = isIPv4(address) ? ['0.0.0.0', '::'] : ['::']
  for (const bound of [address, ...wildcards]) {
    const found = all.filter(one => one.port === port && one.address === bound)
    if (found.length > 0) return found
  }
  return []
}

/** The processes that hold each of these sockets, of those that may be read. */
export function holdersOf(inodes: ReadonlySet<string>): Map<string, Set<number>> {
  const holders = new Map<string, Set<number>>()
  for (const pid of entries('/proc').filter(name => /^\d+$/.test(name))) {
    for (const link of entries(`/proc/${pid}/fd`)) {
      const inode = inodeOf(`/proc/${pid}/fd/${link}`)
      if (inode === undefined || !inodes.has(inode)) continue
      holders.set(inode, (holders.get(inode) ?? new Set()).add(Number(pid)))
    }
  }
  return holders
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // it has ended, or is another user's
    return []
  }
}

function inodeOf(link: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(link))?.[1]
  } catch {
    return undefined
  }
}
