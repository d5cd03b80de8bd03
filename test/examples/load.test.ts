import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { useFiles } from '../cli/harness.ts'
import { useEmbeddedCluster } from '../support/cluster.ts'
import { skipBecause } from '../support/skip-reason.ts'

const cluster = useEmbeddedCluster()
const file = useFiles()
const built = existsSync('dist/index.js') ? {} : skipBecause('dist/ is not built')

async function example(
  env: NodeJS.ProcessEnv,
  files: readonly string[] = [],
): Promise<{ code: number | null; output: string; errors: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/load.ts', ...files], {
    env: { ...process.env, MILLRACE_BROKERS: undefined, ...env },
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', data => {
    output += data
  })
  child.stderr.on('data', data => {
    errors += data
  })
  const code = await new Promise<number | null>(resolve => child.on('close', resolve))
  return { code, output, errors }
}

test('the load puts files into the brokers given, and goes on with what was loaded', built, async () => {
  await cluster().createTopic('events', { partitions: 2 })
  const path = file('users.ndjson', '{"user":{"id":"a"}}\n{"user":{"id":"b"}}\n')
  const brokers = { MILLRACE_BROKERS: cluster().bootstrapServers }
  const { code, output, errors } = await example(brokers, [path])
  expect({ code, errors }).toEqual({ code: 0, errors: '' })
  expect(output).toContain(
    'finished: 2 read = 2 delivered + 0 failed + 0 rejected + 0 unsent + 0 already done\n',
  )
  expect(output).toContain(`receipt: ${path}.receipt\n`)
  const found = await cluster().readAll('events')
  expect(found.map(({ key }) => String(key)).sort()).toEqual(['a', 'b'])
  const again = await example(brokers, [path])
  expect(again.output).toMatch(/^All of the load is done already: 2 records$/m)
  expect(again.output).toContain('2 read = 0 delivered + 0 failed + 0 rejected + 0 unsent + 2 already done\n')
  expect(await cluster().readAll('events')).toHaveLength(2)
})

test('and two files of its own into an embedded cluster otherwise', built, async () => {
  const { code, output, errors } = await example({})
  expect({ code, errors }).toEqual({ code: 0, errors: '' })
  expect(output).toMatch(/^An embedded cluster .* it is not Kafka/)
  expect(output).toMatch(/^100 % .*messages\/s, 0 in flight, 0 s left$/m)
  expect(output).toMatch(/^rejected: .*[ab]\.ndjson\.gz/m)
  expect(output).toMatch(
    /2000 read = 1998 delivered \+ 0 failed \+ 2 rejected \+ 0 unsent \+ 0 already done\n$/,
  )
})
