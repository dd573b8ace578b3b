import type { Terminal } from './command.ts'

/** Steps of a long command, a line each: what is being done, then how long it took and what came of it. */
export interface Progress {
  step<T>(title: string, work: () => Promise<T>, tell?: (result: T) => string): Promise<T>
}

export function createProgress(terminal: Terminal, monotonicMs: () => number): Progress {
  return {
    async step(title, work, tell) {
      const startedAt = monotonicMs()
      if (terminal.interactive) terminal.out(`  … ${title}`)
      try {
        const result = await work()
        const more = tell?.(result)
        terminal.out(
          `${terminal.interactive ? '\r\u001b[K' : ''}  ✓ ${title}${more ? `: ${more}` : ''} (${seconds(monotonicMs() - startedAt)})\n`,
        )
        return result
      } catch (error) {
        terminal.out(`${terminal.interactive ? '\r\u001b[K' : ''}  ✗ ${title}\n`)
        throw error
      }
    },
  }
}

export const seconds = (ms: number): string => (ms < 100 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`)
