import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { brokersSeenByClient, outcomeOf } from './brokers/client.ts'
import { startKafka } from './brokers/index.ts'
import { listedBrokers } from './brokers/metadata.ts'
import { describeOnKafka, describeWhere } from './brokers/suite.ts'

// The rung of an existing cluster is tried wherever the suite runs: on an embedded one when there is no other.
if (!process.env.KAFKA_BOOTSTRAP) {
  const cluster = await startKafka({ rungs: ['embedded'] })
  process.env.KAFKA_BOOTSTRAP = cluster.bootstrapServers
  afterAll(() => cluster.stop())
}

await describeOnKafka('ladder: an existing cluster', { rungs: ['existing'] }, kafka => {
  test('answers a client and outlives stop()', async () => {
    const { bootstrapServers, stop } = kafka()
    const ids = await brokersSeenByClient(bootstrapServers)
    expect(ids.length).toBeGreaterThan(0)

    await stop()

    expect(await brokersSeenByClient(bootstrapServers)).toEqual(ids)
  })
})

await describeOnKafka('ladder: the embedded cluster', { rungs: ['embedded'], brokers: 3 }, kafka => {
  test('answers a client, and no more after stop()', async () => {
    const { bootstrapServers, stop } = kafka()
    expect(await brokersSeenByClient(bootstrapServers)).toEqual([1, 2, 3])

    await stop()

    await expect(listedBrokers(firstOf(bootstrapServers))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

const small = { 'message.max.bytes': '10000' }

const traces = { testcontainers: ['guard', 'container'], maven: ['process', 'guard', 'folder'] } as const

for (const rung of ['testcontainers', 'maven'] as const) {
  await describeOnKafka(`ladder: ${rung}`, { rungs: [rung], properties: small }, kafka => {
    test('answers a client', async () => {
      expect(await brokersSeenByClient(kafka().bootstrapServers)).toEqual([1])
    })

    test('has the settings that were asked for', async () => {
      const { bootstrapServers } = kafka()
      expect(await outcomeOf(bootstrapServers, 'sizes', 5_000)).toBeNull()
      expect(await outcomeOf(bootstrapServers, 'sizes', 20_000)).toMatch(/too large/)
    })

    test('leaves nothing behind when it stops', async () => {
      const { bootstrapServers, leftovers, stop } = kafka()
      expect((await leftovers()).map(left => left.split(' ')[0])).toEqual(traces[rung])

      await stop()

      expect(await leftovers()).toEqual([])
      await expect(listedBrokers(firstOf(bootstrapServers))).rejects.toThrow(
        /ECONNREFUSED|closed the connection/,
      )
    })
  })
}

await describeOnKafka('ladder: three brokers', { rungs: ['maven'], brokers: 3, control: true }, kafka => {
  test('one is killed and comes back', async () => {
    const { bootstrapServers, kill9, restart } = kafka()
    const addresses = bootstrapServers.split(',')
    expect(await Promise.all(addresses.map(address => listedBrokers(address)))).toEqual(
      Array(3).fill([1, 2, 3]),
    )

    await kill9(1)
    await expect(listedBrokers(addresses[1]!)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(await outcomeOf(bootstrapServers, 'while-one-is-down', 100)).toBeNull()

    await restart(1)
    expect(await Promise.all(addresses.map(address => listedBrokers(address)))).toEqual(
      Array(3).fill([1, 2, 3]),
    )
  }, 90_000)

  test('one that runs is restarted in order', async () => {
    const before = await kafka().leftovers()

    await kafka().restart(2)

    const after = await kafka().leftovers()
    expect(after).toHaveLength(before.length)
    expect(after).not.toEqual(before)
  }, 90_000)

  test('there is no fourth', async () => {
    await expect(kafka().kill9(3)).rejects.toThrow(RangeError)
  })
})

await describeWhere('ladder: a broker that cannot start', { rungs: ['maven'] }, () => {
  test.each([
    ['while its storage is formatted', { 'compression.type': 'stone' }, /compression\.type/],
    ['while it starts', { 'authorizer.class.name': 'no.such.Class' }, /ended with 1.*no\.such\.Class/s],
    [
      'by a setting that is not for the suite',
      { 'node.id': '7' },
      /node\.id is what the Maven rung itself sets/,
    ],
  ])(
    '%s: tells why, and leaves nothing behind',
    async (_, properties, message) => {
      const folder = await mkdtemp(join(tmpdir(), 'millrace-ladder-'))
      vi.stubEnv('TMPDIR', folder)
      try {
        await expect(startKafka({ rungs: ['maven'], properties })).rejects.toThrow(message)
        expect(await readdir(folder)).toEqual([])
      } finally {
        vi.unstubAllEnvs()
        await rm(folder, { recursive: true })
      }
    },
    60_000,
  )
})

function firstOf(bootstrapServers: string): string {
  return bootstrapServers.split(',')[0]!
}
