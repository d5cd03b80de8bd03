import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { useEmbeddedCluster } from '../support/cluster.ts'
import { skipBecause } from '../support/skip-reason.ts'

const cluster = useEmbeddedCluster()
const built = existsSync('dist/index.js') ? {} : skipBecause('dist/ is not built')

async function example(
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; output: string; errors: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/threads.ts'], {
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

const messages = Array.from({ length: 10 }, (_, n) => `Message ${n}`)

test('five threads send ten messages to the brokers given, and say what went where', built, async () => {
  const { code, output, errors } = await example({ MILLRACE_BROKERS: cluster().bootstrapServers })
  expect({ code, errors }).toEqual({ code: 0, errors: '' })
  const found = await cluster().readAll('mytopic')
  expect(found.map(({ value }) => String(value)).sort()).toEqual(messages)
  for (const { value, partition, offset } of found) {
    const thread = Number(String(value).slice('Message '.length)) % 5
    expect(output).toContain(`thread ${thread}: ${value} -> mytopic [${partition}] at offset ${offset}\n`)
  }
  expect(output).toMatch(/10 accepted = 10 delivered \+ 0 failed \+ 0 unsent\n$/)
})

test('and to an embedded cluster otherwise', built, async () => {
  const { code, output } = await example({})
  expect(code).toBe(0)
  expect(output).toMatch(/^An embedded cluster .* it is not Kafka/)
  expect(output.match(/thread \d: Message \d -> mytopic/g)).toHaveLength(10)
})
