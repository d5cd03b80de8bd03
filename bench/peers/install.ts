import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** A peer that cannot be had here. */
export class Absent extends Error {
  override readonly name = 'Absent'
}

/** Builds may take minutes. */
const STEP_MS = 1_800_000

const cache = fileURLToPath(new URL('../../.cache/peers/', import.meta.url))
export const sources = fileURLToPath(new URL('.', import.meta.url))

/**
 * A folder under `.cache/peers` that holds what `pinned` (files of the peer's own folder here) asks for: made by `make`
 * the first time, and again when those files change. What is half made is never taken for whole.
 * @throws Absent with the reason
 */
export async function installedFolder(
  name: string,
  pinned: readonly string[],
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(cache, name)
  const wanted = await contents(join(sources, name), pinned)
  const mark = join(folder, '.installed')
  if ((await readFile(mark, 'utf8').catch(() => null)) === wanted) return folder
  console.log(`${name} is being installed into .cache/peers`)
  try {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    for (const file of pinned) await cp(join(sources, name, file), join(folder, file))
    await make(folder)
    await writeFile(`${mark}.part`, wanted)
    await rename(`${mark}.part`, mark)
  } catch (error) {
    throw error instanceof Absent
      ? error
      : new Absent(`it could not be installed: ${(error as Error).message}`)
  }
  return folder
}

async function contents(folder: string, files: readonly string[]): Promise<string> {
  const texts = await Promise.all(files.map(file => readFile(join(folder, file), 'utf8')))
  return texts.join('\n')
}

/** What a program of the installation writes. @throws Absent with the last line that it complained in */
export async function step(
  path: string,
  args: readonly string[],
  { cwd, env }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(path, [...args], {
      cwd,
      env: { ...process.env, ...env },
      timeout: STEP_MS,
      maxBuffer: 64 * 1024 * 1024,
    })
    return stdout
  } catch (error) {
    const { stderr = '', message, code } = error as { stderr?: string; message: string; code?: unknown }
    const name = path.split('/').at(-1)
    if (code === 'ENOENT') throw new Absent(`there is no ${name} here`)
    throw new Absent(`${name} ${args[0] ?? ''} failed: ${reasonIn(stderr) ?? message.split('\n')[0]}`)
  }
}

/** The line that tells most: the first that says error, or the last one. */
function reasonIn(stderr: string): string | undefined {
  const lines = stderr
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
  const told =
    lines.find(line => /\berror\b/i.test(line) && !/^npm (warn|error code)/i.test(line)) ?? lines.at(-1)
  return told?.slice(0, 200)
}

/** A folder under `.cache/peers` for what is built anew each time. */
export async function builtFolder(name: string): Promise<string> {
  const folder = join(cache, name)
  await mkdir(folder, { recursive: true })
  return folder
}
