import { createServer } from 'node:net'

/** Listens, under another name if one is given, and works for so many ms of processor time when it is told to. */
const [address = '', name] = process.argv.slice(2)
if (name !== undefined) process.title = name

const server = createServer().listen(0, address, () => {
  process.send?.((server.address() as { port: number }).port)
})

process.on('message', (ms: number) => {
  const before = process.cpuUsage()
  while (process.cpuUsage(before).user + process.cpuUsage(before).system < ms * 1000);
  process.send?.('done')
})
process.on('disconnect', () => process.exit())
