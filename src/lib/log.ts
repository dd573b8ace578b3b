import type { Clock } from './clock.ts'

/** Structured log: a constant message, and what varies as fields. Errors among the fields are written with their causes. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** The same log with these fields on every line. */
  with(fields: LogFields): Log
}

/** What is noted beside the message. Values are written as JSON. */
export type LogFields = Readonly<Record<string, unknown>>
/** How much it matters, least first: one that is not written hides those before it too. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** One JSON object a line, `time`, `level` and `message` first, handed to `sink` without the newline. Levels below `level` are not written. */
export function createJsonLog(
  sink: (line: string) => void,
  clock: Pick<Clock, 'now'>,
  level: LogLevel = 'info',
  base: LogFields = {},
): Log {
  const write = (at: LogLevel) => (message: string, fields?: LogFields) => {
    if (levels.indexOf(at) < levels.indexOf(level)) return
    sink(JSON.stringify({ time: new Date(clock.now()).toISOString(), level: at, message, ...base, ...fields }, plain))
  }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    with: (fields) => createJsonLog(sink, clock, level, { ...base, ...fields }),
  }
}

/** Keeps nothing: for tests that look at something else. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, with: () => silentLog }

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** JSON knows no errors and no large integers. */
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Error) {
    const { name, message, stack, cause } = value
    const code = 'code' in value ? value.code : undefined
    return { name, message, ...(code !== undefined && { code }), ...(cause !== undefined && { cause }), stack }
  }
  return typeof value === 'bigint' ? value.toString() : value
}
