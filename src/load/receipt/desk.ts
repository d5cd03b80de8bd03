import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { MillraceError } from '../../errors.ts'
import type { Input } from '../../input/index.ts'
import type { LoadPlan } from '../plan.ts'
import { type Spelling, spell } from '../spelling.ts'
import { allOf } from '../stretch.ts'
import type { ClusterFacts } from './cluster-facts.ts'
import { checkCluster, checkTopic, describeInputs, type Intent } from './identity.ts'
import { RECEIPT_SCHEMA } from './lines.ts'
import { LoadReceipt, type ReceiptSettings } from './load-receipt.ts'
import type { ReceiptPlan } from './plan.ts'
import { PriorLoad } from './prior-load.ts'
import { ReceiptFile, thereIsOne } from './receipt-file.ts'
import { recordOptions } from './record-options.ts'

const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string }

/** The receipt of a load that is not connected yet. Close it unless it goes on to `begin`. */
export class ReceiptDesk {
  readonly #path: string
  readonly #spelling: Spelling
  readonly #intent: Intent
  readonly #inputs: readonly Input[]
  readonly #file: ReceiptFile | undefined
  /** What is gone on with. */
  readonly prior: PriorLoad | undefined

  private constructor(
    path: string,
    { spelling, inputs }: LoadPlan,
    intent: Intent,
    found: { readonly file: ReceiptFile | undefined; readonly prior: PriorLoad | undefined },
  ) {
    this.#path = path
    this.#spelling = spelling
    this.#intent = intent
    this.#inputs = inputs
    this.#file = found.file
    this.prior = found.prior
  }

  /**
   * Sees, before anything is connected, that a receipt can be begun or gone on with. Undefined: none is wanted.
   * @throws MillraceError USAGE, RECEIPT_UNFIT, RECEIPT_UNREADABLE, RECEIPT_FAILED, INPUT_UNREADABLE
   */
  static async open(
    { path, resume }: ReceiptPlan,
    plan: LoadPlan,
    partitioner: string,
  ): Promise<ReceiptDesk | undefined> {
    if (path === undefined) return undefined
    const { inputs, read, load, spelling } = plan
    if (inputs.some(({ name }) => name === path)) {
      throw new MillraceError('USAGE', `${path} is both an input and the receipt`, {
        hint: `Name another receipt with ${spell(spelling, 'receipt')}, or leave it out`,
        context: { option: 'receipt' },
      })
    }
    if (resume === undefined && existsSync(path)) throw thereIsOne(path, spelling)
    if (resume !== undefined && !existsSync(path)) {
      throw new MillraceError('RECEIPT_UNFIT', `There is no receipt ${path} to go on with`, {
        hint: `Check the path and the order of the files, or leave ${spell(spelling, 'resume')} out to begin the load`,
        context: { receipt: path },
      })
    }
    const options = recordOptions(read, load, partitioner)
    const intent = { options, inputs: await describeInputs(inputs, read) }
    const nothing = { file: undefined, prior: undefined }
    const found =
      resume === undefined ? nothing : await PriorLoad.open(path, { mode: resume, inputs, intent, spelling })
    return new ReceiptDesk(path, plan, intent, found)
  }

  /** In the order in which they are to be read. */
  get inputs(): readonly Input[] {
    return this.prior?.inputs ?? this.#inputs
  }

  /**
   * Begins the receipt, or goes on with it where the cluster is still the same.
   * @throws MillraceError RECEIPT_UNFIT, RECEIPT_FAILED; BROKER_UNREACHABLE, REQUEST_FAILED
   */
  async begin(
    cluster: ClusterFacts,
    settings: ReceiptSettings,
    deadLetter: string | undefined,
  ): Promise<LoadReceipt> {
    const { prior } = this
    const at = new Date().toISOString()
    if (prior !== undefined) {
      checkCluster(this.#path, prior.state.header, cluster, this.#spelling)
      for (const known of prior.topics) checkTopic(this.#path, known, await cluster.topic(known.topic))
      return LoadReceipt.resume(prior, { at, version }, settings)
    }
    const header = {
      schema: RECEIPT_SCHEMA,
      loadId: randomUUID(),
      createdAt: at,
      millrace: version,
      planDigest: null,
      ...this.#intent,
      clusterId: cluster.clusterId,
      embedded: cluster.embedded,
      topics: cluster.topics,
      deadLetter: deadLetter ?? null,
      openRecords: settings.openRecords,
    } as const
    const file = this.#file ?? (await ReceiptFile.create(this.#path, header, this.#spelling))
    await this.#file?.begin(header)
    return LoadReceipt.begin(file, header, allOf(this.#inputs), settings)
  }

  async close(): Promise<void> {
    await (this.prior?.file ?? this.#file)?.close()
  }
}
