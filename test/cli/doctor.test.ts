import { describe, expect, test } from 'vitest'
import { freshTopic, useEmbeddedCluster } from '../support/cluster.ts'
import { millrace, useFiles } from './harness.ts'

const cluster = useEmbeddedCluster()
const file = useFiles()

async function doctor(...argv: string[]) {
  const ended = await millrace(['doctor', ...argv])
  return { ...ended, json: () => JSON.parse(ended.stdout) }
}

test('what is installed, without brokers', async () => {
  const { exit, stderr, json } = await doctor('--json')
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  expect(json()).toMatchObject({
    schema: 'millrace.doctor/1',
    millrace: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    node: process.version,
    nodeRdkafka: expect.stringMatching(/^3\.\d+\.\d+$/),
    librdkafka: expect.stringMatching(/^2\.\d+\.\d+$/),
    features: expect.arrayContaining(['ssl']),
    engine: { name: expect.stringMatching(/batch|callback/), reason: expect.any(String) },
    embedded: false,
    brokers: [],
    topic: null,
    problems: [],
    exitCode: 0,
  })
  const people = await doctor()
  expect(people.stdout).toMatch(/^engine: .*\nbrokers: none were given/m)
  expect((await doctor('--quiet')).stdout).toBe('')
})

test('a cluster that is well, and a topic of it', async () => {
  const topic = freshTopic()
  await cluster().createTopic(topic, { partitions: 3 })
  const { exit, stderr, json } = await doctor('-b', cluster().bootstrapServers, '-t', topic, '--json')
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  expect(json()).toMatchObject({
    brokers: [{ broker: cluster().bootstrapServers, source: 'bootstrap', reached: true }],
    topic: { topic, partitions: 3, leaderless: [], configs: null, untold: expect.any(String) },
  })
  const { stdout } = await doctor('-b', cluster().bootstrapServers, '-t', topic)
  expect(stdout).toMatch(/broker .*: reached\n {2}ok {6}name/)
  expect(stdout).toContain(`topic ${topic}: 3 partitions, each with a leader`)
})

test('--embedded', async () => {
  const { exit, json } = await doctor('--embedded', '--json')
  expect({ exit, ...json() }).toMatchObject({ exit: 0, embedded: true, brokers: [{ reached: true }] })
})

describe('what is broken', () => {
  test('a topic that is not there; looking does not make it', async () => {
    const topic = freshTopic()
    const argv = [
      '-b',
      cluster().bootstrapServers,
      '-X',
      'allow.auto.create.topics=true',
      '-t',
      topic,
      '--json',
    ]
    for (const _ of [1, 2]) {
      const { exit, stderr, json } = await doctor(...argv)
      expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringContaining(`no topic ${topic}`) })
      expect(json()).toMatchObject({
        topic: { partitions: null },
        problems: [{ code: 'UNKNOWN_TOPIC' }],
        exitCode: 2,
      })
    }
  })

  test('a partition without leader', async () => {
    const topic = freshTopic()
    await cluster().createTopic(topic, { partitions: 2 })
    await cluster().setLeader(topic, 1, null)
    const { exit, stdout, stderr } = await doctor('-b', cluster().bootstrapServers, '-t', topic)
    expect({ exit, stderr }).toEqual({ exit: 5, stderr: expect.stringMatching(/have no leader: 1/) })
    expect(stdout).toMatch(/WITHOUT LEADER: 1/)
  })

  test('one broker of two', async () => {
    const { exit, stdout, json } = await doctor('-b', `127.0.0.1:1,${cluster().bootstrapServers}`, '--json')
    expect(exit).toBe(5)
    expect(json().brokers.map(({ reached }: { reached: boolean }) => reached)).toEqual([false, true])
    expect(JSON.parse(stdout).problems).toEqual([
      { code: 'BROKER_UNREACHABLE', message: expect.stringMatching(/127\.0\.0\.1:1 .*ECONNREFUSED/) },
    ])
  })

  test.each([
    ['a property that there is not', ['-X', 'no.such=1'], 2, /no\.such/],
    ['brokers that are none', ['-b', 'a:b'], 2, /port/],
    ['a name that no topic has', ['-t', 'a b'], 2, /a b/],
    ['a file', ['data.txt'], 2, /does not take/],
  ])('%s', async (_name, argv, exit, text) => {
    expect(await doctor(...argv)).toMatchObject({ exit, stderr: expect.stringMatching(text) })
  })
})

test('no secret is shown, whatever a broker answers', async () => {
  const secret = 'hunter2-is-my-password'
  const config = file(
    'client.properties',
    `security.protocol=sasl_plaintext\nsasl.mechanism=PLAIN\nsasl.username=${secret}-not\nsasl.password=${secret}\n`,
  )
  for (const more of [[], ['--json'], ['--log-level', 'debug']]) {
    const { exit, stdout, stderr } = await doctor('-b', cluster().bootstrapServers, '-F', config, ...more)
    expect(exit).toBe(5)
    expect(stdout + stderr).not.toContain(secret)
    expect(stdout).toMatch(/login/)
  }
}, 120_000)
