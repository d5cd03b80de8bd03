// A registry on 127.0.0.1 that has millrace as it was packed, and sends npm to the configured registry for all else:
// npm 12 allows scripts by name only to packages that come from a registry.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { read } from './run.mjs'
import { cache, packageAt, root } from './toolchains.mjs'

/** Serves until the process ends. Returns its URL. */
export async function serveRegistry(tarball) {
  const upstream = (await read('npm', ['config', 'get', 'registry'], { cwd: cache, env: process.env })).trim()
  const bytes = readFileSync(tarball)
  const manifest = packageAt(root)
  const server = createServer(({ url }, response) => {
    if (url === '/millrace') {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(packument(manifest, bytes, `http://127.0.0.1:${server.address().port}`)))
    } else if (url === '/millrace.tgz') response.end(bytes)
    else response.writeHead(302, { location: new URL(url.slice(1), upstream).href }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  return `http://127.0.0.1:${server.address().port}/`
}

function packument(manifest, bytes, url) {
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
  const version = { ...manifest, hasInstallScript: true, dist: { tarball: `${url}/millrace.tgz`, integrity } }
  return {
    name: manifest.name,
    'dist-tags': { latest: manifest.version },
    versions: { [manifest.version]: version },
  }
}
