import { once } from 'node:events'
import { connect } from 'node:net'

const FIND_COORDINATOR = 10
const VERSION = 1
const KEY_TYPES = { group: 0, transaction: 1 } as const

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  const size = Buffer.alloc(2)
  size.writeInt16BE(bytes.length)
  return Buffer.concat([size, bytes])
}

/** Asks a broker by Kafka's own protocol for the coordinator of a key. @returns the broker's id */
export async function findCoordinator(
  server: string,
  type: keyof typeof KEY_TYPES,
  key: string,
): Promise<number> {
  const [host, port] = server.split(':') as [string, string]
  const socket = connect(Number(port), host)
  try {
    const header = Buffer.alloc(8)
    header.writeInt16BE(FIND_COORDINATOR, 0)
    header.writeInt16BE(VERSION, 2)
    header.writeInt32BE(7, 4)
    const request = Buffer.concat([header, text('millrace-test'), text(key), Buffer.from([KEY_TYPES[type]])])
    const size = Buffer.alloc(4)
    size.writeInt32BE(request.length)
    socket.write(Buffer.concat([size, request]))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    // size, correlation id, throttle time, error, error message (null), broker id
    const error = answer.readInt16BE(12)
    if (error !== 0) throw new Error(`FindCoordinator was answered with error ${error}`)
    const message = answer.readInt16BE(14)
    return answer.readInt32BE(16 + Math.max(0, message))
  } finally {
    socket.destroy()
  }
}

/** Whether somebody listens there. */
export async function isListening(server: string): Promise<boolean> {
  const [host, port] = server.split(':') as [string, string]
  const socket = connect(Number(port), host)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
