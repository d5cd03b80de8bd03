import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { examineBroker } from '../../src/doctor/broker.ts'
import { useFiles } from '../cli/harness.ts'
import { useEmbeddedCluster } from '../support/cluster.ts'

const cluster = useEmbeddedCluster()
const file = useFiles()
const servers: { server: Server; sockets: Set<Socket> }[] = []
afterEach(async () => {
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => server.close(resolve))
  }
})

async function listen(server: Server): Promise<{ host: string; port: number }> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  servers.push({ server, sockets })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

const examine = (broker: { host: string; port: number }, properties = {}, timeoutMs = 700) =>
  examineBroker(broker, { source: 'bootstrap', properties, timeoutMs })

test('a broker that is well', async () => {
  const [host = '', port] = cluster().bootstrapServers.split(':')
  const { report, metadata, problem } = await examine({ host, port: Number(port) }, {}, 10_000)
  expect(problem).toBeUndefined()
  expect(metadata?.brokers).toHaveLength(1)
  expect(report).toMatchObject({ broker: cluster().bootstrapServers, source: 'bootstrap', reached: true })
  expect(report.steps.map(({ step, ok }) => [step, ok])).toEqual([
    ['name', true],
    ['tcp', true],
    ['apiVersions', true],
    ['login', true],
  ])
  expect(report.steps[2]?.text).toMatch(/\d+ kinds of request, Produce 0 to \d+/)
})

describe('how far it comes', () => {
  test('a name that there is not', async () => {
    const { report, problem } = await examine({ host: 'no.such.host.invalid', port: 9092 })
    expect(report).toMatchObject({ reached: false, steps: [{ step: 'name', ok: false }] })
    expect(problem).toMatchObject({
      name: 'MillraceError',
      code: 'BROKER_UNREACHABLE',
      context: { step: 'name' },
    })
  })

  test('a port where nobody listens', async () => {
    const server = createServer()
    const broker = await listen(server)
    await new Promise(resolve => server.close(resolve))
    servers.pop()
    const { report, problem } = await examine(broker)
    expect(report.steps.map(({ step, ok }) => [step, ok])).toEqual([
      ['name', true],
      ['tcp', false],
    ])
    expect(report.steps[1]?.text).toContain('ECONNREFUSED')
    expect(problem).toMatchObject({ code: 'BROKER_UNREACHABLE', context: { step: 'tcp' } })
  })

  test.each([
    ['closes at once', (socket: Socket) => socket.end(), /closed the connection/],
    ['speaks something else', (socket: Socket) => socket.write('SSH-2.0-OpenSSH\r\n'), /does not speak/],
    ['says nothing', () => {}, /no answer came within/],
  ])('one that %s', async (_name, act, text) => {
    const broker = await listen(createServer(act))
    const { report, problem } = await examine(broker)
    expect(report.reached).toBe(false)
    expect(report.steps.map(({ step, ok }) => [step, ok])).toEqual([
      ['name', true],
      ['tcp', true],
      ['apiVersions', false],
      ['login', false],
    ])
    expect(report.steps[2]?.text).toMatch(text)
    expect(problem).toMatchObject({ name: 'MillraceError', code: 'BROKER_UNREACHABLE' })
  })
})

describe('TLS', () => {
  /** A certificate for `localhost` that nobody vouches for, and its key. */
  function selfSigned(): { readonly cert: string; readonly key: string } {
    const [cert, key] = [file('cert.pem', ''), file('key.pem', '')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-keyout', key, '-out', cert]
    execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' })
    return { cert, key }
  }

  test.each([
    ['nobody vouches for the certificate', () => ({}), '127.0.0.1', false, /self-signed/],
    [
      'it is for another name',
      (cert: string) => ({ 'ssl.ca.location': cert }),
      '127.0.0.1',
      false,
      /does not match|altnames/,
    ],
    [
      'names are not compared',
      (cert: string) => ({ 'ssl.ca.location': cert, 'ssl.endpoint.identification.algorithm': 'none' }),
      '127.0.0.1',
      true,
      /TLSv1\.\d, certificate of localhost/,
    ],
    [
      'it is known',
      (cert: string) => ({ 'ssl.ca.location': cert }),
      'localhost',
      true,
      /certificate of localhost/,
    ],
    [
      'the authorities cannot be read',
      () => ({ 'ssl.ca.location': '/no/such/file' }),
      '127.0.0.1',
      false,
      /ENOENT.*no\/such\/file/,
    ],
  ])('%s', async (_name, properties, host, ok, text) => {
    const { cert, key } = selfSigned()
    const server = createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, socket => {
      socket.on('error', () => {})
      socket.end()
    })
    server.on('tlsClientError', () => {})
    const { port } = await listen(server)
    const { report } = await examine({ host, port }, { 'security.protocol': 'ssl', ...properties(cert) })
    expect(report.reached).toBe(false)
    expect(report.steps[2]).toEqual({ step: 'tls', ok, text: expect.stringMatching(text) })
  })

  test('a listener without TLS', async () => {
    const broker = await listen(createServer(socket => socket.end('plain')))
    const { report, problem } = await examine(broker, { 'security.protocol': 'ssl' })
    expect(report.steps[2]).toMatchObject({ step: 'tls', ok: false })
    expect(problem).toMatchObject({ name: 'MillraceError' })
  })
})
