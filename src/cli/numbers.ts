import { type Bounds, within } from '../bounds.ts'
import { checkTopic } from '../engine/message.ts'
import { MillraceError } from '../errors.ts'

export { count, duration, size } from '../wording.ts'

/** Option values as yargs gives them: a string, or an array where the option was repeated. */
export type Given = string | readonly string[] | undefined

/** The one value of an option; the last counts would hide a mistake, so a second one is refused. */
export function single(option: string, given: Given): string | undefined {
  if (given === undefined || typeof given === 'string') return given
  if (given.length === 1) return given[0]
  throw new MillraceError('USAGE', `--${option} was given ${given.length} times`, { hint: 'Give it once' })
}

/** The value of --topic. */
export function topicName(given: Given): string {
  const topic = single('topic', given) ?? ''
  try {
    checkTopic(topic)
  } catch (cause) {
    throw new MillraceError('USAGE', (cause as MillraceError).message, {
      cause,
      context: { option: 'topic' },
    })
  }
  return topic
}

/** A number within bounds, or undefined where the option was not given. */
export function number(option: string, given: Given, bounds: Bounds): number | undefined {
  const text = single(option, given)
  if (text === undefined) return undefined
  const value = text.trim() === '' ? Number.NaN : Number(text.replaceAll('_', ''))
  return within(value, bounds, { name: `--${option}`, shown: JSON.stringify(text), option })
}
