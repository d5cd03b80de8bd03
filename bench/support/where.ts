import { once } from 'node:events'
import { asked, forkEntry } from './fork.ts'

/** A kind of cluster; each trial enters it anew. */
export interface Where {
  readonly name: string
  /** Makes a topic that no trial has had before. */
  enter(partitions: number): Promise<Place>
}

/** Where one trial takes place. */
export interface Place {
  readonly bootstrapServers: string
  readonly topic: string
  /** How many batches lie in the topic's log; absent where nobody can look. */
  batches?(): Promise<number>
  /** Frees what the trial left behind; waits until that is done, or is certain to be. */
  leave(): Promise<void>
}

const TOPIC = 'bench'

/** An embedded cluster of one broker for each trial, in a process of its own. */
export const embedded: Where = {
  name: 'embedded cluster',
  async enter(partitions) {
    const child = forkEntry('cluster-process.ts')
    const exit = once(child, 'exit')
    const answer = await asked<{ bootstrapServers: string } | { error: string }>(
      child,
      'the embedded cluster',
      { [TOPIC]: partitions },
    )
    if ('error' in answer) throw new Error(answer.error)
    return {
      bootstrapServers: answer.bootstrapServers,
      topic: TOPIC,
      async leave() {
        child.kill('SIGKILL')
        await exit
      },
    }
  },
}
