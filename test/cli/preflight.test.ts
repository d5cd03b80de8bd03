import { describe, expect, test } from 'vitest'
import { freshTopic, useEmbeddedCluster } from '../support/cluster.ts'
import { millrace, useFiles } from './harness.ts'

// what Kafka itself makes of it stands in test/integration/preflight.test.ts
const cluster = useEmbeddedCluster()
const file = useFiles()

const produce = (...argv: string[]) => millrace(['produce', '-b', cluster().bootstrapServers, ...argv])

describe('--create-topic', () => {
  test.each([
    ['--create-topic=7', 7],
    ['--create-topic', 4],
  ])('%s on an embedded cluster', async (flag, partitions) => {
    const path = file('a.txt', 'a\n')
    const { exit, stderr } = await millrace(['produce', '--embedded', '-t', 'made', flag, path])
    expect({ exit, stderr }).toEqual({
      exit: 0,
      stderr: expect.stringContaining(`Made the topic made, with ${partitions} partitions.`),
    })
  })

  test('what follows it is a file, not its value; behind -- it is a file itself', async () => {
    const path = file('b.txt', 'b\n')
    const { exit, stderr } = await millrace([
      'produce',
      '--embedded',
      '-t',
      'made',
      '--create-topic',
      path,
      '--',
      '--create-topic',
    ])
    expect({ exit, stderr }).toEqual({
      exit: 4,
      stderr: expect.stringMatching(/--create-topic cannot be read/),
    })
  })

  test.each([
    ['no number', ['-t', 't', '--create-topic=many'], /--create-topic is "many".*1 to 100000/],
    ['none', ['-t', 't', '--create-topic=0'], /--create-topic is "0"/],
    ['twice', ['-t', 't', '--create-topic=1', '--create-topic=2'], /given 2 times/],
    [
      'no topic to make',
      ['--topic-field', 't', '--format', 'ndjson', '--create-topic'],
      /the records name theirs/,
    ],
  ])('%s', async (_name, argv, text) => {
    const { exit, stderr } = await produce(...argv, file('c.txt', 'c\n'))
    expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringMatching(text) })
  })

  test('brokers that make no topics', async () => {
    const admin = ['-X', 'socket.timeout.ms=1000']
    const { exit, stderr } = await produce(
      '-t',
      freshTopic(),
      '--create-topic',
      ...admin,
      file('d.txt', 'd\n'),
    )
    expect({ exit, stderr }).toEqual({ exit: 5, stderr: expect.stringMatching(/did not create the topic/) })
  }, 60_000)
})

test('a topic that is not there is refused before anything is read', async () => {
  const topic = freshTopic()
  const { exit, stderr } = await produce('-t', topic, file('e.txt', 'e\n'))
  expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringMatching(/no topic.*--create-topic/) })
})

describe('what could not be checked', () => {
  test('is told in one line', async () => {
    const making = ['--no-receipt', '-X', 'allow.auto.create.topics=true']
    const argv = [...making, '-t', freshTopic(), file('f.txt', 'f\n')]
    const { exit, stderr } = await produce(...argv)
    expect(exit).toBe(0)
    expect(stderr.match(/^Not checked.*$/gm)).toEqual([expect.stringMatching(/the brokers do not tell/)])
    expect((await produce(...argv, '--quiet')).stderr).toBe('')
  })

  test('timestamps of standard input that comes late', async () => {
    const argv = [
      '-X',
      'allow.auto.create.topics=true',
      '-t',
      freshTopic(),
      '--format',
      'ndjson',
      '--timestamp-field',
      't',
    ]
    const { exit, stderr } = await millrace(['produce', '-b', cluster().bootstrapServers, ...argv], {
      stdin: '',
    })
    expect({ exit, stderr }).toEqual({
      exit: 0,
      stderr: expect.stringMatching(/Not checked: timestamps of standard input/),
    })
  })
})

test('standard input that was looked at is loaded whole', async () => {
  const topic = freshTopic()
  const stdin = Array.from({ length: 3000 }, (_, n) => `{"t":${1_700_000_000_000 + n}}\n`).join('')
  const argv = [
    '-X',
    'allow.auto.create.topics=true',
    '-t',
    topic,
    '--format',
    'ndjson',
    '--timestamp-field',
    't',
  ]
  const { exit } = await millrace(['produce', '-b', cluster().bootstrapServers, ...argv], { stdin })
  expect(exit).toBe(0)
  expect(await cluster().readAll(topic)).toHaveLength(3000)
})
