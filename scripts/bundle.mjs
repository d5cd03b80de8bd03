// Makes one bundle of the command line, and of the threads of its loads, in place of the hundreds of small modules that
// `tsc` has written: Node.js takes longer to find and link those than a short load takes to run. The library, and
// what the bench runs in processes of its own, stay as tsc wrote them. Run by `npm run build`.
import { readFile, rm } from 'node:fs/promises'
import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../', import.meta.url))
const source = `${root}src`

/**
 * Modules find the addon, package.json and the entries of threads and processes by where they lie themselves. Within the
 * bundle that is where tsc has put them: everything written here lies two folders below the package, as they do.
 */
const ownPlaces = {
  name: 'own-places',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const place = relative(source, path).split(sep).join('/').replace(/\.ts$/, '.js')
      const own = `new URL('../${place}', import.meta.url).href`
      return { contents: text.replaceAll('import.meta.url', own), loader: 'ts' }
    })
  },
}

// nobody imports the command line by its parts
for (const folder of ['cli', 'bundle']) await rm(`${root}dist/${folder}`, { recursive: true, force: true })
await build({
  absWorkingDir: root,
  entryPoints: ['src/cli/main.ts', 'src/load/load-thread.ts'],
  outbase: 'src',
  outdir: 'dist',
  chunkNames: 'bundle/[name]-[hash]',
  bundle: true,
  splitting: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  sourcemap: true,
  sourcesContent: false,
  plugins: [ownPlaces],
  logLevel: 'warning',
})
