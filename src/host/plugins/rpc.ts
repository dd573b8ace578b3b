import { mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  Client,
  connectivityState,
  credentials,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import type { DialRpc, ServedMethod, ServeRpc } from '#kubelet/plugins/rpc.ts'
import { type ErrorCode, isError, WherryError } from '#lib/errors.ts'
import { decodeProtobuf, encodeProtobuf } from '#schema/protobuf.ts'
import type { AnyType } from '#schema/schema.ts'
import { socketAddress } from './socket-address.ts'

/**
 * gRPC over unix sockets, for plug-ins of this node. One that restarts makes its socket anew within moments, so asking again is quick at first;
 * one that stays away is dialled rarely, yet often enough that it is seen before half a minute costs it its ResourceSlices.
 */
export const dialRpc: DialRpc = (socketPath) => {
  const address = socketAddress(socketPath)
  const client = new Client(`unix://${address.path}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': MESSAGE_LIMIT_BYTES,
    'grpc.max_send_message_length': MESSAGE_LIMIT_BYTES,
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.min_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 5_000,
    'grpc.enable_retries': 0,
    // Some servers refuse a path as the name of a host.
    'grpc.default_authority': 'localhost',
  })
  return {
    ready: (timeoutMs) =>
      new Promise((resolve, reject) => {
        client.waitForReady(Date.now() + timeoutMs, (error) => {
          if (error === undefined || error === null) resolve()
          else reject(new WherryError('ServiceUnavailable', `failed to dial socket ${socketPath}: ${error.message}`, { cause: error }))
        })
      }),
    call: ({ path, request, answer }, message, { timeoutMs, signal }) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const options = timeoutMs === Infinity ? {} : { deadline: Date.now() + timeoutMs }
        const stop = () => call.cancel()
        const call = client.makeUnaryRequest(path, writer(request), reader(answer), message, new Metadata(), options, (error, value) => {
          signal?.removeEventListener('abort', stop)
          if (error === null) resolve(value as never)
          else reject(signal?.aborted ? signal.reason : translate(error))
        })
        signal?.addEventListener('abort', stop, { once: true })
      }),
    async *stream({ path, request, answer }, message, signal) {
      if (signal.aborted) return
      const call = client.makeServerStreamRequest(path, writer(request), reader(answer), message, new Metadata())
      const stop = () => call.cancel()
      signal.addEventListener('abort', stop, { once: true })
      try {
        for await (const value of call) yield value as never
      } catch (error) {
        if (!signal.aborted) throw translate(error as ServiceError)
      } finally {
        signal.removeEventListener('abort', stop)
        call.cancel()
      }
    },
    followConnection(listener) {
      const channel = client.getChannel()
      let isEnded = false
      let wasConnected = false
      const look = (): void => {
        if (isEnded) return
        // Asking for the state with `true` connects anew where nothing is.
        const state = channel.getConnectivityState(true)
        const isConnected = state === connectivityState.READY
        if (isConnected !== wasConnected) listener((wasConnected = isConnected))
        if (state === connectivityState.SHUTDOWN) return
        channel.watchConnectivityState(state, Infinity, (error) => {
          if (error === undefined || error === null) look()
        })
      }
      look()
      return () => {
        isEnded = true
      }
    },
    close() {
      client.close()
      address.close()
    },
  }
}

/** Serves on a unix socket that only root may reach, as its folder says. */
export const serveRpc: ServeRpc = async (socketPath, services) => {
  const server = new Server({
    'grpc.max_receive_message_length': MESSAGE_LIMIT_BYTES,
    'grpc.max_send_message_length': MESSAGE_LIMIT_BYTES,
  })
  for (const method of services) server.addService({ method: definition(method) }, { method: implementation(method) })
  await mkdir(dirname(socketPath), { recursive: true, mode: 0o750 })
  await rm(socketPath, { force: true })
  const address = socketAddress(socketPath)
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${address.path}`, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error)))
  }).catch((error: unknown) => {
    server.forceShutdown()
    address.close()
    throw new WherryError('ServiceUnavailable', `cannot listen on ${socketPath}: ${(error as Error).message}`, { cause: error })
  })
  return {
    async close() {
      server.forceShutdown()
      address.close()
      await rm(socketPath, { force: true })
    },
  }
}

