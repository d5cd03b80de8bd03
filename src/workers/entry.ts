import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** How a worker thread is started from a file of ours. */
export interface Entry {
  readonly script: string | URL
  readonly isText: boolean
}

/**
 * The file `name` beside `importer`, compiled or not. Run from source, as tests do, TypeScript's loader is registered
 * within the thread: Node's --import does not reach there on Node 20.
 */
export function entryBeside(importer: string, name: string): Entry {
  const fromSource = importer.endsWith('.ts')
  const url = new URL(`./${name}${fromSource ? '.ts' : '.js'}`, importer)
  return fromSource ? fromTypeScript(url) : { script: url, isText: false }
}

export function fromTypeScript(url: URL): Entry {
  const loader = pathToFileURL(createRequire(fileURLToPath(url)).resolve('tsx/esm/api')).href
  const script = `import(${JSON.stringify(loader)}).then(({ register }) => {
    register()
    return import(${JSON.stringify(url.href)})
  })`
  return { script, isText: true }
}
