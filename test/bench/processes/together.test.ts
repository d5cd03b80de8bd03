import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Cell, cellsOf, defaultGrid } from '../../../src/bench/cell.ts'
import { runTogether } from '../../../src/bench/processes/together.ts'
import { Producer } from '../../../src/index.ts'
import { EmbeddedCluster } from '../../../src/testing/index.ts'

let cluster: EmbeddedCluster
let witness: Producer
beforeAll(async () => {
  cluster = await EmbeddedCluster.start()
  witness = await Producer.connect({ 'bootstrap.servers': cluster.bootstrapServers })
})
afterAll(async () => {
  await witness.close()
  await cluster.stop()
})

const specOf = (topic: string, brokers = cluster.bootstrapServers) => ({
  cell: cellsOf({ ...defaultGrid, processes: [2] })[0] as Cell,
  topic,
  properties: { 'bootstrap.servers': brokers },
  warmupSeconds: 0.1,
  length: { seconds: 60 },
  seed: 1,
  allowFailures: false,
})

function children(): number[] {
  const path = `/proc/${process.pid}/task/${process.pid}/children`
  const all = readFileSync(path, 'utf8').trim().split(' ').map(Number)
  return all.filter(pid => pid > 0 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('part-process'))
}

async function sent(topic: string): Promise<number> {
  const description = await witness.describeTopic(topic)
  return description?.partitions.reduce((sum, { high }) => sum + high, 0) ?? 0
}

test.runIf(process.platform === 'linux')(
  'a process that dies makes the trial void, and ends the others',
  async () => {
    const running = runTogether(specOf('death'))
    while ((await sent('death')) < 10_000) await new Promise(resolve => setTimeout(resolve, 20))
    const [victim] = children()
    process.kill(victim as number, 'SIGKILL')
    const { faults } = await running
    expect(faults.join('\n')).toMatch(/^process [12] of 2 was ended by SIGKILL$/m)
    expect(children()).toEqual([])
  },
)

test('without a broker it cannot begin', async () => {
  await expect(runTogether(specOf('none', '127.0.0.1:1'))).rejects.toMatchObject({
    code: 'BROKER_UNREACHABLE',
  })
})
