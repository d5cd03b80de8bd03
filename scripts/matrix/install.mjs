// scripts/test-install: see there.
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as clients from './clients.mjs'
import { check, finish, logTo, say, skip } from './console.mjs'
import { commandsIn, Project, works } from './project.mjs'
import { serveRegistry } from './registry.mjs'
import { read, run } from './run.mjs'
import { cache, fetchNode, fetchNpm, packageAt, root, thisNode } from './toolchains.mjs'

const freshly = process.argv.includes('--compile')
const installed = ['--no-audit', '--no-fund']

logTo(join(cache, 'test-install.log'))
const here = thisNode()
const npm11 = await fetchNpm(11)
const npm12 = await fetchNpm(12)
// npm 12 wants Node.js 22.22, 24.15 or later
const newer = await fetchNode(24)

const { tarball, files } = await pack()
/** What npm 12 installs; by name, as it allows scripts by name. */
let fromRegistry
await check('the package has what an install needs and no more', () => checkFiles(files))

if (npm11 === undefined) skip('npm 11', 'the registry has none')
else {
  say(`npm ${npm11.version} on Node.js ${here.version}`)
  await checkIn('types are found by TypeScript', npm11, here, types)
  const compiled = await fromNothing()
  if (compiled) {
    await checkIn('the addon compiled first, node-rdkafka after it', npm11, here, addonFirst)
    await checkIn('node-rdkafka compiled first, the addon after it', npm11, here, clientFirst)
    await checkIn('a compiler that fails', npm11, here, project =>
      withoutCompiler(project, { CXX: 'false' }, /`make` failed/),
    )
    await checkIn('no compiler and no make', npm11, here, project => withBarePath(project))
  } else skip('the cases with a compiled node-rdkafka', 'it could not be compiled')
}

if (npm12 === undefined || newer === undefined)
  skip('npm 12', 'the registry lacks npm 12 or a Node.js 24 for this platform')
else {
  fromRegistry = [`--registry=${await serveRegistry(tarball)}`, 'millrace']
  say(`npm ${npm12.version} on Node.js ${newer.version}`)
  const kept = await checkIn('scripts blocked, then repaired with what the errors say', npm12, newer, blocked)
  if (kept) {
    await checkIn('scripts blocked, node-rdkafka there already', npm12, newer, blockedAddon)
    await checkIn('a global install, the addon’s script allowed', npm12, newer, globally)
    await checkIn('scripts allowed by the project', npm12, newer, allowed, {
      allowScripts: { millrace: true, 'node-rdkafka': true },
    })
  } else skip('the other cases of npm 12', 'node-rdkafka was not compiled')
}
finish()

async function checkIn(name, npm, node, body, fields) {
  const project = new Project(node, npm, fields)
  const passed = await check(name, () => body(project))
  if (passed) project.remove()
  else say(`    its project: ${project.folder}`)
  return passed
}

/** npm's own order, both compiled by one `npm install`. */
async function fromNothing() {
  const name = 'one npm install compiles everything, in whatever order npm takes'
  if (!freshly && (await clients.isKept(here))) {
    skip(name, 'a compiled node-rdkafka is kept from before; --compile does it all again (3 minutes)')
    return true
  }
  say(
    '  npm install is about to compile librdkafka, node-rdkafka and the addon: 3 minutes on two cores, once',
  )
  return checkIn(name, npm11, here, async project => {
    await project.runNpm(['install', ...installed, tarball])
    await works(project, 'batch')
    await clients.keep(here, project.folder)
  })
}

