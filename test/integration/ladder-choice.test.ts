import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { runFixture } from '../support/run-fixture.ts'
import type { Choice, KafkaNeeds } from './brokers/index.ts'

/** Neither Docker, Java nor Maven, and no cluster. */
const bare = { PATH: '/nonexistent', KAFKA_BOOTSTRAP: '', MILLRACE_REQUIRE: '' }

describe('choosing a rung', () => {
  beforeEach(() => {
    // what is available is asked once a process
    vi.resetModules()
    for (const [name, value] of Object.entries(bare)) vi.stubEnv(name, value)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  async function choose(needs: KafkaNeeds): Promise<Choice> {
    const { chooseRung } = await import('./brokers/index.ts')
    return chooseRung(needs)
  }

  test.each<[string, KafkaNeeds]>([
    ['anything that speaks the protocol', {}],
    ['three brokers', { brokers: 3 }],
    ['the embedded cluster by name', { rungs: ['embedded'] }],
  ])('a bare machine has the embedded cluster for %s', async (_, needs) => {
    expect(await choose(needs)).toEqual({ rung: 'embedded' })
  })

  test('a bare machine has no Kafka itself, and each rung says why', async () => {
    const choice = await choose({ real: true })

    expect(choice.reason?.split('; ')).toEqual([
      'existing: KAFKA_BOOTSTRAP is not set',
      'testcontainers: no Docker engine: docker is not on the PATH',
      'maven: java is not on the PATH',
      'embedded: it is not Kafka',
    ])
    expect(choice).toMatchObject({ required: false })
  })

  test.each<[string, KafkaNeeds, boolean]>([
    ['maven', { real: true }, true],
    ['testcontainers, maven', { rungs: ['maven'] }, true],
    ['testcontainers', { real: true, brokers: 3 }, false],
    ['testcontainers', { rungs: ['maven'] }, false],
    ['embedded', { real: true }, false],
  ])('MILLRACE_REQUIRE=%s and needs %j: required %s', async (list, needs, required) => {
    vi.stubEnv('MILLRACE_REQUIRE', list)
    expect(await choose(needs)).toMatchObject({ required })
  })

  test('MILLRACE_REQUIRE with a name that is no rung is an error', async () => {
    vi.stubEnv('MILLRACE_REQUIRE', 'maven,dokcer')
    await expect(choose({})).rejects.toThrow(/no rung is called dokcer/)
  })

  test.each<[KafkaNeeds, Choice | { reason: RegExp }]>([
    [{}, { rung: 'existing' }],
    [{ real: true }, { rung: 'existing' }],
    [{ brokers: 3 }, { rung: 'embedded' }],
    [{ control: true }, { reason: /existing: its brokers are not ours to kill/ }],
    [
      { properties: { 'message.max.bytes': '1' } },
      { reason: /existing: its settings are not ours to change/ },
    ],
  ])('an existing cluster, for needs %j', async (needs, expected) => {
    vi.stubEnv('KAFKA_BOOTSTRAP', 'kafka.example:9092')
    const choice = await choose(needs)
    if ('rung' in expected) expect(choice).toEqual(expected)
    else expect(choice.reason).toMatch(expected.reason as RegExp)
  })
})

describe('a suite that wants Kafka itself, on a bare machine', () => {
  test('is skipped with the reasons', async () => {
    const { exitCode, summary } = await runFixture('ladder', bare)

    expect(summary[0]).toMatch(
      /^skipped: wants Kafka itself — existing: KAFKA_BOOTSTRAP is not set; testcont/,
    )
    expect(summary.at(-1)).toBe('0 passed, 0 failed, 1 skipped')
    expect(exitCode).toBe(0)
  })

  test('fails with the reasons when MILLRACE_REQUIRE names a rung', async () => {
    const { exitCode, summary } = await runFixture('ladder', { ...bare, MILLRACE_REQUIRE: 'maven' })

    expect(summary.at(-1)).toBe('0 passed, 1 failed, 0 skipped')
    expect(exitCode).toBe(1)
  })
})
