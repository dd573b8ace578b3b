import { systemClock } from '#host/clock.ts'
import { createJsonLog, type Log } from '#lib/log.ts'

/** Structured lines on standard output, which `wherry up` leads into a file. `WHERRY_LOG=debug` says more. */
export function processLog(name: string): Log {
  const level = process.env['WHERRY_LOG'] === 'debug' ? 'debug' : 'info'
  const log = createJsonLog((line) => process.stdout.write(`${line}\n`), systemClock, level, { process: name })
  // A failure that nobody waits for would end Node without a word in our form.
  process.on('uncaughtException', (error) => {
    log.error('an unexpected failure ends the process', { error, stack: error.stack })
    process.exit(1)
  })
  return log
}

/** Resolves with the signal that asks the process to end. A second one ends it at once. */
export function untilTold(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => {
        resolve(signal)
        process.once(signal, () => process.exit(1))
      })
  })
}
