import type { Socket } from 'node:net'
import { deferred } from '../deferred.ts'

/** The kinds of request that a broker serves: versions by Kafka's number of the kind. */
export type ApiVersions = ReadonlyMap<number, { readonly min: number; readonly max: number }>

const API_VERSIONS = 18
const CLIENT = 'millrace-doctor'
const MOST_BYTES = 1024 * 1024

/** The oldest form of the request, which every broker since Kafka 0.10 understands, before a login too. */
export function apiVersionsRequest(): Buffer {
  const body = Buffer.alloc(14 + CLIENT.length)
  body.writeInt32BE(body.length - 4, 0)
  body.writeInt16BE(API_VERSIONS, 4)
  body.writeInt16BE(0, 6)
  body.writeInt32BE(1, 8)
  body.writeInt16BE(CLIENT.length, 12)
  body.write(CLIENT, 14)
  return body
}

/**
 * The answer, or undefined while not all of it is there.
 * @throws Error for what is no such answer
 */
export function parseApiVersions(bytes: Buffer): ApiVersions | undefined {
  if (bytes.length < 4) return undefined
  const size = bytes.readInt32BE(0)
  if (size < 10 || size > MOST_BYTES) throw new Error('what answers does not speak Kafka’s protocol')
  if (bytes.length < 4 + size) return undefined
  const error = bytes.readInt16BE(8)
  if (error !== 0) throw new Error(`the broker answers with Kafka’s error ${error}`)
  const count = bytes.readInt32BE(10)
  if (count < 0 || 14 + 6 * count > 4 + size) throw new Error('what answers does not speak Kafka’s protocol')
  const versions = new Map<number, { min: number; max: number }>()
  for (let at = 14; at < 14 + 6 * count; at += 6) {
    versions.set(bytes.readInt16BE(at), { min: bytes.readInt16BE(at + 2), max: bytes.readInt16BE(at + 4) })
  }
  return versions
}

/** Asks over a connection, which is of no use after. @throws Error that says what came instead of an answer */
export async function askApiVersions(socket: Socket, timeoutMs: number): Promise<ApiVersions> {
  const answer = deferred<ApiVersions>()
  let received: Buffer = Buffer.alloc(0)
  const timer = setTimeout(() => answer.reject(new Error(`no answer came within ${timeoutMs} ms`)), timeoutMs)
  socket.on('data', (part: Buffer) => {
    received = Buffer.concat([received, part])
    try {
      const versions = parseApiVersions(received)
      if (versions !== undefined) answer.resolve(versions)
    } catch (error) {
      answer.reject(error as Error)
    }
  })
  socket.on('error', error => answer.reject(error))
  socket.on('close', () => answer.reject(new Error('the broker closed the connection')))
  socket.write(apiVersionsRequest())
  try {
    return await answer.promise
  } finally {
    clearTimeout(timer)
  }
}
