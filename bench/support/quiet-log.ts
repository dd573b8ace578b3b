import { systemClock } from '#host/clock.ts'
import { createJsonLog } from '#lib/log.ts'

/** Only what went wrong, to the terminal: a figure whose driver failed is none. */
export const quietLog = createJsonLog((line) => console.error(line), systemClock, 'error')
