/** The file `name` beside `importer`, a module's own URL, as the entry of a worker thread: compiled where that is. */
export function entryBeside(importer: string, name: string): URL {
  return new URL(`./${name}${importer.endsWith('.ts') ? '.ts' : '.js'}`, importer)
}

/** The script to start for an entry: run from source, as tests do, it wants TypeScript's loader in front. */
export function scriptFor(entry: URL): URL {
  return entry.pathname.endsWith('.ts') ? new URL('./from-source.mjs', import.meta.url) : entry
}
