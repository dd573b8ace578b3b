import { copyFileSync, fstatSync, ftruncateSync, readlinkSync } from 'node:fs'
import { systemClock } from '#host/clock.ts'
import { isError } from '#lib/errors.ts'
import { createJsonLog, type Log } from '#lib/log.ts'

/** A log file that grew so far becomes `<file>.1`, and begins anew: at most twice this is kept. */
const logBytes = 32 << 20

/** Structured lines on standard output, which `wherry up` leads into a file. `WHERRY_LOG=debug` says more. */
export function processLog(name: string): Log {
  const level = process.env['WHERRY_LOG'] === 'debug' ? 'debug' : 'info'
  const log = createJsonLog(boundedOutput(), systemClock, level, { process: name })
  // A failure that nobody waits for would end Node without a word in our form.
  process.on('uncaughtException', (error) => {
    // What is wrong with settings is told by the message alone; where in the code it was found helps nobody.
    if (isError(error, 'Invalid')) log.error('the settings cannot be used', { error: error.message })
    else log.error('an unexpected failure ends the process', { error, stack: error.stack })
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

/** Standard output, kept small where it is a file: its start is moved aside, and since it is appended to, writing goes on at its new end. */
function boundedOutput(): (line: string) => void {
  const isFile = fstatSync(1).isFile()
  let sizeBytes = isFile ? fstatSync(1).size : 0
  return (line) => {
    process.stdout.write(`${line}\n`)
    sizeBytes += Buffer.byteLength(line) + 1
    if (!isFile || sizeBytes < logBytes) return
    const path = readlinkSync('/proc/self/fd/1')
    copyFileSync(path, `${path}.1`)
    ftruncateSync(1)
    sizeBytes = 0
  }
}
