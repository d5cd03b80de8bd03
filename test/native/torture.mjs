// The addon, built with AddressSanitizer, in Node: goes through the scenarios of test/support/fixtures/crash at random.
//   node test/native/torture.mjs [--seconds 60] [--seed N]
// scripts/sanitize builds what this needs. Ends with 0, or with what AddressSanitizer, or a scenario, has to say.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { register } from 'tsx/esm/api'

const options = { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } }
const { values } = parseArgs({ options })
const root = fileURLToPath(new URL('../../', import.meta.url))

register()
const { stage } = await import('../support/fixtures/crash/stage.ts')
const main = await stage(
  join(root, 'build/sanitize/node'),
  join(root, 'build/sanitize/address/millrace.node'),
)

// librdkafka of the same build, where it is there, instead of node-rdkafka's. Found by path, not preloaded: with all that
// it needs in the process before main, p11-kit's last function waits for a lock of glibc's for ever, in any program.
const library = join(root, '.cache/sanitize/address')
const asan = execFileSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim()
const child = spawn(process.execPath, ['--expose-gc', main, 'torture', values.seed, values.seconds], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: {
    ...process.env,
    LD_PRELOAD: asan,
    ...(existsSync(join(library, 'librdkafka.so.1')) && { LD_LIBRARY_PATH: library }),
    // what Node itself never frees is no leak of ours; its own handlers want signals to themselves
    ASAN_OPTIONS: 'detect_leaks=0:handle_segv=1:allocator_may_return_null=1:detect_odr_violation=0',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  },
})
let last = ''
child.stdout.on('data', data => {
  last = String(data).trim().split('\n').at(-1) || last
})
child.on('exit', (code, signal) => {
  console.log(`torture: seed ${values.seed}, last ${last}`)
  if (code !== 0) console.error(`torture FAILED: ended with ${signal ?? code}`)
  process.exitCode = code === 0 ? 0 : 1
})
