import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // node-rdkafka registers only in a process's main thread
    pool: 'forks',
    // most of the time is spent waiting; one of two cores, which is the default, would make it twice as long
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/support/summary-reporter.ts'],
  },
})
