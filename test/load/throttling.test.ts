import { afterEach, expect, test, vi } from 'vitest'
import { Throttling } from '../../src/load/throttling.ts'
import { useEmbeddedCluster, useProducers } from '../support/cluster.ts'

const cluster = useEmbeddedCluster()
const connect = useProducers(() => cluster().bootstrapServers)

afterEach(() => vi.restoreAllMocks())

test('the slowest of late counts, until it is told otherwise or nothing is told', async () => {
  const [one, two] = [await connect(), await connect()]
  let now = performance.now()
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  const throttling = new Throttling([one, two])
  expect(throttling.milliseconds).toBe(0)
  one.emit('throttle', { broker: 'a:1/1', milliseconds: 100 })
  two.emit('throttle', { broker: 'b:1/2', milliseconds: 300 })
  expect(throttling.milliseconds).toBe(300)
  two.emit('throttle', { broker: 'b:1/2', milliseconds: 0 })
  expect(throttling.milliseconds).toBe(100)
  now += 2100
  expect(throttling.milliseconds).toBe(100)
  now += 1
  expect(throttling.milliseconds).toBe(0)
})
