import { count, size } from '../../wording.ts'
import { type Spelling, spell } from '../spelling.ts'
import type { ClusterFacts } from './cluster-facts.ts'
import type { PriorLoad } from './prior-load.ts'

/** What a resume is about to do, in sentences without their full stops. The first is the heading of what follows. */
export function resumeNotes(
  { remaining, state, stretches, touched, torn, mode }: PriorLoad,
  spelling: Spelling,
): string[] {
  if (stretches.length === 0) return [`All of the load is done already: ${count(remaining.read)} records`]
  const notes = [
    `Going on with a load of which ${count(remaining.read)} records are done. ` +
      `Up to ${count(state.openRecords)} that were on their way may be sent twice`,
  ]
  if (remaining.again > 0) {
    const why = 'had been delivered ahead of others that were not, and are sent again to keep the order'
    notes.push(`${count(remaining.again)} records ${why} (${spell(spelling, 'resume', 'gaps')} would not)`)
  }
  if (mode === 'gaps') notes.push('Only what is missing is sent: the order of records is not kept')
  if (torn) notes.push('The last line of the receipt was not written in whole, and was cut off')
  for (const path of touched)
    notes.push(`${path} was touched since; size and content, where looked at, are the same`)
  const packed = stretches.filter(({ input, index, from }) => {
    return from > 0 && input.size !== null && state.header.inputs[index]?.compression !== null
  })
  if (packed.length > 0) {
    const bytes = packed.reduce((sum, { from }) => sum + from, 0)
    const which = packed.length === 1 ? `${packed[0]?.input.name} is` : `${packed.length} packed inputs are`
    notes.push(`${which} unpacked again up to where the load had come (${size(bytes)})`)
  }
  for (const { input, from, prefix } of stretches) {
    if (prefix === undefined) continue
    const name = input.name === '-' ? 'Standard input' : input.name
    notes.push(`${name} is read from its beginning; the ${size(from)} of it that were sent are passed over`)
  }
  return notes
}

/** Where letters of records are missing that will not be read again. */
export function letterNotes(
  { remaining }: PriorLoad,
  { path, bytes }: { readonly path: string; readonly bytes: number },
): string[] {
  const { deadLetterBytes } = remaining
  if (bytes >= deadLetterBytes) return []
  return [
    `${path} has ${bytes} bytes, and had ${deadLetterBytes}: letters that were there before are not written again`,
  ]
}

/** What of a cluster could not be held against the receipt. */
export function uncheckedNotes({ state }: PriorLoad, { clusterId, topics }: ClusterFacts): string[] {
  const unknown = [
    clusterId === null || state.header.clusterId === null ? 'whether it is the same cluster' : '',
    topics.some(({ topicId }) => topicId === null) || state.topics.some(({ topicId }) => topicId === null)
      ? 'whether a topic was deleted and made again'
      : '',
  ].filter(Boolean)
  return unknown.length === 0 ? [] : [`Not checked, since it was not told: ${unknown.join('; ')}`]
}
