import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { type ErrorCode, WherryError } from '#lib/errors.ts'
import { decodeProtobuf, encodeProtobuf } from '#schema/protobuf.ts'
import type { AnyType, Type } from '#schema/schema.ts'

/**
 * One gRPC connection to a container runtime's unix socket. It connects when first used, again after the runtime came back, and gives
 * every call a deadline. Errors are `WherryError`: ServiceUnavailable while the socket is gone, Timeout, NotFound, AlreadyExists,
 * MethodNotAllowed for what the runtime does not implement, else InternalError with the runtime's own message.
 */
export interface Channel {
  call<Q, QI, A, AI>(
    path: string,
    request: Type<Q, QI>,
    answer: Type<A, AI>,
    message: QI,
    timeoutMs: number,
    headers?: Readonly<Record<string, string>>,
  ): Promise<A>
  /** A server's stream: the first error ends it. Aborting ends it without one. */
  stream<Q, QI, A, AI>(
    path: string,
    request: Type<Q, QI>,
    answer: Type<A, AI>,
    message: QI,
    options: { readonly signal: AbortSignal; readonly headers?: Readonly<Record<string, string>> },
  ): AsyncIterable<A>
  close(): void
}

/** `endpoint`: a path, or `unix://` and a path. */
export function openChannel(endpoint: string): Channel {
  const target = `unix://${endpoint.replace(/^unix:\/\//, '')}`
  const client = new Client(target, credentials.createInsecure(), {
    'grpc.max_receive_message_length': MESSAGE_LIMIT_BYTES,
    'grpc.max_send_message_length': MESSAGE_LIMIT_BYTES,
    // A runtime that restarts is back within a second or two: asking a local socket again costs nothing.
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.min_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 1000,
    'grpc.enable_retries': 0,
  })
  const writer = (type: AnyType) => (value: unknown) => Buffer.from(encodeProtobuf(type, value, { syntax: 'proto3' }))
  const reader = (type: AnyType) => (bytes: Buffer) => decodeProtobuf(type, bytes, { syntax: 'proto3' })

  return {
    call: (path, request, answer, message, timeoutMs, headers = {}) =>
      new Promise((resolve, reject) => {
        const done = (error: ServiceError | null, value?: unknown) =>
          error === null ? resolve(value as never) : reject(translate(path, error))
        const options = timeoutMs === Infinity ? {} : { deadline: new Date(Date.now() + timeoutMs) }
        client.makeUnaryRequest(path, writer(request), reader(answer), message, metadataOf(headers), options, done)
      }),
    async *stream(path, request, answer, message, { signal, headers = {} }) {
      const call = client.makeServerStreamRequest(path, writer(request), reader(answer), message, metadataOf(headers))
      const stop = () => call.cancel()
      signal.addEventListener('abort', stop, { once: true })
      try {
        signal.throwIfAborted()
        for await (const value of call) yield value as never
      } catch (error) {
        if (!signal.aborted) throw translate(path, error as ServiceError)
      } finally {
        signal.removeEventListener('abort', stop)
        call.cancel()
      }
    },
    close: () => client.close(),
  }
}

function metadataOf(headers: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
  return metadata
}

/** ExecSync hands out up to 16 MiB of output on each of two streams. */
const MESSAGE_LIMIT_BYTES = 40 * 1024 * 1024

const codes: Partial<Record<status, ErrorCode>> = {
  [status.NOT_FOUND]: 'NotFound',
  [status.DEADLINE_EXCEEDED]: 'Timeout',
  // We give up no call ourselves: its time was over at the other side first, or who answers is being ended.
  [status.CANCELLED]: 'Timeout',
  [status.UNAVAILABLE]: 'ServiceUnavailable',
  [status.ALREADY_EXISTS]: 'AlreadyExists',
  [status.UNIMPLEMENTED]: 'MethodNotAllowed',
  [status.INVALID_ARGUMENT]: 'BadRequest',
}

/** containerd opens its socket before its CRI part is ready, and says so by an error of no code. */
const isStarting = ({ code, details }: ServiceError): boolean => code === status.UNKNOWN && details === 'server is not initialized yet'

/** containerd 2.2 has no code of its own for what it does not do. */
const isLacking = ({ code, details }: ServiceError): boolean => code === status.UNKNOWN && details.includes('not implemented')

function translate(path: string, error: ServiceError): WherryError {
  const method = path.slice(path.lastIndexOf('/') + 1)
  const code = codeOf(error)
  if (code === 'ServiceUnavailable')
    return new WherryError(code, `the container runtime does not answer: ${method}: ${error.details}`, { cause: error })
  return new WherryError(code, error.details || `${method} failed: ${error.message}`, { cause: error })
}

function codeOf(error: ServiceError): ErrorCode {
  if (isStarting(error)) return 'ServiceUnavailable'
  return isLacking(error) ? 'MethodNotAllowed' : (codes[error.code] ?? 'InternalError')
}
