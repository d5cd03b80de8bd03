import { open } from 'node:fs/promises'

const LF = 0x0a
const STEP = 64 * 1024

/** How long a file is up to the end of its last whole line; undefined where it is no file, or not there. */
export async function wholeLineBytes(path: string): Promise<number | undefined> {
  const file = await open(path, 'r').catch(() => undefined)
  if (file === undefined) return undefined
  try {
    const stats = await file.stat()
    if (!stats.isFile()) return undefined
    const memory = Buffer.allocUnsafe(STEP)
    for (let end = stats.size; end > 0; ) {
      const start = Math.max(0, end - STEP)
      const { bytesRead } = await file.read(memory, 0, end - start, start)
      const at = memory.subarray(0, bytesRead).lastIndexOf(LF)
      if (at >= 0) return start + at + 1
      end = start
    }
    return 0
  } finally {
    await file.close()
  }
}
