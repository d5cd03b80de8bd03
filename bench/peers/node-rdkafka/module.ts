import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

export const rdkafka = require('node-rdkafka') as typeof import('node-rdkafka')

const { version } = require('node-rdkafka/package.json') as { version: string }

export const client = [
  `node-rdkafka ${version.replace(/^v/, '')}`,
  `librdkafka ${rdkafka.librdkafkaVersion}`,
  `Node.js ${process.versions.node}`,
].join(', ')
