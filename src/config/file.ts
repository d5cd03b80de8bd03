import { readFileSync } from 'node:fs'
import { describe, MillraceError } from '../errors.ts'
import { parseProperties } from './properties-format.ts'

export interface ConfigEntry {
  readonly value: string
  /** Counts from 1; of a continued line the first. */
  readonly line: number
}

export interface ConfigFile {
  /** In the order of the file, duplicates at the place of the last. */
  readonly entries: Map<string, ConfigEntry>
  readonly warnings: string[]
}

const form = 'Each line is key=value, or a comment that begins with #'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  EISDIR: 'is a directory',
}

/**
 * Reads a file of `key=value` lines, librdkafka's (as of kcat -F) or Java's (client.properties);
 * names and values are not checked. Of a name that is there twice the last one holds, with a warning.
 * Blocks while it reads.
 * @throws MillraceError CONFIG_FILE for a file that cannot be read, is not UTF-8, or has a line
 * without a property; neither errors nor warnings repeat the text of a line
 */
export function readConfigFile(path: string): ConfigFile {
  const entries = new Map<string, ConfigEntry>()
  const warnings: string[] = []
  for (const parsed of parseProperties(readText(path))) {
    const { line } = parsed
    if ('problem' in parsed) throw fileError(path, `line ${line} ${parsed.problem}`, { line, hint: form })
    const { key, value, lostBackslash } = parsed
    const before = entries.get(key)
    if (before !== undefined) {
      warnings.push(`${path}: ${key} is set in line ${before.line} and again in line ${line}, which holds`)
      entries.delete(key)
    }
    if (lostBackslash) {
      warnings.push(`${path}:${line}: a backslash in ${key} falls away, as in Java; write \\\\ to keep one`)
    }
    entries.set(key, { value, line })
  }
  return { entries, warnings }
}

function readText(path: string): string {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? ''
    throw fileError(path, reasons[code] ?? `cannot be read: ${describe(cause)}`, {
      cause,
      hint: 'Give the path of a file with key=value lines',
    })
  }
  if (bytes.includes(0)) throw fileError(path, 'is no text', { hint: form })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw fileError(path, 'is not UTF-8', { cause, hint: 'Save it as UTF-8, or write \\uXXXX' })
  }
}

function fileError(
  path: string,
  what: string,
  { cause, hint, line }: { cause?: unknown; hint: string; line?: number },
): MillraceError {
  return new MillraceError(
    'CONFIG_FILE',
    `The configuration file ${path} ${line ? `has an error: ${what}` : what}`,
    {
      ...(cause === undefined ? {} : { cause }),
      hint,
      context: { file: path, ...(line === undefined ? {} : { line }) },
    },
  )
}
