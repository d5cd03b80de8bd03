import { closeSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { describe, MillraceError } from '../errors.ts'

/**
 * Replaces a file's content as a whole: who reads it meanwhile sees the old or the new. Blocks.
 * `option`: which one named it.
 * @throws MillraceError USAGE where it cannot be written
 */
export function writeWhole(path: string, text: string, option: 'output' | 'report' = 'output'): void {
  const part = `${path}.part`
  try {
    writeFileSync(part, text)
    renameSync(part, path)
  } catch (cause) {
    throw new MillraceError('USAGE', `--${option} ${path} cannot be written: ${describe(cause)}`, { cause })
  }
}

/**
 * Says before hours of measuring what `writeWhole` would say after them. Changes nothing.
 * @throws MillraceError USAGE where the file cannot be written
 */
export function checkWritable(path: string, option: 'output' | 'report'): void {
  const part = `${path}.part`
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new Error('it is a folder')
    closeSync(openSync(part, 'a'))
    rmSync(part)
  } catch (cause) {
    throw new MillraceError('USAGE', `--${option} ${path} cannot be written: ${describe(cause)}`, { cause })
  }
}
