import { tmpdir } from 'node:os'
import { afterEach, describe, expect, test } from 'vitest'
import { runWhole } from '../../bench/load/whole-command.ts'

const run = (command: readonly string[], options = {}) => runWhole(command, tmpdir(), options)
const node = (code: string) => [process.execPath, '-e', code]
const CPU_SECONDS = 0.3
const BUSY = `while (process.cpuUsage().user < ${CPU_SECONDS * 1e6}) {}`
const onLinux = process.platform === 'linux' ? test : test.skip

afterEach(() => {
  delete process.env.MILLRACE_BROKERS
})

describe('a command from its start to its end', () => {
  onLinux('has the processor time of its whole life', async () => {
    const { seconds, cpuSeconds } = await run(node(BUSY))
    expect(cpuSeconds).toBeGreaterThan(CPU_SECONDS * 0.9)
    expect(seconds).toBeGreaterThan(CPU_SECONDS * 0.9)
  })

  onLinux('has that of what it waited for, too', async () => {
    const { cpuSeconds } = await run(['sh', '-c', '"$@" | "$@"', 'sh', ...node(BUSY)])
    expect(cpuSeconds).toBeGreaterThan(2 * CPU_SECONDS * 0.9)
  })

  onLinux('has none of what ended before', async () => {
    await run(node(BUSY))
    const { cpuSeconds } = await run(['true'])
    expect(cpuSeconds).toBeLessThan(CPU_SECONDS / 2)
  })

  onLinux('has its greatest memory, where somebody looks', async () => {
    const bytes = 200e6
    const fill = node(`Buffer.alloc(${bytes}, 1); setTimeout(() => {}, 200)`)
    expect((await run(fill, { watchMemory: true })).peakRssBytes).toBeGreaterThan(bytes)
    expect((await run(fill)).peakRssBytes).toBeNull()
  })

  test('has what it wrote to standard output, and an empty standard input', async () => {
    const { stdout } = await run(['sh', '-c', 'cat; echo out; echo err >&2'])
    expect(stdout).toBe('out\n')
  })

  test('is not configured by what is set outside', async () => {
    process.env.MILLRACE_BROKERS = 'elsewhere:9092'
    const { stdout } = await run(node('console.log(process.env.MILLRACE_BROKERS, typeof process.env.PATH)'))
    expect(stdout).toBe('undefined string\n')
  })

  test.each([
    [['sh', '-c', 'echo reason >&2; exit 3'], 'sh ended with exit code 3: reason'],
    [['sh', '-c', 'kill -TERM $$'], 'sh ended with SIGTERM'],
    [['/no/such/program'], 'ENOENT'],
  ])('%j is an error', async (command, message) => {
    await expect(run(command)).rejects.toThrow(message)
  })
})
