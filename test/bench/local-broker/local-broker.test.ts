import { createServer, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, test } from 'vitest'
import { costBetween, LocalBroker, type Reading } from '../../../src/bench/local-broker/local-broker.ts'
import { brokerProcesses } from '../../../src/bench/local-broker/processes.ts'
import { hsperfdata } from './hsperfdata.ts'
import { type ListeningProcess, listeningProcess } from './listener.ts'

const running: ListeningProcess[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map(one => one.end()))
})

async function listening(address: string, name?: string): Promise<ListeningProcess> {
  const started = await listeningProcess(address, name)
  running.push(started)
  return started
}

function ownAddresses(): string[] {
  const own = Object.values(networkInterfaces()).flatMap(interfaces => interfaces ?? [])
  return own.filter(({ family }) => family === 'IPv4').map(({ address }) => address)
}

describe.runIf(process.platform === 'linux')("brokers' processes", () => {
  test('are those that listen, wherever they are bound', async () => {
    const [one, any] = [await listening('127.0.0.1'), await listening('0.0.0.0')]
    const found = await brokerProcesses([
      { host: '127.0.0.1', port: one.port },
      { host: 'localhost', port: any.port },
    ])
    expect(found?.sort()).toEqual([one.pid, any.pid].sort())
  })

  test('are found by an address of an interface', async () => {
    const { port, pid } = await listening('0.0.0.0')
    const before = ownAddresses()
    const found = new Map<string, number[] | null>()
    for (const host of before) found.set(host, await brokerProcesses([{ host, port }]))
    // containers' networks come and go while others test
    const lasting = ownAddresses().filter(address => before.includes(address))
    expect(lasting).toContain('127.0.0.1')
    for (const address of lasting) expect(found.get(address), address).toEqual([pid])
  })

  test('of several brokers in one process there is one', async () => {
    const { port, pid } = await listening('127.0.0.1')
    const broker = { host: '127.0.0.1', port }
    expect(await brokerProcesses([broker, broker])).toEqual([pid])
  })

  test('are none where one of them is on another machine', async () => {
    const { port } = await listening('127.0.0.1')
    const here = { host: '127.0.0.1', port }
    expect(await brokerProcesses([here, { host: '192.0.2.1', port }])).toBeNull()
    expect(await brokerProcesses([here, { host: 'no-such-host.invalid', port }])).toBeNull()
  })

  test('are none where nobody listens', async () => {
    const { port, end } = await listeningProcess('127.0.0.1')
    await end()
    expect(await brokerProcesses([{ host: '127.0.0.1', port }])).toBeNull()
    expect(await brokerProcesses([])).toBeNull()
  })

  test.each(['docker-proxy', 'dockerd', 'conmon'])('are none where they only forward, as %s', async name => {
    const { port } = await listening('127.0.0.1', name)
    expect(await brokerProcesses([{ host: '127.0.0.1', port }])).toBeNull()
  })

  test('are none where it is this process, whose times are its own', async () => {
    const server = await new Promise<Server>(resolve => {
      const made: Server = createServer().listen(0, '127.0.0.1', () => resolve(made))
    })
    const { port } = server.address() as { port: number }
    expect(await brokerProcesses([{ host: '127.0.0.1', port }])).toBeNull()
    server.close()
  })

  test('have their processor time read', async () => {
    const busy = await listening('127.0.0.1')
    const broker = await LocalBroker.find([{ id: 1, host: '127.0.0.1', port: busy.port }])
    const before = broker?.read() ?? null
    await busy.work(200)
    const cost = costBetween(before, broker?.read() ?? null)
    expect(cost).toMatchObject({ processes: 1, gcMs: null })
    const { user = 0, system = 0 } = cost?.cpuSeconds ?? {}
    // told in steps of 10 ms
    expect(user + system).toBeGreaterThanOrEqual(0.18)
    await busy.end()
    running.length = 0
    expect(broker?.read()).toBeNull()
  })
})

describe('between two readings', () => {
  const gc = (ms: number) =>
    hsperfdata({ 'sun.os.hrt.frequency': 1000n, 'sun.gc.collector.0.time': BigInt(ms) })
  const process = (userMs: number, perfData: Buffer | null = null, startedAt = 5): Reading[number] => ({
    stat: { userMs, systemMs: 10, startedAt },
    perfData,
  })

  test('all processes add up', () => {
    const before = [process(100, gc(20)), process(0, gc(1))]
    const after = [process(1100, gc(50)), process(500, gc(2))]
    expect(costBetween(before, after)).toEqual({
      processes: 2,
      cpuSeconds: { user: 1.5, system: 0 },
      gcMs: 31,
    })
  })

  test('pauses are told where all tell them', () => {
    const before = [process(0, gc(20)), process(0)]
    expect(costBetween(before, before)).toMatchObject({ processes: 2, gcMs: null })
  })

  test.each<[string, Reading | null, Reading | null]>([
    ['one that was not there', null, [process(0)]],
    ['one that ended', [process(0)], null],
    ['another one of its number', [process(0)], [process(0, null, 6)]],
    ['no process', [], []],
  ])('of %s nothing is told', (_, before, after) => {
    expect(costBetween(before, after)).toBeNull()
  })
})
