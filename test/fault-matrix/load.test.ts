import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BrokerFault, EmbeddedCluster } from '../../src/testing/index.ts'
import { millrace } from '../cli/harness.ts'
import { freshTopic } from '../support/cluster.ts'
import { engines } from './rig.ts'

const RECORDS = 500

const faults: readonly [name: string, faults: BrokerFault[], kafkaName: string][] = [
  // row 5
  ['TOPIC_AUTHORIZATION_FAILED', [{}, { error: 'TOPIC_AUTHORIZATION_FAILED' }], 'TOPIC_AUTHORIZATION_FAILED'],
  // row 13
  ['an answer that does not come', [{}, { rttMs: 60_000 }], '_MSG_TIMED_OUT'],
  // row 19
  [
    'a fatal error',
    [{}, { error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }],
    // the first of what is reported: the request that failed, or the queue that librdkafka emptied then
    'OUT_OF_ORDER_SEQUENCE_NUMBER|_PURGE_QUEUE|fatal',
  ],
]

describe.each(engines)('a load with the %s engine', engine => {
  let cluster: EmbeddedCluster
  beforeEach(async () => {
    cluster = await EmbeddedCluster.start()
  })
  afterEach(() => cluster.stop())

  test.each(faults)(
    'that meets %s ends with exit 5, says why, and accounts for all',
    async (_name, pushed, reason) => {
      const topic = freshTopic()
      await cluster.createTopic(topic, { partitions: 1 })
      await cluster.pushBrokerErrors(1, 'Produce', pushed)
      const brokers = ['-b', cluster.bootstrapServers, '--engine', engine]
      const properties = ['-X', 'batch.num.messages=50', '-X', 'delivery.timeout.ms=1500']
      const stdin = Array.from({ length: RECORDS }, (_, n) => `${n}\n`).join('')
      const { exit, stdout, stderr } = await millrace(
        ['produce', '-t', topic, '--json', ...brokers, ...properties],
        {
          stdin,
        },
      )
      expect({ exit, stderr }).toEqual({ exit: 5, stderr: expect.stringMatching(reason) })
      const { read, sent, skipped, rejected, unsent, delivered, failed, possiblyPersisted } =
        JSON.parse(stdout)
      expect(read).toBe(sent + skipped + rejected + unsent)
      expect(sent).toBe(delivered + failed)
      // no record is to blame
      expect(rejected).toBe(0)
      expect(failed).toBeGreaterThan(0)
      const log = (await cluster.readAll(topic)).map(({ value }) => Number(value))
      expect(log.length).toBeGreaterThanOrEqual(delivered)
      expect(log.length).toBeLessThanOrEqual(delivered + possiblyPersisted)
    },
  )
})
