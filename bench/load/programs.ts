import { join } from 'node:path'
import { profiling } from '../peers/commands.ts'
import { built, findKcat, type Kcat } from '../peers/prepare.ts'
import type { Line } from './line.ts'

/** The programs of a line, by what stands for them in its commands. */
export interface Programs {
  readonly words: Readonly<Record<string, readonly string[]>>
  /** Others' programs, with their versions. */
  readonly clients: readonly string[]
}

let kcat: Promise<Kcat> | undefined

/** Finds what a line needs, or installs it. @throws Absent with the reason where it cannot be had */
export async function programsFor({ subjects }: Line): Promise<Programs> {
  const words: Record<string, readonly string[]> = {
    '@millrace': [process.execPath, ...profiling(), join(built(), 'cli/main.js')],
  }
  if (!Object.values(subjects).some(({ command }) => command.includes('@kcat'))) return { words, clients: [] }
  kcat ??= findKcat()
  const { start, client } = await kcat
  return { words: { ...words, '@kcat': start }, clients: [client] }
}
