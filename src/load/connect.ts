import { setMaxListeners } from 'node:events'
import type { Producer } from '../producer/producer.ts'

/** Connects the producers of a load. @throws MillraceError as Producer.connect; none is left then */
export type ConnectProducers = (
  count: number,
  properties: Readonly<Record<string, string | number | boolean>>,
  signal: AbortSignal,
) => Promise<Producer[]>

/** Makes `count` producers side by side, or none. `signal` is what each of them listens to. */
export async function allOrNone(
  count: number,
  connect: () => Promise<Producer>,
  signal: AbortSignal,
): Promise<Producer[]> {
  setMaxListeners(0, signal)
  const attempts = await Promise.allSettled(Array.from({ length: count }, connect))
  const connected = attempts.flatMap(attempt => (attempt.status === 'fulfilled' ? [attempt.value] : []))
  const failed = attempts.find(attempt => attempt.status === 'rejected')
  if (failed === undefined) return connected
  await Promise.all(connected.map(producer => producer.close()))
  throw failed.reason
}
