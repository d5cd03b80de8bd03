import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BrokerFault, EmbeddedCluster } from '../../src/testing/index.ts'
import { millrace, withoutUnchecked } from '../cli/harness.ts'
import { freshTopic } from '../support/cluster.ts'
import { engines } from './rig.ts'

const RECORDS = 500

const faults: readonly [name: string, faults: BrokerFault[], exit: number, reason: RegExp][] = [
  // row 5, by the callback engine: it cannot tell that the refused messages are not in the log
  [
    'TOPIC_AUTHORIZATION_FAILED',
    [{}, { error: 'TOPIC_AUTHORIZATION_FAILED' }],
    3,
    /TOPIC_AUTHORIZATION_FAILED/,
  ],
  // row 13
  ['an answer that does not come', [{}, { rttMs: 60_000 }], 3, /_MSG_TIMED_OUT/],
  // row 19
  [
    'a fatal error',
    [{}, { error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }],
    5,
    // the first of what is reported: the request that failed, or the queue that librdkafka emptied then
    /OUT_OF_ORDER_SEQUENCE_NUMBER|_PURGE_QUEUE|fatal/,
  ],
]

describe.each(engines)('a load with the %s engine', engine => {
  let cluster: EmbeddedCluster
  beforeEach(async () => {
    cluster = await EmbeddedCluster.start()
  })
  afterEach(() => cluster.stop())

  test.each(faults)(
    'that meets %s says why, and accounts for all',
    async (name, pushed, expected, reason) => {
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
      // known not to be in the log: sent again, and nothing has happened
      const isMended = engine === 'batch' && name === 'TOPIC_AUTHORIZATION_FAILED'
      expect({ exit, stderr: withoutUnchecked(stderr) }).toEqual({
        exit: isMended ? 0 : expected,
        stderr: isMended ? '' : expect.stringMatching(reason),
      })
      const { read, sent, skipped, rejected, unsent, resent, delivered, failed, possiblyPersisted } =
        JSON.parse(stdout)
      expect(read).toBe(sent + skipped + rejected + unsent)
      expect(sent).toBe(delivered + failed)
      // no record is to blame
      expect(rejected).toBe(0)
      if (isMended) expect({ delivered, resent: resent > 0 }).toEqual({ delivered: RECORDS, resent: true })
      else expect(failed).toBeGreaterThan(0)
      const log = (await cluster.readAll(topic)).map(({ value }) => Number(value))
      expect(log.length).toBeGreaterThanOrEqual(delivered)
      expect(log.length).toBeLessThanOrEqual(delivered + possiblyPersisted)
    },
  )
})
