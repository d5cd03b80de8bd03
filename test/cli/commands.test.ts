import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, cpSync, existsSync, mkdtempSync, openSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Producer } from '../../src/index.ts'
import { freshTopic, useEmbeddedCluster } from '../support/cluster.ts'
import { skipBecause } from '../support/skip-reason.ts'
import { millrace, start } from './harness.ts'

const cluster = useEmbeddedCluster()

describe('millrace', () => {
  test.each(['produce', 'verify', 'read', 'bench', 'cluster'])(
    'help of %s begins with examples',
    async command => {
      const { exit, stdout, stderr } = await millrace([command, '--help'])
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
      expect(stdout).toMatch(new RegExp(`^millrace ${command}`))
      expect(stdout).toContain('Options:')
    },
  )

  const cases: readonly [argv: readonly string[], exit: number, text: RegExp][] = [
    [['--help'], 0, /^millrace produce --embedded/],
    [['--version'], 0, /^\d+\.\d+\.\d+\n$/],
    [[], 2, /Name a command.*--help/],
    [['produc'], 2, /produce/],
    [['prodcue'], 2, /Did you mean produce\?/],
    [['xyzzy'], 2, /xyzzy/],
    [['produce', '--topci', 't'], 2, /topci\. Did you mean --topic\?/],
    [['produce', '-t', 't', '--format', 'cvs'], 2, /"cvs".*Did you mean --format csv\?/s],
    [['produce', '-t', 't', '-z', 'LZ4'], 2, /"LZ4".*Did you mean --compression lz4\?/s],
    [['produce', '-t', 't', '-z', 'best'], 2, /"best".*See millrace produce --help/s],
    [['produce', '-t', 't', '-X', 'ack=s1'], 2, /Did you mean acks\?/],
    [['produce', '-t', 't', '-X', 'akcs=1'], 2, /Did you mean acks\?/],
    [['cluster', 'surplus'], 2, /does not take "surplus"/],
    [['cluster', '--brokers', '0'], 2, /--brokers is "0"/],
    [['cluster', '--broker', '1'], 2, /broker.*--brokers/],
    [['cluster', '--topic', ''], 2, /topic is empty/],
    [['cluster', '--topic', ':3'], 2, /topic is empty/],
    [['cluster', '--topic', 'a b:3'], 2, /no topic named "a b"/],
    [['cluster', '--topic', 'a:'], 2, /--topic is "a:".*name:partitions/],
    [['cluster', '--topic', 'a:0'], 2, /--topic is "a:0"/],
    [['cluster', '--topic', 'a:x'], 2, /--topic is "a:x"/],
    [['cluster', '--topic', 'a:1e3'], 2, /--topic is "a:1e3"/],
    [['cluster', '--topic', 'a:8:9'], 2, /--topic is "a:8:9"/],
    [['cluster', '--topic', 'a:10001'], 2, /1 to 10000 partitions/],
    [['cluster', '--topic', 'a:1', '--topic', 'a:2'], 2, /names a twice/],
    [['read', '-b', 'h:1'], 2, /topic/],
    [['read', '-t', 'x'], 2, /bootstrap\.servers/],
    [['read', '-t', 'x', '-b', 'h:1', '--from', 'yesterday'], 2, /--from is "yesterday"/],
    [['read', '-t', 'x', '-b', 'h:1', '-n', '-1'], 2, /--count is "-1"/],
    [['read', '-t', 'x', '-b', 'h:1', '--format', 'xml'], 2, /format/],
  ]
  test.each(cases)('%j', async (argv, exit, text) => {
    const ended = await millrace(argv)
    expect(ended.exit).toBe(exit)
    expect(exit === 0 ? ended.stdout : ended.stderr).toMatch(text)
    expect(exit === 0 ? ended.stderr : ended.stdout).toBe('')
    expect(ended.stderr).not.toMatch(/\n\s+at /)
  })
})

describe('cluster', () => {
  test('prints its brokers, serves, and ends at a signal', async () => {
    const topics = ['--topic', 'wide:8', '--topic', 'plain']
    const running = start(['cluster', '--brokers', '2', '--json', ...topics])
    await expect.poll(() => running.stdout.text).toMatch(/\n$/)
    const told = JSON.parse(running.stdout.text) as { brokers: string; topics: unknown }
    const { brokers } = told
    expect(brokers.split(',')).toHaveLength(2)
    expect(told.topics).toEqual([
      { topic: 'wide', partitions: 8 },
      { topic: 'plain', partitions: 4 },
    ])
    const producer = await Producer.connect({ 'bootstrap.servers': brokers })
    expect(await producer.send({ topic: 't', value: 'v' })).toMatchObject({ topic: 't', offset: 0 })
    expect((await producer.describeTopic('wide'))?.partitions).toHaveLength(8)
    expect((await producer.describeTopic('plain'))?.partitions).toHaveLength(4)
    await producer.close()
    running.signal('SIGTERM')
    expect(await running.exit).toBe(0)
  })
})

