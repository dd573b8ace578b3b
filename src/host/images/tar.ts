/** One member of a tar archive. Parts are written one after another, so that a big file need not be copied into one buffer. */
export type TarEntry =
  | { readonly type: 'file'; readonly path: string; readonly mode: number; readonly parts: readonly Uint8Array[] }
  | { readonly type: 'directory'; readonly path: string; readonly mode: number }
  | { readonly type: 'link'; readonly path: string; readonly target: string }

/** A tar archive (POSIX ustar) as parts; the same entries give the same bytes, since times and owners are zero. */
export function tar(entries: readonly TarEntry[]): Uint8Array[] {
  const out: Uint8Array[] = []
  for (const entry of entries) {
    const sizeBytes = entry.type === 'file' ? lengthOf(entry.parts) : 0
    out.push(header(entry, sizeBytes))
    if (entry.type !== 'file') continue
    out.push(...entry.parts)
    if (sizeBytes % 512 !== 0) out.push(Buffer.alloc(512 - (sizeBytes % 512)))
  }
  out.push(Buffer.alloc(1024))
  return out
}

/** Of all parts together, in bytes. */
export const lengthOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.byteLength, 0)

const typeFlag = { file: '0', link: '2', directory: '5' } as const

function header(entry: TarEntry, sizeBytes: number): Uint8Array {
  const block = Buffer.alloc(512)
  const [prefix, name] = splitPath(entry.type === 'directory' && !entry.path.endsWith('/') ? `${entry.path}/` : entry.path)
  block.write(name, 0, 100)
  writeOctal(block, entry.type === 'link' ? 0o777 : entry.mode, 100, 8)
  writeOctal(block, 0, 108, 8)
  writeOctal(block, 0, 116, 8)
  writeOctal(block, sizeBytes, 124, 12)
  writeOctal(block, 0, 136, 12)
  block.write('        ', 148)
  block.write(typeFlag[entry.type], 156)
  if (entry.type === 'link') block.write(entry.target, 157, 100)
  block.write('ustar\u000000', 257)
  block.write(prefix, 345, 155)
  const sum = block.reduce((a, b) => a + b, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\u0000 `, 148)
  return block
}

function writeOctal(block: Buffer, value: number, offset: number, width: number): void {
  block.write(`${value.toString(8).padStart(width - 1, '0')}\u0000`, offset)
}

/** A path over 100 bytes is split at a slash: ustar has room for 155 bytes before it. */
function splitPath(path: string): [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= 100) return ['', path]
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)]
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return [prefix, name]
  }
  throw new RangeError(`${path} is too long for a tar archive`)
}