/** gRPC's own default for what is received; the other way there is none. */
const MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024

const writer = (type: AnyType) => (value: unknown) => Buffer.from(encodeProtobuf(type, value, { syntax: 'proto3' }))
const reader = (type: AnyType) => (bytes: Buffer) => decodeProtobuf(type, bytes, { syntax: 'proto3' })

const codes: Partial<Record<status, ErrorCode>> = {
  [status.NOT_FOUND]: 'NotFound',
  [status.DEADLINE_EXCEEDED]: 'Timeout',
  [status.UNAVAILABLE]: 'ServiceUnavailable',
  [status.ALREADY_EXISTS]: 'AlreadyExists',
  [status.UNIMPLEMENTED]: 'MethodNotAllowed',
  [status.INVALID_ARGUMENT]: 'BadRequest',
  [status.RESOURCE_EXHAUSTED]: 'TooManyRequests',
  [status.ABORTED]: 'Conflict',
}

/** The text is as Go prints an error of gRPC, since events and conditions show it. */
function translate(error: ServiceError): WherryError {
  const code = codes[error.code] ?? 'InternalError'
  const name = goNames[error.code] ?? 'Unknown'
  return new WherryError(code, `rpc error: code = ${name} desc = ${error.details || error.message}`, { cause: error })
}

/** How Go's `codes` print themselves. */
const goNames: Readonly<Record<number, string>> = {
  [status.CANCELLED]: 'Canceled',
  [status.UNKNOWN]: 'Unknown',
  [status.INVALID_ARGUMENT]: 'InvalidArgument',
  [status.DEADLINE_EXCEEDED]: 'DeadlineExceeded',
  [status.NOT_FOUND]: 'NotFound',
  [status.ALREADY_EXISTS]: 'AlreadyExists',
  [status.PERMISSION_DENIED]: 'PermissionDenied',
  [status.RESOURCE_EXHAUSTED]: 'ResourceExhausted',
  [status.FAILED_PRECONDITION]: 'FailedPrecondition',
  [status.ABORTED]: 'Aborted',
  [status.OUT_OF_RANGE]: 'OutOfRange',
  [status.UNIMPLEMENTED]: 'Unimplemented',
  [status.INTERNAL]: 'Internal',
  [status.UNAVAILABLE]: 'Unavailable',
  [status.DATA_LOSS]: 'DataLoss',
  [status.UNAUTHENTICATED]: 'Unauthenticated',
}

function definition({ path, request, answer, stream }: ServedMethod): MethodDefinition<unknown, unknown> {
  return {
    path,
    requestStream: false,
    responseStream: stream !== undefined,
    requestSerialize: writer(request),
    requestDeserialize: reader(request),
    responseSerialize: writer(answer),
    responseDeserialize: reader(answer),
  }
}

function implementation({ unary, stream }: ServedMethod) {
  if (stream === undefined)
    return (call: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>): void => {
      Promise.resolve()
        .then(() => unary!(call.request as never))
        .then(
          (value) => done(null, value),
          (error: unknown) => done(refusal(error)),
        )
    }
  return async (call: ServerWritableStream<unknown, unknown>): Promise<void> => {
    const gone = new AbortController()
    call.on('cancelled', () => gone.abort())
    call.on('close', () => gone.abort())
    try {
      for await (const value of stream(call.request as never, gone.signal)) {
        if (call.write(value)) continue
        // Whoever does not read keeps the next message waiting, not in memory.
        await new Promise<void>((resolve) => {
          call.once('drain', resolve)
          gone.signal.addEventListener('abort', () => resolve(), { once: true })
        })
      }
      call.end()
    } catch (error) {
      if (!gone.signal.aborted) call.emit('error', refusal(error))
    }
  }
}

function refusal(error: unknown): { code: status; details: string } {
  const details = (error as Error).message
  const found = isError(error) ? Object.entries(codes).find(([, code]) => code === error.code) : undefined
  return { code: found === undefined ? status.UNKNOWN : Number(found[0]), details }
}
