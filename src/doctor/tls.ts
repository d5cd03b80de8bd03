import { readFileSync, statSync } from 'node:fs'
import { isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import type { Properties } from '../client/producer-client.ts'
import { deferred } from '../deferred.ts'

/**
 * A TLS handshake as near to librdkafka's as its properties can be told to Node, which says more of what is wrong.
 * @throws Error with the reason, which may name a file, but no secret
 */
export async function handshake(
  socket: Socket,
  host: string,
  properties: Properties,
  timeoutMs: number,
): Promise<TLSSocket> {
  // may throw for a file that cannot be read
  const options = { ...tlsOptions(properties), ...(isIP(host) ? {} : { servername: host }) }
  const done = deferred<void>()
  const timer = setTimeout(() => done.reject(new Error(`no handshake within ${timeoutMs} ms`)), timeoutMs)
  const secured = connect({ ...options, socket, host })
  secured.once('secureConnect', () => done.resolve())
  secured.on('error', error => done.reject(error))
  secured.once('close', () => done.reject(new Error('the broker closed the connection in the handshake')))
  try {
    await done.promise
    return secured
  } finally {
    clearTimeout(timer)
  }
}

export function tlsOptions(properties: Properties): ConnectionOptions {
  const text = (name: string) => {
    const value = properties[name]
    return value === undefined || value === '' ? undefined : String(value)
  }
  const file = (name: string) => {
    const path = text(name)
    return path === undefined ? undefined : readFileSync(path)
  }
  // librdkafka takes a directory of certificates, too, and finds the system's own by "probe"; Node has its own then
  const authorities = text('ssl.ca.location')
  const ofDirectory = authorities === 'probe' || (authorities !== undefined && isDirectory(authorities))
  const pkcs12 = file('ssl.keystore.location')
  const verify = properties['enable.ssl.certificate.verification'] !== false
  const checksNames = text('ssl.endpoint.identification.algorithm') !== 'none'
  const options: ConnectionOptions = {
    ca: text('ssl.ca.pem') ?? (ofDirectory ? undefined : file('ssl.ca.location')),
    cert: text('ssl.certificate.pem') ?? file('ssl.certificate.location'),
    key: text('ssl.key.pem') ?? file('ssl.key.location'),
    passphrase: text('ssl.key.password'),
    rejectUnauthorized: verify,
  }
  if (!checksNames) options.checkServerIdentity = () => undefined
  return pkcs12 === undefined
    ? options
    : { ...options, pfx: pkcs12, passphrase: text('ssl.keystore.password') }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
