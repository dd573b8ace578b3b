import type { OpenLog } from './files.ts'

const blockBytes = 32 << 10
const newline = 0x0a

/** Where the last `lines` entries of a log begin, read backwards in blocks. An entry counts once its newline is written. */
export async function tailOffset(log: OpenLog, sizeBytes: number, lines: number): Promise<number> {
  if (lines <= 0) return sizeBytes
  const block = Buffer.alloc(Math.min(blockBytes, sizeBytes))
  let left = lines + 1
  for (let end = sizeBytes; end > 0; ) {
    const start = Math.max(0, end - blockBytes)
    const length = await log.read(block.subarray(0, end - start), start)
    for (let at = length - 1; at >= 0; at -= 1) {
      if (block[at] !== newline) continue
      left -= 1
      if (left === 0) return start + at + 1
    }
    end = start
  }
  return 0
}
