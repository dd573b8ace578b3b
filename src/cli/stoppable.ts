import { WherryError } from '#lib/errors.ts'
import type { Terminal } from './command.ts'

/** What ends a command before its time: Ctrl-C, whoever stops it, and a terminal that is closed. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs what makes something in the cluster and removes it again. Told to stop, it has to do the latter at once: the signal is aborted then. Who asks a
 * second time does not wait for that, and what was made stays.
 */
export async function stoppable<T>(terminal: Pick<Terminal, 'error'>, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopping = new AbortController()
  const stop = (): void => {
    forget()
    terminal.error('\nstopping; what was made is removed first\n')
    stopping.abort(new WherryError('Timeout', 'it was stopped before its end'))
  }
  // Without a listener the system's own answer counts again: the process ends.
  const forget = (): void => {
    for (const signal of signals) process.off(signal, stop)
  }
  for (const signal of signals) process.on(signal, stop)
  try {
    return await run(stopping.signal)
  } finally {
    forget()
  }
}
