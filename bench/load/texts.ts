import { type Random, seeded } from '../../src/bench/random.ts'

export type Kind = 'lines' | 'ndjson' | 'csv'

const SERVICES = ['accounts', 'catalogue', 'checkout', 'gateway', 'mailer', 'payments', 'search', 'stock']
const LEVELS = ['INFO', 'INFO', 'INFO', 'WARN', 'ERROR']
const METHODS = ['GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE']
const STATUSES = [200, 200, 200, 201, 204, 304, 404, 500]
const STATES = ['new', 'paid', 'packed', 'sent', 'returned']
const COUNTRIES = ['AT', 'BR', 'CA', 'DE', 'FR', 'JP', 'NO', 'PT', 'US', 'ZA']
// some as a spreadsheet writes them, where a comma or a quote asks for quotes
const NOTES = [
  '',
  'leave at the door',
  'call first',
  'gift, please wrap',
  'size 38, not 39',
  'says "fragile" on it',
  'São Paulo, 3º andar',
  'second attempt',
]
const FIRST_MOMENT = Date.UTC(2026, 0, 1)
const MOST_MS_BETWEEN = 40

/** What a record is made of: the same seed gives the same. */
class Draw {
  readonly #random: Random
  #now = FIRST_MOMENT
  #second = ''
  #secondFrom = 0

  constructor(seed: number) {
    this.#random = seeded(seed)
  }

  below(limit: number): number {
    return Math.floor((this.#random() / 2 ** 32) * limit)
  }

  of<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item
  }

  hex(): string {
    return this.#random().toString(16).padStart(8, '0')
  }

  /** A little later than the one before; ISO 8601. */
  moment(): string {
    this.#now += 1 + this.below(MOST_MS_BETWEEN)
    // making such a text takes longer than all else in a record
    if (this.#second === '' || this.#now - this.#secondFrom >= 1000) {
      this.#secondFrom = this.#now - (this.#now % 1000)
      this.#second = new Date(this.#secondFrom).toISOString().slice(0, -'000Z'.length)
    }
    return `${this.#second}${String(this.#now - this.#secondFrom).padStart(3, '0')}Z`
  }
}

function line(draw: Draw): string {
  const what = `${draw.of(METHODS)} /v1/orders/${draw.below(10_000_000)}`
  const came = `${draw.of(STATUSES)} ${draw.below(2000)} ms ${draw.below(100_000)}`
  return `${draw.moment()} ${draw.of(LEVELS)} ${draw.of(SERVICES)} ${draw.hex()}${draw.hex()} ${what} ${came}`
}

function ndjson(draw: Draw): string {
  const who = `"id":"o-${draw.below(10_000_000)}","at":"${draw.moment()}","user":"u-${draw.below(1_000_000)}"`
  const what = `"items":${1 + draw.below(9)},"amount":${amount(draw)},"status":"${draw.of(STATES)}"`
  return `{${who},${what}}`
}

function row(draw: Draw): string {
  const note = draw.of(NOTES)
  const quoted = /[",]/.test(note) ? `"${note.replaceAll('"', '""')}"` : note
  const who = `o-${draw.below(10_000_000)},${draw.moment()},u-${draw.below(1_000_000)},${draw.of(COUNTRIES)}`
  return `${who},${1 + draw.below(9)},${amount(draw)},${draw.of(STATES)},${quoted}`
}

function amount(draw: Draw): string {
  return (draw.below(1_000_000) / 100).toFixed(2)
}

const kinds: Readonly<Record<Kind, { readonly header: string; record(draw: Draw): string }>> = {
  lines: { header: '', record: line },
  ndjson: { header: '', record: ndjson },
  csv: { header: 'id,at,user,country,items,amount,status,note\n', record: row },
}

/** Records without end, each with its line break. */
export class Texts {
  readonly header: string
  readonly #draw: Draw
  readonly #record: (draw: Draw) => string

  constructor(kind: Kind, seed: number) {
    const { header, record } = kinds[kind]
    this.header = header
    this.#draw = new Draw(seed)
    this.#record = record
  }

  next(): string {
    return `${this.#record(this.#draw)}\n`
  }
}
