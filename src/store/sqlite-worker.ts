import { parentPort, workerData } from 'node:worker_threads'
import { isError } from '#lib/errors.ts'
import { openDatabase } from './sqlite-database.ts'
import {
  type Answer,
  type CommitsAnswer,
  type Failure,
  type OpenAnswer,
  type PackedEntries,
  type Request,
  unpackCommits,
} from './sqlite-messages.ts'
import { createReads } from './sqlite-reads.ts'
import { createWrites } from './sqlite-writes.ts'

/**
 * The thread that owns the file. One request after the other, each to its end: that alone makes reads consistent and commits serial.
 * The first message it sends (id 0) tells how opening went.
 */
const port = parentPort!
const { path } = workerData as { path: string }

/** The answer, and the blocks of bytes that change hands with it. */
type Reply = [value: unknown, transfer: readonly ArrayBuffer[]]

try {
  const serve = open(path)
  port.on('message', (request: Request) => {
    try {
      const [value, transfer] = serve(request)
      send({ id: request.id, ok: true, value }, transfer)
    } catch (error) {
      send({ id: request.id, ok: false, failure: failureOf(error) })
    }
    if (request.do === 'close') port.close()
  })
} catch (error) {
  send({ id: 0, ok: false, failure: failureOf(error) })
  port.close()
}

function open(file: string): (request: Request) => Reply {
  const database = openDatabase(file)
  const reads = createReads(database)
  const writes = createWrites(database, reads, file)
  const opened: OpenAnswer = { revision: reads.meta('revision'), compacted: reads.meta('compacted') }
  send({ id: 0, ok: true, value: opened })

  return (request) => {
    switch (request.do) {
      case 'commit': {
        const answer: CommitsAnswer = writes.commitAll(unpackCommits(request.batch))
        return [answer, [answer.previous.bytes.buffer]]
      }
      case 'get':
        return [reads.get(request.key), []]
      case 'range': {
        const page = (entries: PackedEntries) => send({ id: request.id, page: entries }, [entries.bytes.buffer])
        return [reads.range(request.prefix, request.from, request.limit, request.revision, page), []]
      }
      case 'history': {
        const answer = reads.history(request.prefix, request.after, request.upTo)
        return [answer, [answer.entries.bytes.buffer]]
      }
      case 'compact':
        return [writes.compact(request.upTo), []]
      case 'tidy':
        return [writes.tidy(), []]
      case 'close':
        return [database.close(), []]
    }
  }
}

function send(answer: Answer, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(answer, [...transfer])
}

function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error)
  if (isError(error, 'Expired', 'InternalError', 'ServiceUnavailable')) {
    const cause = error.cause instanceof Error ? { cause: error.cause.message } : {}
    return { code: error.code as Failure['code'], message, ...cause }
  }
  return {
    code: 'InternalError',
    message: `the store failed: ${message}`,
    ...(error instanceof Error && error.stack && { cause: error.stack }),
  }
}
