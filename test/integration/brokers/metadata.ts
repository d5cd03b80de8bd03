import { once } from 'node:events'
import { connect } from 'node:net'
import { setInterval } from 'node:timers/promises'

const metadataKey = 3
const version = 1
const correlation = 7

/** The node ids that a broker lists, asked in Kafka's protocol and without a client library. */
export async function listedBrokers(address: string, timeoutMs = 5_000): Promise<number[]> {
  const [host, port] = address.split(':')
  const socket = connect({ host: host ?? '', port: Number(port), signal: AbortSignal.timeout(timeoutMs) })
  try {
    await once(socket, 'connect')
    socket.write(request())
    let answer = Buffer.alloc(0)
    for await (const part of socket) {
      answer = Buffer.concat([answer, part as Buffer])
      if (answer.length >= 4 && answer.length >= 4 + answer.readInt32BE(0)) return nodeIds(answer)
    }
    throw new Error(`${address} closed the connection before it answered`)
  } finally {
    socket.destroy()
  }
}

/** Metadata of no topics: length, header (API, version, correlation, client id), empty array. */
function request(): Buffer {
  const client = Buffer.from('ladder')
  const body = Buffer.alloc(4 + 2 + 2 + 4 + 2 + client.length + 4)
  let at = body.writeInt32BE(body.length - 4, 0)
  at = body.writeInt16BE(metadataKey, at)
  at = body.writeInt16BE(version, at)
  at = body.writeInt32BE(correlation, at)
  at = body.writeInt16BE(client.length, at)
  at += client.copy(body, at)
  body.writeInt32BE(0, at)
  return body
}

/** Length, correlation, then an array of (node id, host, port, rack or null). */
function nodeIds(answer: Buffer): number[] {
  if (answer.readInt32BE(4) !== correlation) throw new Error('an answer to another request')
  const ids: number[] = []
  let at = 12
  for (let left = answer.readInt32BE(8); left > 0; left--) {
    ids.push(answer.readInt32BE(at))
    at += 4
    at += 2 + answer.readInt16BE(at) + 4
    at += 2 + Math.max(0, answer.readInt16BE(at))
  }
  return ids.sort((a, b) => a - b)
}

/** Waits until each of these brokers lists as many brokers as there are addresses. */
export async function untilAllListed(addresses: readonly string[], timeoutMs: number): Promise<void> {
  let seen: (number[] | undefined)[] = []
  try {
    for await (const _ of setInterval(100, undefined, { signal: AbortSignal.timeout(timeoutMs) })) {
      seen = await Promise.all(addresses.map(address => listedBrokers(address).catch(() => undefined)))
      if (seen.every(ids => ids?.length === addresses.length)) return
    }
  } catch (error) {
    const listed = addresses.map((address, i) => `${address} lists ${seen[i]?.join(' ') ?? 'nothing'}`)
    throw new Error(`after ${timeoutMs / 1000} s: ${listed.join(', ')}`, { cause: error })
  }
}
