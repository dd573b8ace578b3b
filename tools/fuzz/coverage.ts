import { Session } from 'node:inspector/promises'

/** Which pieces of our own code have run since it began. */
export interface Coverage {
  /** Pieces seen for the first time since the last question. */
  fresh(): Promise<number>
  readonly total: number
  close(): Promise<void>
}

/** V8's precise coverage, block by block. `concerns` chooses files by their URL. */
export async function startCoverage(concerns: (url: string) => boolean): Promise<Coverage> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  const seen = new Set<string>()
  return {
    async fresh() {
      const before = seen.size
      const { result } = await session.post('Profiler.takePreciseCoverage')
      for (const { url, scriptId, functions } of result) {
        if (!concerns(url)) continue
        // How often counts a little: a loop that goes round more often than ever before is something new.
        for (const { ranges } of functions)
          for (const { count, startOffset, endOffset } of ranges)
            if (count > 0) seen.add(`${scriptId}:${startOffset}:${endOffset}:${Math.min(6, 31 - Math.clz32(count))}`)
      }
      return seen.size - before
    },
    get total() {
      return seen.size
    },
    async close() {
      await session.post('Profiler.stopPreciseCoverage')
      session.disconnect()
    },
  }
}
