import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/**
 * Free ports of 127.0.0.1, from below the range that systems take outgoing connections from: a broker that is down
 * between kill and restart would otherwise find its port in use by a client.
 */
export async function freePorts(count: number): Promise<number[]> {
  const held: Server[] = []
  const ports: number[] = []
  while (ports.length < count) {
    const port = randomInt(20_000, 32_000)
    const server = await hold(port)
    if (server === undefined) continue
    held.push(server)
    ports.push(port)
  }
  await Promise.all(held.map(server => once(server.close(), 'close')))
  return ports
}

async function hold(port: number): Promise<Server | undefined> {
  const server = createServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
    return server
  } catch {
    return undefined
  }
}
