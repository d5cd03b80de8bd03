import { javaProducerPrefixes, javaProducerProperties } from './java-producer.ts'
import type { JavaEntry, JavaProperty } from './java-property.ts'
import { javaSaslProperties } from './java-sasl.ts'
import { javaTlsProperties } from './java-tls.ts'
import { canonicalName } from './names.ts'
import { located, refusal } from './refusals.ts'

/** A value as text, and where it was set. */
export interface SourcedValue {
  readonly value: string
  readonly source: string
}

export interface Translation {
  /** Under librdkafka's names; what has no Java meaning is passed on, unknown names too. */
  readonly properties: Map<string, SourcedValue>
  readonly warnings: string[]
}

const table: ReadonlyMap<string, JavaProperty> = new Map(
  Object.entries({ ...javaProducerProperties, ...javaTlsProperties, ...javaSaslProperties }),
)

function lookUp(name: string): JavaProperty | undefined {
  return table.get(name) ?? javaProducerPrefixes.find(([prefix]) => name.startsWith(prefix))?.[1]
}

/** What to do about a name of Java's clients; undefined where it is none. */
export function javaHint(name: string): string | undefined {
  return lookUp(name)?.hint
}

/**
 * Translates a Java configuration (client.properties, producer.properties) to librdkafka's; one that
 * is librdkafka's already comes out as it is. `stronger` are the properties that another source sets
 * over this one: an entry that cannot be translated is no error where they make up for it.
 * Reads the first bytes of keystores and truststores to tell their kind.
 * @throws MillraceError CONFIG_INVALID_VALUE for an entry without which the connection could not work,
 * or messages would go elsewhere, with what to do instead
 */
export function translateJava(
  entries: ReadonlyMap<string, SourcedValue>,
  stronger: ReadonlySet<string> = new Set(),
): Translation {
  const properties = new Map<string, SourcedValue>()
  const warnings: string[] = []
  const direct = new Set([...entries.keys()].filter(name => lookUp(name) === undefined).map(canonicalName))
  for (const [name, { value, source }] of entries) {
    const known = lookUp(name)
    if (known === undefined) {
      properties.set(name, { value, source })
      continue
    }
    const refuse = (what: string, hint: string) => refusal(name, what, { source, hint })
    const entry: JavaEntry = {
      name,
      value,
      source,
      refuse,
      sibling: other => entries.get(other)?.value,
      warn: what => warnings.push(`${located(name, source)} ${what}`),
      set: (to, text) => {
        if (direct.has(canonicalName(to))) return
        properties.set(to, { value: text, source: to === name ? source : `${source}, ${name}` })
      },
      refuseUnless: (unless, what, hint) => {
        const instead = unless.find(
          other => direct.has(canonicalName(other)) || stronger.has(canonicalName(other)),
        )
        if (instead === undefined) throw refuse(what, hint)
        warnings.push(`${located(name, source)} is not used: ${instead} is set`)
      },
    }
    known.translate(entry)
  }
  return { properties, warnings }
}
