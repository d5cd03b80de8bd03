import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, cpus, loadavg, release, totalmem, type } from 'node:os'
import { fileURLToPath } from 'node:url'
import { loadClient } from '../client/load.ts'

/** Where figures come from; nothing in it is secret. */
export interface Environment {
  /** ISO 8601, UTC. */
  readonly date: string
  readonly millrace: string
  /** Of the clone it runs from, with `+` where that was changed; null for an installed package. */
  readonly commit: string | null
  readonly node: string
  readonly nodeRdkafka: string
  readonly librdkafka: string
  readonly os: string
  readonly cpu: { readonly model: string; readonly count: number }
  readonly memoryBytes: number
  /** Load average of the last minute before the first trial; above 0 others were at work. */
  readonly loadAverage: number
}

const require = createRequire(import.meta.url)
const root = new URL('../../', import.meta.url)

/** @throws MillraceError CLIENT_NOT_BUILT */
export function describeEnvironment(): Environment {
  const { rdkafka } = loadClient()
  const cores = cpus()
  return {
    date: new Date().toISOString(),
    millrace: versionOf('../../package.json'),
    commit: commitOf(fileURLToPath(root)),
    node: process.versions.node,
    nodeRdkafka: versionOf('node-rdkafka/package.json'),
    librdkafka: rdkafka.librdkafkaVersion,
    os: `${type()} ${release()} ${arch()}`,
    cpu: { model: cores[0]?.model.trim() ?? 'unknown', count: cores.length },
    memoryBytes: totalmem(),
    loadAverage: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  }
}

function versionOf(path: string): string {
  // node-rdkafka's begins with a v
  return (require(path) as { version: string }).version.replace(/^v/, '')
}

function commitOf(folder: string): string | null {
  if (!existsSync(new URL('.git', root))) return null
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    const commit = git('rev-parse', '--verify', 'HEAD').trim()
    return git('status', '--porcelain', '--untracked-files=no') === '' ? commit : `${commit}+`
  } catch {
    return null
  }
}
