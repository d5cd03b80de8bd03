import { isUtf8 } from 'node:buffer'
import type { ReadMessage } from '../client/read-topic.ts'

/** A message as one line of JSON; everything in base64 if one of its parts is not UTF-8. */
export function toEnvelope(message: ReadMessage): string {
  const { topic, partition, offset, timestamp, key, value, headers } = message
  const parts = [key, value, ...headers.map(([, header]) => header)]
  const encoding = parts.every(part => part === null || isUtf8(part)) ? 'utf8' : 'base64'
  const text = (bytes: Buffer | null) => (bytes === null ? null : bytes.toString(encoding))
  return JSON.stringify({
    topic,
    partition,
    offset,
    key: text(key),
    value: text(value),
    headers: headers.map(([name, header]) => [name, text(header)]),
    timestamp,
    encoding,
  })
}
