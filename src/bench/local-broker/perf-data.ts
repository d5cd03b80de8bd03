/** The first bytes, whatever the order of the rest. */
const MAGIC = 0xcafe_c0c0
const LITTLE_ENDIAN = 1
const MAJOR_VERSION = 2
const PROLOGUE_BYTES = 32
const ENTRY_BYTES = 20
const LONG = 'J'

/**
 * Numbers by name out of a JVM's performance data (`hsperfdata`), such as `sun.os.hrt.frequency`. Null where it is
 * something else, or not written yet.
 */
export function perfNumbers(bytes: Buffer): Map<string, number> | null {
  if (bytes.length < PROLOGUE_BYTES || bytes.readUInt32BE(0) !== MAGIC) return null
  const [order, major, , accessible] = bytes.subarray(4)
  if (major !== MAJOR_VERSION || accessible !== 1) return null
  const little = order === LITTLE_ENDIAN
  const int = (at: number) => (little ? bytes.readInt32LE(at) : bytes.readInt32BE(at))
  const long = (at: number) => Number(little ? bytes.readBigInt64LE(at) : bytes.readBigInt64BE(at))
  const numbers = new Map<string, number>()
  let entry = int(24)
  for (let left = int(28); left > 0; left--) {
    if (entry < PROLOGUE_BYTES || entry + ENTRY_BYTES > bytes.length) return null
    const length = int(entry)
    const name = entry + int(entry + 4)
    const isSingle = int(entry + 8) === 0
    const type = String.fromCharCode(bytes[entry + 12] as number)
    const data = entry + int(entry + 16)
    const end = entry + length
    if (length < ENTRY_BYTES || end > bytes.length || name < entry || name >= end) return null
    if (type === LONG && isSingle) {
      if (data < entry || data + 8 > end) return null
      numbers.set(textAt(bytes, name, end), long(data))
    }
    entry = end
  }
  return numbers
}

function textAt(bytes: Buffer, from: number, to: number): string {
  const text = bytes.toString('latin1', from, to)
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}
