import { createRequire } from 'node:module'
import { loadClient } from '../client/load.ts'
import { loadBinding } from '../engine/binding.ts'
import type { EngineName } from '../engine/connect.ts'
import { describe, type MillraceError } from '../errors.ts'

export interface Installation {
  readonly millrace: string
  readonly node: string
  readonly platform: string
  /** Null: not installed. */
  readonly nodeRdkafka: string | null
  /** Null: node-rdkafka was not compiled. */
  readonly librdkafka: string | null
  /** What librdkafka was compiled with, such as ssl, sasl_scram, zstd. */
  readonly features: readonly string[]
  /** The engine that a producer would have; null: none could be had. */
  readonly engine: 'batch' | 'callback' | null
  /** Why that one. */
  readonly reason: string
  /** What is broken. */
  readonly problems: readonly MillraceError[]
}

const require = createRequire(import.meta.url)

/** What is installed here, and which engine comes of it. Never throws. */
export function examineInstallation(asked: EngineName): Installation {
  const base = {
    millrace: versionOf('../../package.json') ?? 'unknown',
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    nodeRdkafka: versionOf('node-rdkafka/package.json'),
  }
  try {
    const { rdkafka } = loadClient()
    const client = { librdkafka: rdkafka.librdkafkaVersion, features: rdkafka.features }
    return { ...base, ...client, ...examineEngine(asked) }
  } catch (error) {
    const broken = { librdkafka: null, features: [], engine: null, reason: describe(error) }
    return { ...base, ...broken, problems: [error as MillraceError] }
  }
}

function examineEngine(asked: EngineName): Pick<Installation, 'engine' | 'reason' | 'problems'> {
  if (asked === 'callback') return { engine: 'callback', reason: 'it was asked for', problems: [] }
  try {
    const { running, compiledFor } = loadBinding().binding.librdkafka()
    const reason = `its addon was compiled for librdkafka ${compiledFor}, and ${running} is in use`
    return { engine: 'batch', reason, problems: [] }
  } catch (error) {
    const reason = describe(error)
    if (asked === 'batch') return { engine: null, reason, problems: [error as MillraceError] }
    return { engine: 'callback', reason: `it stands in, several times slower. ${reason}`, problems: [] }
  }
}

function versionOf(manifest: string): string | null {
  try {
    return (require(manifest) as { version: string }).version.replace(/^v/, '')
  } catch {
    return null
  }
}