describe('read', () => {
  async function filled(): Promise<string> {
    const topic = freshTopic()
    const producer = await Producer.connect({ 'bootstrap.servers': cluster().bootstrapServers })
    await producer.sendBatch([
      { topic, partition: 0, key: 'k', value: 'ü', headers: { h: 'x' }, timestamp: 1_700_000_000_000 },
      { topic, partition: 0, value: null, timestamp: 1_800_000_000_000 },
      { topic, partition: 0, key: '', value: Buffer.from([0xff, 0]), timestamp: 1_800_000_000_001 },
    ])
    await producer.close()
    return topic
  }

  const read = (topic: string, ...argv: string[]) =>
    millrace(['read', '-b', cluster().bootstrapServers, '-t', topic, ...argv])

  test('envelopes', async () => {
    const topic = await filled()
    const { exit, stdout, stderr } = await read(topic)
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '3 messages\n' })
    const common = { topic, partition: 0 }
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line)),
    ).toEqual([
      {
        ...common,
        offset: 0,
        key: 'k',
        value: 'ü',
        headers: [['h', 'x']],
        timestamp: 1_700_000_000_000,
        encoding: 'utf8',
      },
      {
        ...common,
        offset: 1,
        key: null,
        value: null,
        headers: [],
        timestamp: 1_800_000_000_000,
        encoding: 'utf8',
      },
      {
        ...common,
        offset: 2,
        key: '',
        value: '/wA=',
        headers: [],
        timestamp: 1_800_000_000_001,
        encoding: 'base64',
      },
    ])
  })

  test('values, counts, offsets, partitions', async () => {
    const topic = await filled()
    expect((await read(topic, '--format', 'value', '-n', '1')).stdout).toBe('ü\n')
    expect((await read(topic, '--from', '2', '--partition', '0')).stdout).toMatch(/^\{.*"offset":2.*\}\n$/)
    expect((await read(topic, '--from', 'end')).stdout).toBe('')
    expect((await read(topic, '--from', '-2', '-n', '1')).stdout).toMatch(/^\{.*"offset":1.*\}\n$/)
    expect((await read(topic, '--from', '-9')).stderr).toBe('3 messages\n')
    expect((await read(topic, '-n', '0')).stderr).toBe('0 messages\n')
    expect((await read(topic, '--from', '2999-01-01')).stdout).toBe('')
    expect((await read(topic, '--partition', '9')).exit).toBe(2)
    expect(await read('not-there')).toMatchObject({
      exit: 2,
      stderr: expect.stringMatching(/no topic not-there/),
    })
  })
})

