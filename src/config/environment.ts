import { nearest } from '../nearest.ts'
import type { SourcedValue } from './java.ts'
import { javaHint } from './java.ts'
import { propertyNames } from './names.ts'

const PREFIX = 'MILLRACE_'

/** Variables that stand for options of the command line, not for properties of librdkafka. */
export const optionVariables: readonly string[] = [
  'MILLRACE_BROKERS',
  'MILLRACE_ENGINE',
  'MILLRACE_LOG_LEVEL',
  'MILLRACE_CONFIG',
]

/** The variable that sets a property: `sasl.password` is MILLRACE_SASL_PASSWORD. */
export function variableOf(property: string): string {
  return PREFIX + property.replace(/[.-]/g, '_').toUpperCase()
}

/** By variable. */
function propertiesByVariable(): ReadonlyMap<string, string> {
  return new Map([
    ...propertyNames.map(name => [variableOf(name), name] as const),
    ['MILLRACE_BROKERS', 'bootstrap.servers'],
  ])
}

/**
 * The properties that MILLRACE_ variables set, and a warning for each such variable that is neither
 * one of them nor among `options`. An empty variable counts as not set. The variables of options are
 * left to whoever has the options, except MILLRACE_BROKERS, which is bootstrap.servers.
 */
export function readEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  options: readonly string[] = optionVariables,
): { properties: Map<string, SourcedValue>; warnings: string[] } {
  const variables = Object.keys(environment).filter(name => name.startsWith(PREFIX) && environment[name])
  const found = new Map<string, SourcedValue>()
  const warnings: string[] = []
  // mostly there is none, and the properties are hundreds
  if (variables.length === 0) return { properties: found, warnings }
  const byVariable = propertiesByVariable()
  for (const variable of variables.sort()) {
    const value = environment[variable] as string
    const property = byVariable.get(variable)
    if (property !== undefined && (variable === 'MILLRACE_BROKERS' || !options.includes(variable))) {
      found.set(property, { value, source: variable })
    } else if (!options.includes(variable)) {
      warnings.push(
        `${variable} is no property and no option: ${advice(variable, [...byVariable.keys(), ...options])}`,
      )
    }
  }
  return { properties: found, warnings }
}

function advice(variable: string, names: readonly string[]): string {
  const java = javaHint(variable.slice(PREFIX.length).toLowerCase().replaceAll('_', '.'))
  if (java !== undefined) return java
  const near = nearest(variable, names)
  return near === undefined ? 'it has no effect' : `did you mean ${near}?`
}
