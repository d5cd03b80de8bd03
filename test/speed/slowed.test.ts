import { expect, test } from 'vitest'
import { SPIN, slowedSource } from '../../bench/support/slowed.ts'

const source = `import x from './x.js';
export class Packer {
    reset() {
    }
    add(message, id) {
        return 1;
    }
}
`

test('busy work comes before all else in the hot path', () => {
  const slowed = slowedSource(source, 42)
  expect(slowed.startsWith(SPIN)).toBe(true)
  expect(slowed).toContain('    add(message, id) {\n        spin(42);\n        return 1;\n')
})

test('a hot path of another form is an error, not a copy that is as fast', () => {
  expect(() => slowedSource(source.replace('add(', 'put('), 42)).toThrow(/slow down/)
})

test('the busy work is work', async () => {
  const { spin } = (await import(`data:text/javascript,${encodeURIComponent(SPIN)}`)) as {
    spin(rounds: number): void
  }
  const startedAt = process.cpuUsage()
  spin(20_000_000)
  // a processor makes no more than a few rounds a nanosecond
  expect(process.cpuUsage(startedAt).user).toBeGreaterThan(2000)
})
