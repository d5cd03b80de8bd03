import { renameSync, writeFileSync } from 'node:fs'
import { describe, MillraceError } from '../errors.ts'

/**
 * Replaces a file's content as a whole: who reads it meanwhile sees the old or the new. Blocks.
 * @throws MillraceError USAGE where it cannot be written
 */
export function writeWhole(path: string, text: string): void {
  const part = `${path}.part`
  try {
    writeFileSync(part, text)
    renameSync(part, path)
  } catch (cause) {
    throw new MillraceError('USAGE', `--output ${path} cannot be written: ${describe(cause)}`, { cause })
  }
}
