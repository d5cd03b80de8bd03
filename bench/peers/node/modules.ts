import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A module installed in a peer's folder, and its version. */
export async function installed<Module>(
  folder: string,
  name: string,
): Promise<{ module: Module; client: string }> {
  const place = join(folder, 'node_modules', name)
  const about = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')) as About
  const entry = about.main ?? (typeof about.exports === 'string' ? about.exports : 'index.js')
  const loaded = (await import(pathToFileURL(join(place, entry)).href)) as Module & { default?: Module }
  return { module: loaded.default ?? loaded, client: `${name} ${about.version}` }
}

interface About {
  readonly version: string
  readonly main?: string
  readonly exports?: unknown
}
