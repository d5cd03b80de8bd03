const SEED = 0x9747b28c
const M = 0x5bd1e995

/** The Murmur2 of Kafka's Java client, over `bytes[start, end)`; 32 bits, signed. */
export function murmur2(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const length = end - start
  let hash = SEED ^ length
  let at = start
  for (; at + 4 <= end; at += 4) {
    const word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    const mixed = Math.imul(word, M)
    hash = Math.imul(hash, M) ^ Math.imul(mixed ^ (mixed >>> 24), M)
  }
  const left = end - at
  if (left > 2) hash ^= (bytes[at + 2] as number) << 16
  if (left > 1) hash ^= (bytes[at + 1] as number) << 8
  if (left > 0) hash = Math.imul(hash ^ (bytes[at] as number), M)
  hash = Math.imul(hash ^ (hash >>> 13), M)
  return hash ^ (hash >>> 15)
}

/** Where librdkafka's murmur2 partitioners, and Java's default one, send a key. */
export function partitionOfKey(bytes: Uint8Array, start: number, end: number, partitions: number): number {
  return (murmur2(bytes, start, end) & 0x7fffffff) % partitions
}
