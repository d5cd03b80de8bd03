import type { Command } from './command.ts'

/** What can be said of a command without loading it: bench alone takes longer to load than a short load to run. */
export interface Entry {
  readonly name: string
  readonly describe: string
  /** Takes files after its options; they come as `files`. */
  readonly takesFiles?: boolean
  /** With its own type of options behind it. */
  readonly load: () => Promise<Command<never>>
}

export const commands: readonly Entry[] = [
  {
    name: 'produce',
    describe: 'Load files or standard input into a topic',
    takesFiles: true,
    load: async () => (await import('./produce.ts')).produce as unknown as Command<never>,
  },
  {
    name: 'verify',
    describe: 'Read topics back, and look for what a load delivered',
    takesFiles: true,
    load: async () => (await import('./verify.ts')).verify as unknown as Command<never>,
  },
  {
    name: 'read',
    describe: 'Look at what is in a topic',
    load: async () => (await import('./read.ts')).read as unknown as Command<never>,
  },
  {
    name: 'bench',
    describe: 'Measure how fast messages are delivered',
    load: async () => (await import('./bench.ts')).bench as unknown as Command<never>,
  },
  {
    name: 'cluster',
    describe: 'Run an embedded cluster for other processes, until interrupted',
    load: async () => (await import('./cluster.ts')).cluster as unknown as Command<never>,
  },
  {
    name: 'doctor',
    describe: 'Examine the installation, brokers, and a topic',
    load: async () => (await import('./doctor.ts')).doctor as unknown as Command<never>,
  },
]
