import { execFile, execFileSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

export const addon = join(root, 'build/Release/millrace.node')

/** A folder for a file's tests, removed after them. */
export function useFolder(): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-install-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return name => join(folder, name)
}

/**
 * Lays out an installation of millrace: the loader finds its addon by its own place, and there is no other way to
 * point it at one. `place` puts something where the addon should be.
 */
export function install(folder: string, place: (addon: string) => void): string {
  mkdirSync(join(folder, 'build/Release'), { recursive: true })
  for (const name of ['src', 'package.json'])
    cpSync(join(root, name), join(folder, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  place(join(folder, 'build/Release/millrace.node'))
  return folder
}

/** As `install`, without an addon, and with a node-rdkafka that `place` may spoil; undefined: none at all. */
export function installClient(folder: string, place: ((client: string) => void) | undefined): string {
  install(folder, () => {})
  const modules = join(folder, 'node_modules')
  rmSync(modules)
  mkdirSync(modules)
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== 'node-rdkafka') symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  if (place === undefined) return folder
  const client = join(modules, 'node-rdkafka')
  for (const name of ['lib', 'librdkafka.js', 'package.json']) {
    cpSync(join(root, 'node_modules/node-rdkafka', name), join(client, name), { recursive: true })
  }
  place(client)
  return folder
}

/** Runs a program of the tests, named by its path below test/, and reads the JSON it prints; rejects with how it ended otherwise. */
export function runChild<T>(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<T> {
  const child = join(root, 'test', `${name}.ts`)
  const options = { cwd: root, env: { ...process.env, ...env } }
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['--import', 'tsx', child, ...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as T)
      else reject(new Error(`${name} ended with ${error.signal ?? error.code}: ${stderr.slice(-2000)}`))
    })
  })
}

/** Whether a C compiler is here. */
export function haveCompiler(): boolean {
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Compiles a line or two of C into a shared library. */
export function compile(file: string, source: string, ...more: readonly string[]): void {
  writeFileSync(`${file}.c`, source)
  execFileSync('cc', ['-shared', '-fPIC', '-o', file, `${file}.c`, ...more], { stdio: 'pipe' })
}

/** A copy of a binary with one text in it replaced by another of the same length. */
export function patch(from: string, to: string, old: string, replacement: string): void {
  if (old.length !== replacement.length) throw new Error('lengths differ')
  const bytes = readFileSync(from, 'latin1')
  if (!bytes.includes(old)) throw new Error(`${from} does not contain ${old}`)
  writeFileSync(to, bytes.replaceAll(old, replacement), 'latin1')
}
