import { MillraceError } from '../errors.ts'
import { optionVariables, readEnvironment } from './environment.ts'
import { readConfigFile } from './file.ts'
import { type SourcedValue, translateJava } from './java.ts'
import { canonicalName, factsOf } from './names.ts'
import { type CheckedProperties, checkProperties } from './properties.ts'

export interface ResolveInput {
  /** The weakest: what holds where nobody says otherwise. */
  readonly defaults?: Readonly<Record<string, unknown>> | undefined
  /** The path of a file as `readConfigFile` reads it; Java's settings in it are translated. */
  readonly file?: string | undefined
  /** Usually process.env; only MILLRACE_ variables are looked at. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
  /** Each `property=value`; of one that is there twice the last one holds. */
  readonly flags?: readonly string[] | undefined
  /** The strongest: options of their own, such as --brokers and --acks. */
  readonly overrides?: Readonly<Record<string, unknown>> | undefined
  /** Variables that are no mistake though they are no property; `optionVariables` unless given. */
  readonly optionVariables?: readonly string[] | undefined
}

export interface ResolvedProperties extends CheckedProperties {
  /** Where each property was set: `-X`, a variable, `file:line`, `option` or `default`. */
  readonly sources: Map<string, string>
}

type Layer = ReadonlyMap<string, { readonly value: unknown; readonly source: string }>

/**
 * One set of properties out of all sources: overrides win over flags, those over MILLRACE_ variables,
 * those over the file, that over defaults. A stronger source wins by any name of a property. What
 * it hides is not checked. Millrace's own defaults are left to `producerDefaults`. Blocks
 * while it reads the file.
 * @throws MillraceError USAGE for a flag without `=`; CONFIG_FILE as `readConfigFile`; otherwise as
 * `translateJava` and `checkProperties`, with the source of each property
 */
export function resolveProperties(input: ResolveInput): ResolvedProperties {
  const warnings: string[] = []
  const environment = readEnvironment(input.environment ?? {}, input.optionVariables ?? optionVariables)
  const strong: Layer[] = [
    environment.properties,
    readFlags(input.flags ?? []),
    layerOf(input.overrides ?? {}, 'option'),
  ]
  const names = strong.flatMap(layer => [...layer.keys()].map(canonicalName))
  const file = input.file === undefined ? undefined : readFile(input.file, new Set(names))
  warnings.push(...(file?.warnings ?? []), ...environment.warnings)

  const merged = merge([layerOf(input.defaults ?? {}, 'default'), file?.properties ?? new Map(), ...strong])
  const givenSources = new Map([...merged].map(([name, { source }]) => [name, source]))
  const values = Object.fromEntries([...merged].map(([name, { value }]) => [name, value]))
  const checked = checkProperties(values, givenSources)
  const sources = new Map(
    [...givenSources]
      .map(([name, source]) => [canonicalName(name), source] as const)
      .filter(([name]) => Object.hasOwn(checked.properties, name)),
  )
  return { properties: checked.properties, warnings: [...warnings, ...checked.warnings], sources }
}

function layerOf(values: Readonly<Record<string, unknown>>, source: string): Layer {
  return new Map(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, { value, source }]),
  )
}

function readFlags(flags: readonly string[]): Layer {
  const layer = new Map<string, SourcedValue>()
  for (const flag of flags) {
    const at = flag.indexOf('=')
    const name = flag.slice(0, Math.max(at, 0)).trim()
    if (name === '') throw badFlag(flag)
    layer.set(name, { value: flag.slice(at + 1), source: '-X' })
  }
  return layer
}

/** What stands there may be a secret, unless it is the name of a property. */
function badFlag(flag: string): MillraceError {
  const known = factsOf(flag) === undefined ? '' : ` ${flag}`
  return new MillraceError('USAGE', `-X${known} has no property=value`, {
    hint: `Write it as -X ${factsOf(flag) === undefined ? 'linger.ms=20' : `${flag}=VALUE`}`,
  })
}

function readFile(path: string, stronger: ReadonlySet<string>): { properties: Layer; warnings: string[] } {
  const { entries, warnings } = readConfigFile(path)
  const sourced = [...entries].map(
    ([name, { value, line }]) => [name, { value, source: `${path}:${line}` }] as const,
  )
  const translated = translateJava(new Map(sourced), stronger)
  return { properties: translated.properties, warnings: [...warnings, ...translated.warnings] }
}

function merge(layers: readonly Layer[]): Layer {
  const merged = new Map<string, { value: unknown; source: string }>()
  for (const layer of layers) {
    const overridden = new Set([...layer.keys()].map(canonicalName))
    for (const name of [...merged.keys()]) {
      if (overridden.has(canonicalName(name))) merged.delete(name)
    }
    for (const [name, entry] of layer) merged.set(name, entry)
  }
  return merged
}
