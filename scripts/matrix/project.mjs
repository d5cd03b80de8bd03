// An empty project that is to use millrace, outside of this one, so that nothing is found in folders above it.
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { attempt, run } from './run.mjs'
import { environment, packageAt, root } from './toolchains.mjs'

export class Project {
  /** @param more fields of its package.json */
  constructor(node, npm, more = {}) {
    this.node = node
    this.npm = npm
    this.folder = mkdtempSync(join(tmpdir(), 'millrace-project-'))
    writeFileSync(
      join(this.folder, 'package.json'),
      JSON.stringify({ name: 'project', private: true, ...more }),
    )
    cpSync(join(root, 'scripts/matrix/consumer.mjs'), join(this.folder, 'consumer.mjs'))
  }

  has(path) {
    return existsSync(join(this.folder, 'node_modules', path))
  }

  get addonIsThere() {
    return this.has('millrace/build/Release/millrace.node')
  }

  get clientIsThere() {
    return this.has('node-rdkafka/build/Release/node-librdkafka.node')
  }

  get allowed() {
    return packageAt(this.folder).allowScripts
  }

  /** Runs this project's npm; throws where it fails. */
  runNpm(args, env) {
    return run(join(this.node.bin, 'node'), [this.npm.cli, ...args], this.#options(env))
  }

  /** Types a command of npm's as an error text prints it. */
  type(command, env) {
    const [name, ...args] = command.split(' ')
    assert.equal(name, 'npm', `not a command of npm's: ${command}`)
    return this.runNpm(args, env)
  }

  /** What the program in consumer.mjs finds. */
  async use() {
    const { code, signal, output } = await attempt(
      join(this.node.bin, 'node'),
      ['consumer.mjs'],
      this.#options(),
    )
    const line = output.split('\n').find(line => line.startsWith('{'))
    assert.ok(code === 0 && line !== undefined, `the program ended with ${signal ?? code}:\n${output}`)
    return JSON.parse(line)
  }

  /** `npx millrace --version`. */
  async version() {
    const npx = join(this.npm.cli, '../npx-cli.js')
    const output = await run(join(this.node.bin, 'node'), [npx, 'millrace', '--version'], this.#options())
    return output.trim().split('\n').at(-1)
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true })
  }

  #options(env) {
    return { cwd: this.folder, env: environment(this.node, env) }
  }
}

/** All that an install is for, with the engine that is expected there. */
export async function works(project, engine) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  assert.equal(await project.version(), version)
  const found = await project.use()
  const delivered = { engine, delivered: 10 }
  assert.deepEqual(
    { sameClass: found.sameClass, auto: found.auto, autoAgain: found.autoAgain },
    { sameClass: true, auto: delivered, autoAgain: delivered },
  )
  assert.deepEqual(found.testing, { read: engine === 'batch' ? 30 : 20 })
  if (engine === 'batch')
    assert.deepEqual({ batch: found.batch, warnings: found.warnings }, { batch: delivered, warnings: [] })
  return found
}

/** The commands that an error text says to type, in their order. */
export function commandsIn(text) {
  const commands = [...text.matchAll(/`(npm [^`]+)`/g)].map(match => match[1])
  assert.ok(commands.length > 0, `no command to type in: ${text}`)
  return commands
}
