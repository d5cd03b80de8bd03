import { expect, test } from 'vitest'
import { Admin } from '../../src/client/admin.ts'
import { millrace } from '../cli/harness.ts'
import { freshTopic } from '../support/cluster.ts'
import { describeOnKafka } from './brokers/suite.ts'

await describeOnKafka('doctor on Apache Kafka', { real: true }, kafka => {
  test('each broker, and what a topic’s limits are', async () => {
    const topic = freshTopic()
    const admin = Admin.open({ 'bootstrap.servers': kafka().bootstrapServers })
    await admin.createTopic(topic, {
      partitions: 2,
      config: { 'retention.ms': '3600000', 'retention.bytes': '-1' },
    })
    admin.close()
    const argv = ['doctor', '-b', kafka().bootstrapServers, '-t', topic]
    const { exit, stdout } = await millrace([...argv, '--json'])
    expect(exit).toBe(0)
    const { brokers, topic: told } = JSON.parse(stdout)
    expect(brokers.every(({ reached }: { reached: boolean }) => reached)).toBe(true)
    expect(told).toMatchObject({
      topic,
      partitions: 2,
      untold: null,
      configs: { 'retention.ms': '3600000', 'max.message.bytes': '1048588', 'cleanup.policy': 'delete' },
    })
    const people = await millrace(argv)
    expect(people.stdout).toMatch(/retention\.ms +3600000 \(1 h 00 min\)/)
    expect(people.stdout).toMatch(/retention\.bytes +-1 \(no limit\)/)
  })
})
