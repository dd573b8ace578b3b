/** One entry of a CRI log: `2016-10-06T00:17:09.669794202Z stdout F the text`. */
export interface CriLine {
  /** RFC 3339 with nanoseconds, as written. */
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  /** The runtime cut a long line here: the next entry of the stream continues it. */
  readonly partial: boolean
  readonly text: Buffer
}

const space = 0x20

/** Reads one entry, given without its newline. Undefined: not in this format. */
export function parseCriLine(line: Buffer): CriLine | undefined {
  const afterTime = line.indexOf(space)
  const afterStream = line.indexOf(space, afterTime + 1)
  if (afterTime < 1 || afterStream < 0) return undefined
  const stream = line.toString('latin1', afterTime + 1, afterStream)
  if (stream !== 'stdout' && stream !== 'stderr') return undefined
  // Tags are separated by ':'; the first is F (full) or P (partial). An empty text may come without its space.
  const tag = line[afterStream + 1]
  if (tag !== 0x46 && tag !== 0x50) return undefined
  const afterTag = line.indexOf(space, afterStream + 1)
  return {
    time: line.toString('latin1', 0, afterTime),
    stream,
    partial: tag === 0x50,
    text: afterTag < 0 ? line.subarray(line.length) : line.subarray(afterTag + 1),
  }
}
