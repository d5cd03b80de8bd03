import { describe, expect, test } from 'vitest'
import { commandLineOf } from '../../src/cli/options.ts'
import { produce } from '../../src/cli/produce.ts'
import { millrace, useFiles } from './harness.ts'

const file = useFiles()
const ndjson = file('data.ndjson', '{"a":1}\n')
const csv = file('data.csv', 'a\n1\n')
const text = file('data.txt', 'a\n')

/** What is given beside `-t x`, of which the option is not as it should be. */
const complaints: Readonly<Record<string, readonly (readonly string[])[]>> = {
  set: [[text, '-X', 'linger.ms']],
  'log-level': [[text, '--log-level', 'loud']],
  compression: [[text, '-z', 'zip']],
  engine: [
    [text, '--engine', 'warp'],
    [text, '--engine', 'callback', '--threads', '2'],
  ],
  topic: [[text, '--topic', 'y'], [text, '--topic-field', 'b'], []],
  'create-topic': [[text, '--create-topic=0']],
  format: [[text, '--format', 'xml']],
  decompress: [[text, '--decompress', 'zip']],
  delimiter: [
    [text, '--delimiter='],
    [text, '--delimiter', '\\q'],
    [ndjson, '--delimiter', ';'],
  ],
  'key-delimiter': [
    [text, '--key-delimiter='],
    [text, '-K', '\\x1'],
    [ndjson, '-K', ':'],
  ],
  'field-delimiter': [
    [csv, '--field-delimiter='],
    [csv, '--field-delimiter', '||'],
    [text, '--field-delimiter', ';'],
  ],
  prefix: [
    [text, '--prefix', 'u16'],
    [text, '--prefix', 'u32'],
  ],
  columns: [
    [text, '--columns', 'a'],
    [csv, '--columns', 'a', '--key-field', 'b'],
    [csv, '--columns', 'a,a', '--csv-values', 'json'],
  ],
  'csv-values': [
    [csv, '--csv-values', 'xml'],
    [text, '--csv-values', 'json'],
    [csv, '--csv-values', 'json', '--value-field', 'a'],
  ],
  key: [[ndjson, '-k', 'a', '--key-field', 'b']],
  'key-field': [
    [ndjson, '--key-field='],
    [text, '--key-field', 'a'],
    [ndjson, '--key-field', 'a', '--key-field', 'b'],
  ],
  'value-field': [
    [ndjson, '--value-field='],
    [text, '--value-field', 'a'],
  ],
  'timestamp-field': [
    [ndjson, '--timestamp-field='],
    [text, '--timestamp-field', 'a'],
  ],
  'topic-field': [[ndjson, '--topic-field', 'a']],
  'partition-field': [
    [ndjson, '--partition-field='],
    [text, '--partition-field', 'a'],
    [ndjson, '--partition-field', 'a', '--partition', '1'],
  ],
  'header-field': [
    [ndjson, '--header-field', 'h='],
    [ndjson, '--header-field', 'h'],
    [text, '--header-field', 'h=a'],
  ],
  'null-value': [[file('data.envelope', ''), '--null-value', 'a']],
  header: [[text, '-H', 'h']],
  partition: [[text, '-p', 'x']],
  'on-bad-record': [
    [text, '--on-bad-record', 'ignore'],
    [text, '--on-bad-record', 'dead-letter'],
  ],
  'dead-letter': [
    [text, '--dead-letter='],
    [text, '--dead-letter', 'f', '--on-bad-record', 'skip'],
  ],
  'max-rejected': [
    [text, '--max-rejected', '4'],
    [text, '--max-rejected', '101%', '--on-bad-record', 'skip'],
  ],
  rate: [[text, '--rate', '0']],
  'rate-bytes': [[text, '--rate-bytes', '0']],
  limit: [[text, '--limit', '1.5']],
  loops: [[text, '--loops', '0']],
  threads: [[text, '--threads', '0']],
  producers: [[text, '--producers', '0']],
  receipt: [
    [text, '--receipt='],
    [text, '--receipt', text],
    [text, '--receipt', 'f', '--no-receipt'],
  ],
  'no-receipt': [[text, '--no-receipt', '--resume']],
  resume: [['--resume'], [text, '--resume', '--receipt', '/no/such/receipt']],
  'resume-mode': [
    [text, '--resume-mode', 'gaps'],
    [text, '--resume-mode', 'all', '--resume'],
  ],
  'stall-timeout': [[text, '--stall-timeout', '0']],
  'drain-timeout': [[text, '--drain-timeout', '-1']],
  'dry-run': [[text, '--dry-run', '--embedded']],
}

/** Any value will do for these, or a property of librdkafka's or a file is what is told of. */
const unchecked = ['acks', 'allow-expired', 'brokers', 'config', 'embedded', 'json', 'no-progress', 'quiet']

const { options } = commandLineOf(produce as never)

test('no option is left out', () => {
  expect([...Object.keys(complaints), ...unchecked, 'skip-blank'].sort()).toEqual(Object.keys(options).sort())
})

/** Names as programs have them, such as keyField. */
const inPrograms = Object.keys(options)
  .filter(name => name.includes('-'))
  .map(name => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()))

const cases = Object.entries(complaints).flatMap(([option, lines]) =>
  lines.map(line => [option, line] as const),
)

describe('a complaint speaks of flags', () => {
  test.each(cases)('%s: %j', async (option, line) => {
    const topic = option === 'topic' && line.length === 0 ? [] : ['-t', 'x']
    // a short form is told, too
    const { alias } = options[option] ?? {}
    const flags = [option, ...[alias ?? []].flat()].map(name =>
      name.length === 1 ? `-${name}` : `--${name}`,
    )
    const brokers = line.includes('-b') || line.includes('--embedded') ? [] : ['-b', '127.0.0.1:1']
    const { exit, stderr } = await millrace(['produce', ...brokers, ...topic, ...line])
    expect(exit).not.toBe(0)
    const said = stderr.replaceAll('Argument: ', '--')
    expect(
      flags.some(flag => said.includes(flag)),
      `${stderr} of ${flags.join(', ')}`,
    ).toBe(true)
    for (const name of [...inPrograms, 'headerFields']) {
      expect(stderr).not.toMatch(new RegExp(`(?<!\\()\\b${name}\\b`))
    }
  })
})
