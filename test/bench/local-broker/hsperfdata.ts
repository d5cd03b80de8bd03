/** Lays out performance data as a JVM does: a prologue, then entries of a header, a name and a value. */
export function hsperfdata(
  numbers: Readonly<Record<string, bigint>>,
  { little = true, texts = {} }: { little?: boolean; texts?: Readonly<Record<string, string>> } = {},
): Buffer {
  const entries = [
    ...Object.entries(numbers).map(([name, value]) => entry(name, 'J', 0, longOf(value, little), little)),
    ...Object.entries(texts).map(([name, text]) => {
      const value = Buffer.from(`${text}\0`)
      return entry(name, 'B', value.length, value, little)
    }),
  ]
  const prologue = Buffer.alloc(32)
  prologue.writeUInt32BE(0xcafe_c0c0, 0)
  prologue.set([little ? 1 : 0, 2, 0, 1], 4)
  put(prologue, 24, prologue.length, little)
  put(prologue, 28, entries.length, little)
  return Buffer.concat([prologue, ...entries])
}

function entry(name: string, type: string, length: number, value: Buffer, little: boolean): Buffer {
  const nameEnd = 20 + name.length + 1
  const data = Math.ceil(nameEnd / 8) * 8
  const bytes = Buffer.alloc(data + Math.ceil(value.length / 8) * 8)
  put(bytes, 0, bytes.length, little)
  put(bytes, 4, 20, little)
  put(bytes, 8, length, little)
  bytes.write(type, 12)
  put(bytes, 16, data, little)
  bytes.write(name, 20)
  value.copy(bytes, data)
  return bytes
}

function put(bytes: Buffer, at: number, value: number, little: boolean): void {
  if (little) bytes.writeInt32LE(value, at)
  else bytes.writeInt32BE(value, at)
}

function longOf(value: bigint, little: boolean): Buffer {
  const bytes = Buffer.alloc(8)
  if (little) bytes.writeBigInt64LE(value)
  else bytes.writeBigInt64BE(value)
  return bytes
}
