import { setImmediate as turn } from 'node:timers/promises'
import { getHeapStatistics } from 'node:v8'
import { expect, test } from 'vitest'
import { Collector } from '../../src/workers/collect.ts'

const MB = 1e6

// as of a load: some live for a while, so that they grow old
test.each([0, 20])('dead buffers do not pile up; %i of them live', async lived => {
  const collector = new Collector(2 * MB)
  const living: Uint8Array[] = []
  const before = getHeapStatistics().external_memory
  let most = 0
  for (let n = 0; n < 6000; n++) {
    living.push(new Uint8Array(100_000))
    if (living.length > lived) living.shift()
    collector.check()
    if (n % 10 === 0) await turn()
    most = Math.max(most, getHeapStatistics().external_memory)
  }
  expect(most - before).toBeLessThan(20 * MB)
})
