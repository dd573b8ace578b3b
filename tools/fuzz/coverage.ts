import { Session } from 'node:inspector/promises'

/** Which pieces of chosen code ran, and about how often. */
export interface Coverage {
  /** Names of the pieces that ran since the last question. */
  take(): Promise<readonly string[]>
  close(): Promise<void>
}

/**
 * V8's precise coverage, block by block. `concerns` chooses files by their URL.
 *
 * Blocks are counted only in functions that V8 compiles from now on: what ran before has no counters, and its calls would be counted until the
 * optimiser gets to it, whenever that is. Such functions are left out, so that the same runs give the same pieces; begin before what concerns you
 * is imported.
 */
export async function startCoverage(concerns: (url: string) => boolean): Promise<Coverage> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  return {
    async take() {
      const { result } = await session.post('Profiler.takePreciseCoverage')
      const pieces: string[] = []
      for (const { url, scriptId, functions } of result) {
        if (!concerns(url)) continue
        for (const { isBlockCoverage, ranges } of functions) {
          if (!isBlockCoverage) continue
          // How often counts a little: a loop that goes round more often than ever before is something new.
          for (const { count, startOffset, endOffset } of ranges)
            if (count > 0) pieces.push(`${scriptId}:${startOffset}:${endOffset}:${Math.min(6, 31 - Math.clz32(count))}`)
        }
      }
      return pieces
    },
    async close() {
      await session.post('Profiler.stopPreciseCoverage')
      session.disconnect()
    },
  }
}
