// Loads files into a topic: two of its own, or those that are named. Ctrl-C ends it in order; the same line goes on.
// Runs on an embedded cluster, or on MILLRACE_BROKERS.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { load } from 'millrace'
import { EmbeddedCluster } from 'millrace/testing'

const TOPIC = 'events'

const given = process.env.MILLRACE_BROKERS
const cluster = given ? undefined : await EmbeddedCluster.start({ topics: { [TOPIC]: 4 } })
if (cluster) console.log(`An embedded cluster at ${cluster.bootstrapServers}; it is not Kafka.`)

const folder = mkdtempSync(join(tmpdir(), 'millrace-load-'))
const named = process.argv.slice(2)
const files = named.length > 0 ? named : ['a', 'b'].map(sample)
const receipt = `${files[0]}.receipt`

/** A thousand events, packed; one of them is damaged. */
function sample(name: string): string {
  const events = Array.from({ length: 1000 }, (_, n) =>
    JSON.stringify({ user: { id: `${name}${n % 50}` }, n }),
  )
  events[500] = '{"user":'
  const path = join(folder, `${name}.ndjson.gz`)
  writeFileSync(path, gzipSync(`${events.join('\n')}\n`))
  return path
}

const loading = load(given ? { 'bootstrap.servers': given } : {}, {
  files,
  topic: TOPIC,
  createTopic: true,
  keyField: 'user.id',
  threads: 2,
  deadLetter: join(folder, 'bad.envelope'),
  // what went to an embedded cluster is gone with it
  embedded: cluster,
  resume: given !== undefined && existsSync(receipt),
})
process.on('SIGINT', () => loading.interrupt())

loading.on('note', text => console.log(text))
loading.on('waiting', waiting => console.log(waiting ? `waiting: ${waiting.reason}` : 'waiting no more'))
loading.on('progress', ({ share, messagesPerSecond, inFlight, etaSeconds }) => {
  const percent = share === null ? '' : `${Math.round(share * 100)} % `
  const left = etaSeconds === null ? '' : `, ${Math.round(etaSeconds)} s left`
  console.log(`${percent}${Math.round(messagesPerSecond)} messages/s, ${inFlight} in flight${left}`)
})

try {
  const { outcome, read, delivered, rejected, firstRejection, failed, unsent, ...account } =
    await loading.result
  if (firstRejection) console.log(`rejected: ${firstRejection.message}`)
  const sums = `${delivered} delivered + ${failed} failed + ${rejected} rejected + ${unsent} unsent`
  console.log(`${outcome}: ${read} read = ${sums} + ${account.alreadyDone} already done`)
  if (account.receipt) console.log(`receipt: ${account.receipt}`)
} finally {
  await cluster?.stop()
  rmSync(folder, { recursive: true })
}
