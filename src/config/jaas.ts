import { refusal } from './refusals.ts'

export interface JaasConfig {
  /** The login module's class without its package. */
  readonly module: string
  readonly options: ReadonlyMap<string, string>
}

const NAME = 'sasl.jaas.config'
const flags = /^(required|requisite|sufficient|optional)$/i

const token =
  /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|"((?:\\[\s\S]|[^"\\\n])*)"|'((?:\\[\s\S]|[^'\\\n])*)'|([\w.$-]+)|([=;])/y

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  a: '\x07',
  v: '\v',
}

/**
 * Reads the value of sasl.jaas.config: `Module required name="value" …;`. Quoted values know the
 * escapes of Java's StreamTokenizer.
 * @throws MillraceError CONFIG_INVALID_VALUE, which repeats nothing of the value
 */
export function parseJaas(text: string, source?: string): JaasConfig {
  const refuse = (what: string) =>
    refusal(NAME, what, {
      source,
      hint: 'Its form is: org.apache.kafka….PlainLoginModule required username="…" password="…";',
    })
  const tokens = tokenize(text, refuse)
  const next = () => tokens.shift()
  const module = next()
  if (module?.kind !== 'word') throw refuse('does not begin with the class of a login module')
  const flag = next()
  if (flag?.kind !== 'word' || !flags.test(flag.text))
    throw refuse('has no `required` after the login module')
  const options = new Map<string, string>()
  for (let name = next(); ; name = next()) {
    if (name?.text === ';' && name.kind === 'sign') break
    if (name === undefined) throw refuse('does not end with a semicolon')
    if (name.kind === 'sign' || next()?.text !== '=') throw refuse('has an option that is no name="value"')
    const value = next()
    if (value === undefined || value.kind === 'sign') throw refuse('has an option without a value')
    options.set(name.text, value.text)
  }
  if (tokens.length > 0) throw refuse('has more than one login module')
  return { module: module.text.slice(module.text.lastIndexOf('.') + 1), options }
}

interface Token {
  readonly kind: 'word' | 'quoted' | 'sign'
  readonly text: string
}

function tokenize(text: string, refuse: (what: string) => Error): Token[] {
  const tokens: Token[] = []
  token.lastIndex = 0
  while (token.lastIndex < text.length) {
    const match = token.exec(text)
    if (match === null) throw refuse('has an unfinished quotation or a character that does not belong there')
    const [, double, single, word, sign] = match
    const quoted = double ?? single
    if (quoted !== undefined) tokens.push({ kind: 'quoted', text: unescaped(quoted) })
    else if (word !== undefined) tokens.push({ kind: 'word', text: word })
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign })
  }
  return tokens
}

function unescaped(text: string): string {
  return text.replace(
    /\\(?:([0-3]?[0-7]{1,2})|([\s\S]))/g,
    (_, octal: string | undefined, character: string) =>
      octal === undefined
        ? (escapes[character] ?? character)
        : String.fromCharCode(Number.parseInt(octal, 8)),
  )
}
