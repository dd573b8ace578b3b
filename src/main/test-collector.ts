import assert from 'node:assert/strict'
import { Server, ServerCredentials, status } from '@grpc/grpc-js'

/** For tests: a collector of traces on a port of its own, which keeps what it is sent or refuses it. */
export async function collector(accepts: boolean) {
  const bodies: Buffer[] = []
  const server = new Server()
  const asIs = (bytes: Buffer) => bytes
  const method = {
    path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  } as const
  server.addService(
    { Export: method },
    {
      Export(call: { readonly request: Buffer }, done: (error: object | null, answer?: Buffer) => void) {
        if (!accepts) return done({ code: status.RESOURCE_EXHAUSTED, details: 'full' })
        bodies.push(call.request)
        done(null, Buffer.alloc(0))
      },
    },
  )
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  return { port, bodies, close: () => server.forceShutdown() }
}

/** The first field at each step of a path into a protobuf message: bytes, fixed64 or a varint of one byte. */
export function at(message: Buffer, ...path: readonly number[]): Buffer {
  const [first] = all(message, ...path)
  return first ?? assert.fail(`there is no field ${path.join('.')}`)
}

/** All of them. */
export function all(message: Buffer, ...[number, ...rest]: readonly number[]): Buffer[] {
  const found: Buffer[] = []
  for (let position = 0; position < message.length; ) {
    let key: number
    ;[key, position] = varint(message, position)
    let length = 8
    if ((key & 7) === 0) length = varint(message, position)[1] - position
    else if ((key & 7) === 2) [length, position] = varint(message, position)
    const value = message.subarray(position, position + length)
    if (key >> 3 === number) found.push(...(rest.length === 0 ? [value] : all(value, ...rest)))
    position += length
  }
  return found
}

function varint(bytes: Buffer, from: number): [value: number, next: number] {
  let value = 0
  for (let position = from, shift = 0; ; position += 1, shift += 7) {
    value |= (bytes[position]! & 127) << shift
    if (bytes[position]! < 128) return [value, position + 1]
  }
}
