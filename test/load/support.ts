import { load as begin, type Loading, type LoadOptions, type LoadResult } from '../../src/index.ts'
import type { EmbeddedCluster } from '../../src/testing/index.ts'

/** The sums that hold however a load ended. */
export function sumsOf(result: LoadResult): { readonly read: number; readonly sent: number } {
  const { sent, skipped, rejected, unsent, alreadyDone, delivered, failed } = result
  return { read: sent + skipped + rejected + unsent + alreadyDone, sent: delivered + failed }
}

/** Begins loads into topics of a cluster. */
export function loadsInto(cluster: () => EmbeddedCluster): (options: LoadOptions) => Loading {
  return options => begin({ 'bootstrap.servers': cluster().bootstrapServers }, options)
}