// main.ts is all that is not run in this process by the other tests
describe(
  'as a process of its own',
  existsSync('dist/cli/main.js') ? {} : skipBecause('dist/ is not built'),
  () => {
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith('MILLRACE_')),
    )
    const program = (...argv: string[]) => spawn(process.execPath, ['dist/cli/main.js', ...argv], { env })

    test('exits by code, also while standard input stays open', async () => {
      const child = program('produce', '--embedded', '-t', 'x', '--limit', '2')
      child.stdin.write('1\n2\n3\n')
      expect(await once(child, 'exit')).toEqual([0, null])
      child.stdin.destroy()
    })

    // each takes as long to load as a short load to run
    test('a plain load loads a bundle, and nothing that it does not use', async () => {
      const source = `import { writeSync } from 'node:fs'
        export function load(url, context, next) {
          writeSync(2, \`loaded \${url}\\n\`)
          return next(url, context)
        }`
      const hooks = `data:text/javascript,${encodeURIComponent(source)}`
      const script = `import { register } from 'node:module'
        register(${JSON.stringify(hooks)})`
      const argv = ['dist/cli/main.js', 'produce', '--embedded', '--json', '-t', 'x', '/dev/null']
      const importing = `data:text/javascript,${encodeURIComponent(script)}`
      const { stderr } = await promisify(execFile)(process.execPath, ['--import', importing, ...argv], {
        env,
      })
      const loaded = [...stderr.matchAll(/^loaded (file:.*)$/gm)].map(([, url]) => url as string)
      expect(loaded.length).toBeGreaterThan(3)
      expect(loaded.filter(url => /\/(yargs|cli-progress|async)\//.test(url))).toEqual([])
      const own = loaded
        .filter(url => !url.includes('/node_modules/'))
        .map(url => url.replace(/.*\/dist\//, ''))
      expect(own.filter(path => !/^(cli|bundle)\//.test(path) || /bench|verify|doctor/.test(path))).toEqual(
        [],
      )
      expect(own.length).toBeLessThan(30)
    })

    test('threads of a load', async () => {
      const child = program(
        'produce',
        '--embedded',
        '--json',
        '--threads',
        '2',
        '--no-receipt',
        '-t',
        'x',
        'package-lock.json',
      )
      let output = ''
      child.stdout.on('data', data => {
        output += data
      })
      expect(await once(child, 'close')).toEqual([0, null])
      const { read, delivered } = JSON.parse(output)
      expect(read).toBeGreaterThan(1000)
      expect(delivered).toBe(read)
    })

    test('a signal drains', async () => {
      const child = program('produce', '--embedded', '--json', '-t', 'x')
      let output = ''
      child.stdout.on('data', data => {
        output += data
      })
      child.stdin.on('error', () => {})
      child.stdin.write('1\n2\n3\n'.repeat(1000))
      let errors = ''
      const reading = new Promise<void>(resolve => {
        child.stderr.on('data', data => {
          errors += data
          if (errors.includes('\n')) resolve()
        })
      })
      await reading
      child.kill('SIGINT')
      expect(await once(child, 'exit')).toEqual([130, null])
      // it may have been interrupted while it still connected
      if (output !== '') {
        const { read, sent, delivered, unsent } = JSON.parse(output)
        expect({ sent, read }).toEqual({ sent: delivered, read: delivered + unsent })
      }
    })

    test('goes on when nobody reads its progress any more', async () => {
      const child = program('produce', '--embedded', '--json', '--rate', '4', '-t', 'x')
      child.stdin.end('1\n2\n3\n4\n5\n6\n')
      let output = ''
      child.stdout.on('data', data => {
        output += data
      })
      await once(child.stderr, 'data')
      child.stderr.destroy()
      child.kill('SIGINT')
      expect(await once(child, 'close')).toEqual([130, null])
      expect(JSON.parse(output)).toMatchObject({ exitCode: 130, outcome: 'interrupted' })
    })

    test.each([
      ['an account', ['produce', '--embedded', '--json', '-t', 'x', '/dev/null']],
      ['what is written last of all', ['--version']],
    ])('tells when its output cannot be written: %s', async (_name, argv) => {
      const full = openSync('/dev/full', 'w')
      const child = spawn(process.execPath, ['dist/cli/main.js', ...argv], {
        stdio: ['ignore', full, 'pipe'],
      })
      closeSync(full)
      let errors = ''
      child.stderr?.on('data', data => {
        errors += data
      })
      expect(await once(child, 'close')).toEqual([1, null])
      expect(errors).toMatch(/standard output cannot be written: .*ENOSPC/)
      expect(errors).not.toMatch(/\n\s+at /)
    })

    test('a reader that leaves is no error', async () => {
      const topic = freshTopic()
      const producer = await Producer.connect({ 'bootstrap.servers': cluster().bootstrapServers })
      await producer.sendBatch(
        Array.from({ length: 20_000 }, (_, n) => ({ topic, value: `${n}`.padEnd(100) })),
      )
      await producer.close()
      const child = program('read', '-b', cluster().bootstrapServers, '-t', topic)
      let errors = ''
      child.stderr.on('data', data => {
        errors += data
      })
      await once(child.stdout, 'data')
      child.stdout.destroy()
      expect(await once(child, 'exit')).toEqual([0, null])
      expect(errors).not.toMatch(/Error/)
    })

    describe('where the addon was not built', () => {
      const folder = mkdtempSync(join(tmpdir(), 'millrace-bare-'))
      beforeAll(() => {
        cpSync('dist', join(folder, 'dist'), { recursive: true })
        cpSync('package.json', join(folder, 'package.json'))
        symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
      })
      afterAll(() => rmSync(folder, { recursive: true, force: true }))

      test.each([
        ['auto', 0, ['callback engine is used', 'npm rebuild millrace', '1 of 1 records delivered']],
        ['callback', 0, ['1 of 1 records delivered']],
        ['batch', 2, ['addon cannot be loaded', 'npm rebuild millrace']],
      ] as const)('--engine %s', async (engine, exit, texts) => {
        const argv = ['produce', '--embedded', '-t', 'x', '--engine', engine]
        const child = spawn(process.execPath, [join(folder, 'dist/cli/main.js'), ...argv], { env })
        child.stdin.end('v\n')
        let errors = ''
        child.stderr.on('data', data => {
          errors += data
        })
        expect(await once(child, 'close')).toEqual([exit, null])
        for (const text of texts) expect(errors).toContain(text)
        expect(errors.includes('npm rebuild millrace')).toBe(engine !== 'callback')
      })

      test.each([
        [[], 0, ['there is no ceiling to compare with', 'batch, 4 loops: ']],
        [['--ceiling'], 2, ['--ceiling is a part of the addon', 'npm rebuild millrace']],
        [
          ['--partitions', '3'],
          2,
          ['--partitions goes with --brokers only: without the addon', 'npm rebuild millrace'],
        ],
        [['--ceiling', '--engine', 'callback'], 2, ['--ceiling is a part of the addon']],
      ] as const)('bench %j', async (more, exit, texts) => {
        const argv = ['bench', '--duration', '0.2', '--warmup', '0', '--repeat', '1', ...more]
        const child = spawn(process.execPath, [join(folder, 'dist/cli/main.js'), ...argv], { env })
        child.stdout.resume()
        let errors = ''
        child.stderr.on('data', data => {
          errors += data
        })
        expect(await once(child, 'close')).toEqual([exit, null])
        for (const text of texts) expect(errors).toContain(text)
      })
    })
  },
)
