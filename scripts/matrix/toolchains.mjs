// Versions of Node.js and npm, out of npm's registry, kept in .cache/matrix.
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { say } from './console.mjs'
import { run } from './run.mjs'

export const root = fileURLToPath(new URL('../../', import.meta.url))
mkdirSync(join(root, '.cache/matrix'), { recursive: true })
/** Without symbolic links: programs are compared and relocated by path. */
export const cache = realpathSync(join(root, '.cache/matrix'))

/** Node's own name for this platform in the names of the packages that bring it. */
const platform =
  process.platform === 'darwin' && process.arch === 'arm64'
    ? 'bin-darwin-arm64'
    : `${process.platform}-${process.arch}`

/**
 * A Node.js to run things with: the folder of its program, the prefix of its headers where they are here.
 * @typedef {{major: number, version: string, bin: string, headers: string | undefined}} Node
 */

/** The Node.js that runs this, with the headers that lie beside it; without them, npm's settings or node-gyp find some. */
export function thisNode() {
  const { node: version } = process.versions
  const bin = dirname(process.execPath)
  const prefix = dirname(bin)
  return {
    major: majorOf(version),
    version,
    bin,
    headers: headersOf(prefix) === version ? prefix : undefined,
  }
}

/** The newest Node.js of a major version in the registry; undefined where there is none for this platform. */
export async function fetchNode(major) {
  const here = thisNode()
  if (here.major === major) return here
  const home = await fetchPackage(`node-${platform}`, String(major), `Node.js ${major} (50 MB)`)
  if (home === undefined) return undefined
  const version = headersOf(home)
  return { major, version, bin: join(home, 'bin'), headers: home }
}

/** npm's cli of a major version. */
export async function fetchNpm(major) {
  const home = await fetchPackage('npm', String(major), `npm ${major}`)
  if (home === undefined) return undefined
  return {
    major,
    version: packageAt(home).version,
    cli: join(home, 'bin/npm-cli.js'),
    engines: packageAt(home).engines.node,
  }
}

/** The environment to run things with that Node.js and no other, its headers given so that none are downloaded. */
export function environment(node, more = {}) {
  const env = { ...process.env, PATH: `${node.bin}${delimiter}${process.env.PATH}`, ...more }
  if (node.headers !== undefined) env.npm_config_nodedir = node.headers
  // an npm that runs this script hands its own settings down; and node-rdkafka's makefile cannot run jobs in parallel
  for (const name of Object.keys(env)) {
    if (
      /^(npm_(package|lifecycle|command|node|execpath)|MAKEFLAGS$|JOBS$|npm_config_jobs$|INIT_CWD$|NODE_OPTIONS$)/.test(
        name,
      )
    )
      delete env[name]
  }
  return env
}

async function fetchPackage(name, version, what) {
  const folder = join(cache, 'tools', `${name}-${version}`)
  const home = join(folder, 'node_modules', name)
  if (existsSync(home)) return home
  const wanted = `${name}@${version}`
  const here = environment(thisNode())
  try {
    await run('npm', ['view', wanted, 'version'], { cwd: cache, env: here })
  } catch {
    return undefined
  }
  say(`fetches ${what}, once`)
  const part = `${folder}.part`
  rmSync(part, { recursive: true, force: true })
  mkdirSync(part, { recursive: true })
  await run('npm', ['install', '--prefix', part, '--no-audit', '--no-fund', '--ignore-scripts', wanted], {
    cwd: part,
    env: here,
  })
  renameSync(part, folder)
  return home
}

function majorOf(version) {
  return Number(version.split('.')[0])
}

/** The version that the headers under a prefix belong to. */
function headersOf(prefix) {
  try {
    const text = readFileSync(join(prefix, 'include/node/node_version.h'), 'utf8')
    const part = name => text.match(new RegExp(`#define NODE_${name}_VERSION +(\\d+)`))?.[1]
    return ['MAJOR', 'MINOR', 'PATCH'].map(part).join('.')
  } catch {
    return undefined
  }
}

export function packageAt(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}
