// node-rdkafka as it was compiled, one for each major version of Node.js, kept in .cache/matrix without what only the
// compiler needs. librdkafka is the same for all: another version of Node.js compiles the binding only.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { say } from './console.mjs'
import { attempt, run } from './run.mjs'
import { cache, environment, packageAt, root } from './toolchains.mjs'

const own = join(root, 'node_modules/node-rdkafka')
export const clientVersion = packageAt(own).version.replace(/^v/, '')

function homeOf(major) {
  return join(cache, `node-rdkafka-${clientVersion}-node${major}`)
}

function keptFor(major) {
  return join(homeOf(major), 'node_modules/node-rdkafka')
}

/** Whether one is kept for that Node.js and still loads. */
export async function isKept(node) {
  return existsSync(keptFor(node.major)) && loads(node, keptFor(node.major))
}

/** Keeps what npm has compiled in a project. */
export async function keep(node, project) {
  settle(await copyPackages(join(project, 'node_modules'), node.major), node.major)
}

/** Puts the kept one into a project. */
export async function put(node, project) {
  const to = join(project, 'node_modules/node-rdkafka')
  rmSync(to, { recursive: true, force: true })
  await copy(keptFor(node.major), to)
  // npm believes its own account of what is installed only while nothing in there is newer, and would compile again
  const account = join(project, 'node_modules/.package-lock.json')
  const now = new Date()
  if (existsSync(account)) utimesSync(account, now, now)
}

/** Compiles one for that Node.js unless it is kept. */
export async function compile(node) {
  if (await isKept(node)) return
  const source = existing()
  const fits = await loads(node, source)
  say(
    fits
      ? `  keeps a copy of node-rdkafka as compiled for Node.js ${node.major}`
      : `  compiles node-rdkafka's binding for Node.js ${node.version} (a minute, once)`,
  )
  const part = await copyPackages(join(source, '..'), node.major)
  const client = join(part, 'node_modules/node-rdkafka')
  if (!fits) {
    writeFileSync(
      join(part, 'package.json'),
      JSON.stringify({ private: true, allowScripts: { 'node-rdkafka': true } }),
    )
    // as node-rdkafka's own binding.gyp says; twice the dollar for make
    const env = environment(node, linking(source, '$$ORIGIN/../deps'))
    await run('npm', ['rebuild', 'node-rdkafka'], { cwd: part, env })
    await copy(join(source, 'build/deps'), join(client, 'build/deps'))
  }
  if (!(await loads(node, client)))
    throw new Error(`node-rdkafka was compiled, and does not load in Node.js ${node.version}`)
  settle(part, node.major)
}

/** The environment in which node-rdkafka is compiled against the librdkafka of the one kept for that Node.js. */
export function againstKept(node) {
  const kept = keptFor(node.major)
  return linking(kept, join(kept, 'build/deps'))
}

/** @param rpath where the library is looked for when it runs */
function linking(client, rpath) {
  const headers = join(client, 'deps/librdkafka')
  const libraries = join(client, 'build/deps')
  return {
    BUILD_LIBRDKAFKA: '0',
    CXXFLAGS: `-I${headers}/src -I${headers}/src-cpp`,
    LDFLAGS: `-L${libraries} -Wl,-rpath='${rpath}'`,
  }
}

/** A compiled one to start from: kept for any Node.js, or the project's own. */
function existing() {
  const kept = readdirSync(cache).find(
    name => name.startsWith(`node-rdkafka-${clientVersion}-`) && /-node\d+$/.test(name),
  )
  return kept === undefined ? own : join(cache, kept, 'node_modules/node-rdkafka')
}

async function loads(node, client) {
  const { code } = await attempt(join(node.bin, 'node'), ['-e', `require(${JSON.stringify(client)})`], {
    cwd: cache,
    env: environment(node),
  })
  return code === 0
}

/** node-rdkafka and the packages that it needs, into the folder where they are made ready. */
async function copyPackages(modules, major) {
  const part = `${homeOf(major)}.part`
  rmSync(part, { recursive: true, force: true })
  mkdirSync(join(part, 'node_modules'), { recursive: true })
  for (const name of ['node-rdkafka', 'nan', 'bindings', 'file-uri-to-path'])
    await copy(join(modules, name), join(part, 'node_modules', name))
  const client = join(part, 'node_modules/node-rdkafka')
  const deps = join(client, 'deps/librdkafka')
  const compiled = ['(', '-name', '*.o', '-o', '-name', '*.a', '-o', '-name', '*.so.1', ')', '-delete']
  await run('find', [deps, '-type', 'f', ...compiled], { cwd: cache, env: process.env })
  for (const name of ['examples', 'tests']) rmSync(join(deps, name), { recursive: true, force: true })
  // librdkafka's makefile would install into the folder that it was configured for
  for (const name of ['Makefile.config', 'config.h', 'config.cache'])
    rmSync(join(deps, name), { force: true })
  return part
}

function settle(part, major) {
  rmSync(homeOf(major), { recursive: true, force: true })
  renameSync(part, homeOf(major))
}

async function copy(from, to) {
  await run('cp', ['-a', from, to], { cwd: cache, env: process.env })
}
