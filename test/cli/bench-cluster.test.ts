import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ClusterProcess, forkCluster } from '../../src/bench/children.ts'
import type { BenchReport } from '../../src/bench/report.ts'
import { Producer } from '../../src/index.ts'
import { start } from './harness.ts'

let cluster: ClusterProcess
beforeAll(async () => {
  cluster = await forkCluster({ wide: 6 })
})
afterAll(async () => {
  await cluster.stop()
})

async function bench(...args: string[]) {
  const given = ['-b', cluster.bootstrapServers, '--duration', '0.3', '--warmup', '0.1', '--repeat', '2']
  const { exit, stdout, stderr } = start(['bench', ...given, ...args])
  return { exitCode: await exit, stdout: stdout.text, stderr: stderr.text }
}

test('an embedded cluster of another process has no markers, and is said to be none of Kafka', async () => {
  const transactions = ['--transactional-id', 'a', '--transaction-duration', '0.1', '--api', 'batch']
  const { exitCode, stdout, stderr } = await bench(...transactions, '--json')
  const { cells, environment } = JSON.parse(stdout) as BenchReport
  const trials = cells.flatMap(cell => cell.trials)
  expect(trials.map(({ why }) => why)).toEqual([null, null])
  expect(trials.map(({ transactionMarkers }) => transactionMarkers)).toEqual([0, 0])
  expect(trials[0]?.transactions?.committed).toBeGreaterThan(0)
  if (process.platform === 'linux') expect(trials[0]?.broker).toMatchObject({ processes: 1, gcMs: null })
  expect(environment).toMatchObject({ embedded: true, brokers: cluster.bootstrapServers, topic: null })
  expect(stderr).toMatch(/^Against an embedded cluster, which is not Kafka/)
  expect(exitCode).toBe(0)
}, 60_000)

test('its own topics keep the partitions that they have', async () => {
  const { exitCode, stdout } = await bench('-t', 'wide', '--api', 'batch')
  expect(stdout).toContain(`Embedded cluster ${cluster.bootstrapServers} (not Kafka)`)
  expect(stdout).toContain('partitions 6')
  expect(exitCode).toBe(0)
}, 60_000)

test('topics that it cannot make are refused before anything is measured', async () => {
  const { exitCode, stderr } = await bench('--api', 'batch', '--partitions', '3')
  expect(stderr).toContain(`--partitions: ${cluster.bootstrapServers} is an embedded cluster`)
  expect(stderr).not.toContain('[1/')
  expect(exitCode).toBe(2)
})

test('a topic that is not there is not made', async () => {
  const { exitCode, stdout, stderr } = await bench('-t', 'nosuch', '--api', 'batch', '--json')
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'UNKNOWN_TOPIC' }, exitCode: 2 })
  expect(stderr).toContain('The cluster has no topic nosuch')
  expect(exitCode).toBe(2)
  const producer = await Producer.connect({
    'bootstrap.servers': cluster.bootstrapServers,
    'allow.auto.create.topics': false,
  })
  expect(await producer.describeTopic('nosuch')).toBeNull()
  await producer.close()
})
