export type { BadRecord, OnBad } from './bad.ts'
export { byteOf, lineOf, type MessageBlock, type RecordBlock } from './block.ts'
export { parseDelimiter } from './delimiter.ts'
export {
  checkReadOptions,
  formatOf,
  type InputFormat,
  inputFormats,
  type ReadOptions,
  readRecords,
} from './read.ts'
export { checkInputs, type Input, openInputs } from './source.ts'
