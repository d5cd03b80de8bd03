import type { MillraceError } from '../errors.ts'
import { nearest } from '../nearest.ts'
import type { PropertyFacts } from './facts.ts'
import { showable } from './redact.ts'
import { refusal } from './refusals.ts'

export type PropertyValue = string | number | boolean

/**
 * Checks one value and makes it what the property holds: `'5'` becomes 5, `'SASL_SSL'` `'sasl_ssl'`,
 * `acks=-1` `'all'`. Stricter than librdkafka, which reads `5x` as 5, `010` as 8 and 2^32 as 0.
 * @throws MillraceError CONFIG_INVALID_VALUE; the error of a secret does not tell its value
 */
export function checkValue(
  name: string,
  facts: PropertyFacts,
  value: unknown,
  source?: string | undefined,
): PropertyValue {
  const refuse = (expected: string, hint?: string): MillraceError => {
    const shown = showable(name, value) ?? describeKind(value)
    return refusal(name, `takes ${expected}, not ${shown}`, { source, hint })
  }
  if (value === null || !['string', 'number', 'boolean'].includes(typeof value)) {
    throw refuse(
      expectation(facts),
      value === null ? 'Leave the property out to keep the default' : undefined,
    )
  }
  const text = String(value)
  if (text.includes('\0')) throw refusal(name, 'has a zero byte in its value', { source })
  switch (facts.type) {
    case 'boolean':
      return booleanOf(text) ?? raise(refuse('true or false'))
    case 'integer':
    case 'float':
      return numberOf(text, facts, typeof value) ?? raise(refuse(expectation(facts)))
    case 'enum':
      return enumOf(text, facts) ?? raise(refuse(expectation(facts), didYouMean(text, facts)))
    case 'flags':
      return flagsOf(text, facts, refuse)
    default:
      return stringOf(name, text, source)
  }
}

function raise(error: MillraceError): never {
  throw error
}

/** What a property takes, in words: `a whole number from 0 to 7`. */
function expectation(facts: PropertyFacts): string {
  switch (facts.type) {
    case 'boolean':
      return 'true or false'
    case 'integer':
    case 'float': {
      const words = facts.values === undefined ? '' : ` or ${facts.values.join(' or ')}`
      const kind = facts.type === 'integer' ? 'a whole number' : 'a number'
      return `${kind} from ${facts.min} to ${facts.max}${words}`
    }
    case 'enum':
      return `one of ${facts.values?.join(', ')}`
    case 'flags':
      return `a comma-separated list of ${facts.values?.join(', ')}`
    default:
      return 'a string'
  }
}

function describeKind(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function booleanOf(text: string): boolean | undefined {
  const word = text.trim().toLowerCase()
  if (word === 'true' || word === 't' || word === '1') return true
  if (word === 'false' || word === 'f' || word === '0') return false
  return undefined
}

const whole = /^[+-]?\d+$/
const decimal = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i

function numberOf(text: string, facts: PropertyFacts, kind: string): PropertyValue | undefined {
  const trimmed = text.trim().toLowerCase()
  // the only word that librdkafka takes for a number: acks=all, which is -1
  const [word] = facts.values ?? []
  if (word !== undefined && (trimmed === word || Number(trimmed) === -1)) return word
  if (kind === 'boolean' || !(facts.type === 'integer' ? whole : decimal).test(trimmed)) return undefined
  const number = Number(trimmed)
  const within = number >= (facts.min ?? -Infinity) && number <= (facts.max ?? Infinity)
  // + 0 makes -0 an ordinary zero
  return within ? number + 0 : undefined
}

function enumOf(text: string, facts: PropertyFacts): string | undefined {
  const word = text.trim().toLowerCase()
  return facts.values?.find(value => value.toLowerCase() === word)
}

function didYouMean(text: string, facts: PropertyFacts): string | undefined {
  const words = new Map(facts.values?.map(value => [value.toLowerCase(), value]))
  const near = nearest(text.trim().toLowerCase(), [...words.keys()])
  return near === undefined ? undefined : `Did you mean ${words.get(near)}?`
}

/** librdkafka takes `+` and `-` before a flag, but no blanks around the commas: they are taken out here. */
function flagsOf(
  text: string,
  facts: PropertyFacts,
  refuse: (expected: string, hint?: string) => MillraceError,
): string {
  const flags = text.split(',').flatMap(flag => flag.trim().toLowerCase() || [])
  const known = (flag: string) => facts.values?.includes(flag.replace(/^[+-]/, '')) === true
  if (flags.length === 0 || !flags.every(known)) throw refuse(expectation(facts))
  return flags.join(',')
}

const path = /\.(location|file|keytab)$/

function stringOf(name: string, text: string, source: string | undefined): string {
  if (path.test(name) && /[\t\n\f\r]/.test(text)) {
    throw refusal(name, 'has a control character in its path', {
      source,
      hint: 'In a file, write \\\\ for one backslash',
    })
  }
  return text
}
