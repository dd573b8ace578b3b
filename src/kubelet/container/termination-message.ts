import type { Files, LogManager } from '../interfaces.ts'
import { terminationMessageFileAnnotation, terminationMessagePolicyAnnotation } from '../pod/names.ts'
import type { ContainerStatus } from '../runtime.ts'

/** Bounds of the reference: of the file, and of what the log's end may stand in with. */
export const MESSAGE_LIMIT_BYTES = 4096
export const LOG_LIMIT_BYTES = 2048
export const LOG_LIMIT_LINES = 80

/**
 * What a container had to say at its end: its termination message file, or, with FallbackToLogsOnError, the end of its log when it failed
 * and wrote none. '' for nothing.
 */
export async function terminationMessage(status: ContainerStatus, files: Files, logs: Pick<LogManager, 'tail'>): Promise<string> {
  const path = status.annotations[terminationMessageFileAnnotation]
  const content = path === undefined ? undefined : await files.read(path, MESSAGE_LIMIT_BYTES)
  const message = content === undefined ? '' : Buffer.from(content).toString('utf8')
  const isFallback = status.annotations[terminationMessagePolicyAnnotation] === 'FallbackToLogsOnError'
  if (message !== '' || !isFallback || status.exitCode === 0 || status.logPath === '') return message
  return logs.tail(status.logPath, { lines: LOG_LIMIT_LINES, bytes: LOG_LIMIT_BYTES })
}
