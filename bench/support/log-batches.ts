import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Of a batch, before its length: the base offset. */
const OFFSET_BYTES = 8
/** Base offset and length; the length counts what comes after. */
const HEAD_BYTES = 12

/** How many batches brokers hold of a topic, as their segments tell (one batch behind the other). Replicas count, too. */
export async function countBatches(dataFolders: readonly string[], topic: string): Promise<number> {
  let count = 0
  for (const folder of dataFolders) {
    for (const name of await readdir(folder)) {
      const partition = name.startsWith(`${topic}-`) ? name.slice(topic.length + 1) : ''
      if (!/^\d+$/.test(partition)) continue
      const files = await readdir(join(folder, name))
      for (const file of files.filter(file => file.endsWith('.log'))) {
        count += await countInSegment(join(folder, name, file))
      }
    }
  }
  return count
}

async function countInSegment(path: string): Promise<number> {
  const file = await open(path)
  try {
    return await walk(file, (await file.stat()).size)
  } finally {
    await file.close()
  }
}

async function walk(file: FileHandle, size: number): Promise<number> {
  const head = Buffer.alloc(HEAD_BYTES)
  let count = 0
  for (let at = 0; at + HEAD_BYTES <= size; count++) {
    await file.read(head, 0, HEAD_BYTES, at)
    const length = head.readInt32BE(OFFSET_BYTES)
    // a segment is made longer than what is in it
    if (length <= 0) break
    at += HEAD_BYTES + length
  }
  return count
}