/** With this clone's compiler and types of Node.js. */
async function types(project) {
  await project.runNpm(['install', ...installed, '--ignore-scripts', tarball])
  const file = join(project.folder, 'consumer.mts')
  cpSync(join(root, 'scripts/matrix/consumer.ts'), file)
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const typeRoots = join(root, 'node_modules/@types')
  for (const [module, resolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    const options = [
      '--noEmit',
      '--strict',
      '--target',
      'es2022',
      '--types',
      'node',
      '--typeRoots',
      typeRoots,
    ]
    const args = [tsc, ...options, '--module', module, '--moduleResolution', resolution, file]
    await run(process.execPath, args, { cwd: project.folder, env: process.env })
  }
}

async function addonFirst(project) {
  await project.runNpm(['install', ...installed, '--ignore-scripts', tarball])
  await project.runNpm(['rebuild', 'millrace'])
  assert.deepEqual([project.addonIsThere, project.clientIsThere], [true, false])
  const { testing, auto } = await project.use()
  assert.deepEqual([testing.error.code, auto.error.code], ['CLIENT_NOT_BUILT', 'CLIENT_NOT_BUILT'])
  await clients.put(project.node, project.folder)
  await works(project, 'batch')
}

async function clientFirst(project) {
  await withClient(project)
  await project.runNpm(['install', ...installed, '--foreground-scripts', tarball])
  await works(project, 'batch')
}

/** A project that has used node-rdkafka before: npm does not compile it again. */
async function withClient(project) {
  await project.runNpm(['install', ...installed, '--ignore-scripts', `node-rdkafka@${clients.clientVersion}`])
  await clients.put(project.node, project.folder)
}

/** The install succeeds and says what is missing. */
async function withoutCompiler(project, env, reason) {
  await withClient(project)
  const output = await project.runNpm(['install', ...installed, '--foreground-scripts', tarball], env)
  const told = output.match(/addon was not built: (.*)/)?.[1]
  assert.match(told ?? '', reason)
  await standsIn(project)
}

/** Only Node.js and a shell are on the PATH. */
async function withBarePath(project) {
  const bin = mkdtempSync(join(tmpdir(), 'millrace-path-'))
  try {
    symlinkSync(join(project.node.bin, 'node'), join(bin, 'node'))
    symlinkSync('/bin/sh', join(bin, 'sh'))
    await withoutCompiler(project, { PATH: bin, PYTHON: '' }, /Python|not found: make/)
  } finally {
    rmSync(bin, { recursive: true })
  }
}

async function blocked(project) {
  const { node } = project
  await project.runNpm(['install', ...installed, ...fromRegistry])
  assert.deepEqual([project.addonIsThere, project.clientIsThere], [false, false])
  const { testing, auto, warnings } = await project.use()
  assert.deepEqual(
    [testing.error.code, auto.error.code, warnings],
    ['CLIENT_NOT_BUILT', 'CLIENT_NOT_BUILT', []],
  )

  const kept = !freshly && (await clients.isKept(node))
  say(
    kept
      ? "    node-rdkafka's binding is about to be compiled, against the librdkafka that is kept: a minute"
      : '    librdkafka and node-rdkafka are about to be compiled: 3 minutes on two cores, once',
  )
  const env = kept ? clients.againstKept(node) : undefined
  for (const command of commandsIn(auto.error.message)) await project.type(command, env)
  await works(project, 'batch')
  if (!kept) await clients.keep(node, project.folder)
}

/** As `blocked`, but node-rdkafka was there before: the callback engine stands in until the addon is approved, too. */
async function blockedAddon(project) {
  await withClient(project)
  await project.runNpm(['install', ...installed, ...fromRegistry])
  await standsIn(project)
}

/** One warning at use, and what it says to type repairs it. */
async function standsIn(project) {
  assert.ok(!project.addonIsThere)
  const { batch, warnings } = await works(project, 'callback')
  assert.equal(batch.error?.code, 'ENGINE_UNAVAILABLE')
  assert.equal(warnings.length, 1, `one warning, not: ${warnings.join('\n')}`)
  assert.ok(warnings[0].includes(batch.error.message), `${warnings[0]} does not say: ${batch.error.message}`)
  for (const command of commandsIn(warnings[0])) await project.type(command)
  await works(project, 'batch')
}

/** There is no package.json to allow scripts in; the addon's is run, node-rdkafka's (minutes) left blocked. */
async function globally(project) {
  const prefix = join(project.folder, 'global')
  await project.runNpm([
    'install',
    ...installed,
    '-g',
    '--prefix',
    prefix,
    '--allow-scripts=millrace',
    ...fromRegistry,
  ])
  const modules = join(prefix, 'lib/node_modules/millrace')
  const [addon, client] = [
    'build/Release/millrace.node',
    'node_modules/node-rdkafka/build/Release/node-librdkafka.node',
  ].map(path => existsSync(join(modules, path)))
  assert.deepEqual({ addon, client }, { addon: true, client: false })
  const node = join(project.node.bin, 'node')
  const output = await run(node, [join(prefix, 'bin/millrace'), '--version'], {
    cwd: prefix,
    env: process.env,
  })
  assert.equal(output.trim(), packageAt(root).version)
}

async function allowed(project) {
  const wanted = project.allowed
  await withClient(project)
  await project.runNpm(['install', ...installed, ...fromRegistry])
  assert.deepEqual(project.allowed, wanted)
  await works(project, 'batch')
}

async function pack() {
  say('packs millrace (a few seconds)')
  const args = ['pack', '--json', '--pack-destination', cache]
  const stdout = await read('npm', args, { cwd: root, env: process.env })
  // after what the build says: an array of npm 11, an object of npm 12
  const json = stdout.slice(stdout.search(/^[[{]$/m))
  const [{ filename, files }] = Object.values(JSON.parse(json))
  return { tarball: join(cache, filename), files: files.map(({ path }) => path) }
}

function checkFiles(paths) {
  const needed = [
    'package.json',
    'README.md',
    'LICENSE',
    'binding.gyp',
    'scripts/build-addon.mjs',
    'src/native/binding.cc',
    'src/native/kafka.h',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/testing/index.js',
    'dist/testing/index.d.ts',
    'dist/cli/main.js',
  ]
  assert.deepEqual(
    needed.filter(path => !paths.includes(path)),
    [],
    'these are missing',
  )
  const expected =
    /^(package\.json|README\.md|LICENSE|binding\.gyp|scripts\/build-addon\.mjs|src\/native\/[\w-]+\.(cc|h)|dist\/.+\.(js|d\.ts|js\.map))$/
  assert.deepEqual(
    paths.filter(path => !expected.test(path)),
    [],
    'these do not belong',
  )
}
