import type { Input } from '../../input/index.ts'
import type { Spelling } from '../spelling.ts'
import type { InputStretch } from '../stretch.ts'
import { readReceipt } from './format.ts'
import { checkOptions, type Intent, matchInputs, unfit } from './identity.ts'
import type { ReceiptHeader, ReceiptLine, ReceiptTopic, ResumeMode } from './lines.ts'
import { ReceiptFile } from './receipt-file.ts'
import { ReceiptState, type Remaining } from './remaining.ts'

export interface PriorOptions {
  readonly mode: ResumeMode
  readonly inputs: readonly Input[]
  /** What the load is to do now. */
  readonly intent: Intent
  readonly spelling: Spelling
}

/** A load that is to be gone on with, as its receipt has it. The receipt is locked; close this unless it is used. */
export class PriorLoad {
  readonly file: ReceiptFile
  readonly mode: ResumeMode
  readonly state: ReceiptState
  readonly remaining: Remaining
  /** In the receipt's order. */
  readonly inputs: readonly Input[]
  /** Inputs that were written to, though not changed as far as was looked. */
  readonly touched: readonly string[]
  /** Lines of the receipt that a crash had not let be written in whole, and are cut off. */
  readonly torn: boolean

  private constructor(
    file: ReceiptFile,
    { mode, inputs, intent, spelling }: PriorOptions,
    { state, torn }: { readonly state: ReceiptState; readonly torn: boolean },
  ) {
    const { header } = state
    checkOptions(file.path, header.options, intent.options, spelling)
    const { order, touched } = matchInputs(file.path, header.inputs, intent.inputs)
    const stream = header.inputs.find(({ size }) => size === null)
    if (mode === 'gaps' && stream !== undefined) {
      throw unfit(
        file.path,
        `${stream.path === '-' ? 'standard input' : stream.path} can only be read from its beginning`,
        `Leave ${spelling === 'flags' ? '--resume-mode' : "'gaps'"} out: what follows what is missing is sent again`,
      )
    }
    this.file = file
    this.mode = mode
    this.state = state
    this.remaining = state.remaining(mode)
    this.inputs = order.map(index => inputs[index] as Input)
    this.touched = touched
    this.torn = torn
  }

  /**
   * Reads a receipt, and sees that it is of this load: its records, inputs and how they are read. A receipt that ends in
   * its first line is of a load that had sent nothing: undefined, and the file is there to be begun.
   * @throws MillraceError RECEIPT_UNFIT, RECEIPT_UNREADABLE, RECEIPT_FAILED
   */
  static async open(
    path: string,
    options: PriorOptions,
  ): Promise<{ readonly file: ReceiptFile; readonly prior: PriorLoad | undefined }> {
    const file = await ReceiptFile.open(path, options.spelling)
    try {
      const lines: Exclude<ReceiptLine, ReceiptHeader>[] = []
      let state: ReceiptState | undefined
      const content = await readReceipt(path, line => {
        // memory does not grow with the offsets of the records
        lines.push('chunk' in line ? { ...line, offsets: [] } : line)
      })
      const { header, wholeBytes, damage } = content
      if (header === undefined) return { file, prior: undefined }
      state = new ReceiptState(path, header)
      for (const line of lines) state.add(line)
      const prior = new PriorLoad(file, options, { state, torn: damage !== undefined })
      await file.cut(wholeBytes)
      return { file, prior }
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** What the load has left to do. */
  get stretches(): InputStretch[] {
    return this.remaining.stretches.map(({ input: index, ...stretch }) => {
      return { ...stretch, input: this.inputs[index] as Input, index }
    })
  }

  /** All topics that it sent to. */
  get topics(): readonly ReceiptTopic[] {
    return this.state.topics
  }
}
