import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { type ErrorCode, WherryError } from '#lib/errors.ts'
import type { OpenGrpc } from '#lib/grpc-exchange.ts'

/** gRPC over sockets, in plain text: for a collector on this machine, or one that a mesh's proxy guards. */
export const openGrpc: OpenGrpc = (target) => {
  const client = new Client(target, credentials.createInsecure(), {
    // Who sends next is told at once that nobody is there, and decides itself whether to ask again.
    'grpc.enable_retries': 0,
    'grpc.max_reconnect_backoff_ms': 10_000,
  })
  const underWay = new Set<{ cancel(): void }>()
  const asIs = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    call: (path, message, timeoutMs) =>
      new Promise((resolve, reject) => {
        const done = (error: ServiceError | null, answer?: Uint8Array) => {
          underWay.delete(call)
          if (error === null) resolve(answer!)
          else
            reject(new WherryError(codes[error.code] ?? 'InternalError', `${target}: ${error.details || error.message}`, { cause: error }))
        }
        const call = client.makeUnaryRequest(
          path,
          asIs,
          asIs,
          message,
          new Metadata(),
          { deadline: new Date(Date.now() + timeoutMs) },
          done,
        )
        underWay.add(call)
      }),
    close() {
      client.close()
      // A process that ends waits for no answer.
      for (const call of underWay) call.cancel()
    },
  }
}

const codes: Partial<Record<status, ErrorCode>> = {
  [status.DEADLINE_EXCEEDED]: 'Timeout',
  [status.UNAVAILABLE]: 'ServiceUnavailable',
  [status.UNIMPLEMENTED]: 'MethodNotAllowed',
}
