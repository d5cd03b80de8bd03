// scripts/test-nodes: see there.
import assert from 'node:assert/strict'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import * as clients from './clients.mjs'
import { check, finish, logTo, say, skip } from './console.mjs'
import { attempt, read, run } from './run.mjs'
import { cache, environment, fetchNode, root, thisNode } from './toolchains.mjs'

const here = thisNode()
const given = process.argv.slice(2)
const majors = (given.length > 0 ? given : ['20', '22', '24', '26']).map(Number)
if (majors.some(major => !Number.isInteger(major) || major < 20)) {
  console.error('test-nodes: versions are major versions of Node.js from 20 on, such as 22 24')
  process.exit(2)
}

logTo(join(cache, 'test-nodes.log'))
const addon = join(root, 'build/Release/millrace.node')
for (const major of majors) await tryNode(major)
finish()

async function tryNode(major) {
  const node = await fetchNode(major)
  if (node === undefined) {
    skip(`Node.js ${major}`, 'the registry has none for this platform')
    return
  }
  say(`Node.js ${node.version}`)
  const compiled = await check(`${major}: node-rdkafka compiles and loads`, () => clients.compile(node))
  if (!compiled) {
    skip(`${major}: all else`, 'it stands on node-rdkafka')
    return
  }
  const folder = join(cache, `clone-node${major}`)
  await layOut(folder, node)
  await check(`${major}: the addon compiled by Node.js ${here.major} loads and delivers`, async () => {
    mkdirSync(join(folder, 'build/Release'), { recursive: true })
    cpSync(addon, join(folder, 'build/Release/millrace.node'))
    await delivers(folder, node)
  })
  await check(`${major}: the addon compiles with its own headers, loads and delivers`, async () => {
    rmSync(join(folder, 'build'), { recursive: true, force: true })
    await run('npm', ['run', '--silent', 'addon'], { cwd: folder, env: environment(node) })
    await delivers(folder, node)
  })
  await check(`${major}: the test suites`, () => suites(folder, node))
}

/** A copy of the working tree, with this clone's packages and that Node's own node-rdkafka. */
async function layOut(folder, node) {
  rmSync(folder, { recursive: true, force: true })
  const modules = join(folder, 'node_modules')
  mkdirSync(modules, { recursive: true })
  const listed = await read('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    env: process.env,
  })
  for (const path of listed.split('\0')) {
    const from = join(root, path)
    if (path === '' || !existsSync(from) || !lstatSync(from).isFile()) continue
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    cpSync(from, join(folder, path))
  }
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name === 'node-rdkafka' || (name.startsWith('.') && name !== '.bin')) continue
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  await clients.put(node, folder)
}

async function delivers(folder, node) {
  const { code, signal, output } = await attempt(
    join(node.bin, 'node'),
    ['--import', 'tsx', 'test/engine/children/use-engines.ts', folder],
    { cwd: folder, env: environment(node) },
  )
  assert.equal(code, 0, `it ended with ${signal ?? code}:\n${output}`)
  const { auto, batch, warnings } = JSON.parse(output.trim().split('\n').at(-1))
  const delivered = { engine: 'batch', delivered: 1 }
  assert.deepEqual({ auto, batch, warnings }, { auto: delivered, batch: delivered, warnings: [] })
}

/** Those that need neither Docker nor Maven; all tests that were skipped are told with the reason. */
async function suites(folder, node) {
  const env = environment(node, { MILLRACE_SUMMARY: join(folder, 'summary'), DOCKER_HOST: 'unix:///nowhere' })
  for (const name of ['KAFKA_BOOTSTRAP', 'MILLRACE_REQUIRE']) delete env[name]
  env.PATH = `${withoutJava(folder)}${delimiter}${env.PATH}`
  await run('npm', ['run', '--silent', 'build'], { cwd: folder, env })
  const vitest = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=./test/support/summary-reporter.ts',
  ]
  const { code, signal, output } = await attempt(join(node.bin, 'node'), vitest, { cwd: folder, env })
  const summary = existsSync(env.MILLRACE_SUMMARY)
    ? readFileSync(env.MILLRACE_SUMMARY, 'utf8').trim()
    : 'no summary'
  say(`    ${summary.replaceAll('\n', '\n    ')}`)
  if (code === 0) return
  const lines = stripVTControlCharacters(output).split('\n')
  const failures = new Set(lines.filter(line => /^\s*FAIL /.test(line)).map(line => line.trim()))
  throw new Error(`the test runner ended with ${signal ?? code}:\n${[...failures].join('\n')}`)
}

/** A folder with a Java that does not run, for the PATH. */
function withoutJava(folder) {
  const bin = join(folder, 'without-java')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, 'java'), '#!/bin/sh\necho left out on purpose >&2\nexit 1\n')
  chmodSync(join(bin, 'java'), 0o755)
  return bin
}
