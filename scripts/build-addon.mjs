// Compiles the addon of the batch engine (binding.gyp) with npm's own node-gyp. Run by npm: `npm run addon`.
// With --optional, as at install, a failure is told and is no error: the callback engine works without it.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const optional = process.argv.includes('--optional')
const gyp = process.env.npm_config_node_gyp

function fail(reason) {
  console.error(`millrace: the batch engine's addon was not built: ${reason}`)
  console.error(
    'millrace: the callback engine works without it, several times slower. To build it, install a C++',
  )
  console.error(
    'millrace: compiler, make and python3, and type: npm rebuild millrace (in a clone: scripts/bootstrap)',
  )
  process.exit(optional ? 0 : 1)
}

if (!existsSync('src/native')) fail('its sources are not here')
if (gyp === undefined) fail('npm did not say where node-gyp is; run it through npm')

const { status, error, stdout, stderr } = spawnSync(process.execPath, [gyp, 'rebuild'], { encoding: 'utf8' })
if (error !== undefined) fail(error.message)
if (status !== 0) {
  const output = `${stdout}\n${stderr}`.split('\n')
  // the compiler's own words, node-gyp's (no Python, no make), make's: the first of these tells most
  const tellers = [/\berror: /, /^gyp ERR! stack Error: /, /\*\*\* /]
  const found = tellers.map(teller => output.find(line => teller.test(line))).find(line => line !== undefined)
  fail(found?.trim().replace(/^gyp ERR! stack Error: /, '') ?? `node-gyp ended with ${status}`)
}
