// The short form of scripts/sanitize.
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { skipBecause } from '../support/skip-reason.ts'
import { build, ended, hasLibrary, root, type Sanitizer, whyNot } from './sanitized.ts'

const BUILD_MS = 300_000
const RUN_MS = 200_000

const environment = {
  ASAN_OPTIONS: 'detect_leaks=1',
  UBSAN_OPTIONS: 'print_stacktrace=1',
  TSAN_OPTIONS: `halt_on_error=1:suppressions=${join(root, 'test/native/tsan.supp')}`,
}

function skipped(sanitizer: Sanitizer): object {
  const reason = whyNot(sanitizer)
  return reason === undefined ? {} : skipBecause(reason)
}

describe.each(['address', 'thread'] as const)('the native core without Node, %s', sanitizer => {
  describe('with a compiler', skipped(sanitizer), () => {
    beforeAll(() => build(sanitizer, 'stress'), BUILD_MS)

    async function run(part: string, seconds: number): Promise<void> {
      const program = join(root, `build/sanitize/${sanitizer}/stress-core`)
      const args = ['--part', part, '--seconds', String(seconds)]
      const { code, signal, output } = await ended(program, args, environment)
      const said = code === 0 ? '' : output.slice(-3000)
      expect({ code, signal, said }).toEqual({ code: 0, signal: null, said: '' })
    }

    test('credits and wake-ups', () => run('room', 2), RUN_MS)
    test('lanes that pass from thread to thread', () => run('waker', 2), RUN_MS)

    test('closing waits for crossings', () => run('gate', 1), RUN_MS)

    test('a message that ends while it is asked where it went', () => run('scout', 2), RUN_MS)

    test('JSON records at the end of memory', () => run('json', 1), RUN_MS)

    // with node-rdkafka's, ThreadSanitizer would take each of librdkafka's locks for none
    const blind = sanitizer === 'thread' && !hasLibrary(sanitizer)
    const wanted = blind
      ? skipBecause('librdkafka is not built for it; `scripts/sanitize thread` does that')
      : {}
    test('producers while the cluster fails', { ...wanted, timeout: RUN_MS }, () => run('producers', 6))
  })
})
