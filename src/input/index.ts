export { type BadRecord, badRecordOf, inWhole, type OnBad } from './bad.ts'
export {
  blanksUpTo,
  borderBefore,
  byteOf,
  lineOf,
  type MessageBlock,
  type MessageDetails,
  originOf,
  type RecordBlock,
} from './block.ts'
export { csvValues } from './csv.ts'
export { parseDelimiter } from './delimiter.ts'
export { ChunkRing } from './file.ts'
export { formatOf, inputFormats } from './formats.ts'
export { joined } from './join.ts'
export { optionsFor, type ReadOptions, type SayOption } from './options.ts'
export { lengthPrefixes } from './prefixed.ts'
export { checkReadOptions, readRecords, readWhole } from './read.ts'
export { hashFiles, readFiles, type SmallFile } from './small-files.ts'
export { type Chunk, checkInputs, type Input, openInputs } from './source.ts'
export { maySplit, openPart, optionsForPart, type Part, partBetween, Splitter, wholeOf } from './split.ts'
export { decompressions, isPacked, packingOf } from './unpack.ts'
export { STANDARD_INPUT } from './wording.ts'
