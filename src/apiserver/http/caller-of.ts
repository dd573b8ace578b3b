import type { TLSSocket } from 'node:tls'
import type { Caller } from '../contract.ts'

/**
 * Who a connection belongs to, as its handshake settled it. `connection` is what stays the same for all of its requests: of HTTP/2 the session,
 * of HTTP/1.1 the socket itself.
 */
export function callerOf(connection: object | undefined, socket: TLSSocket | undefined): Caller {
  if (connection === undefined || socket === undefined) return { remoteAddress: '' }
  const known = callers.get(connection)
  if (known !== undefined) return known
  const remoteAddress = socket.remoteAddress ?? ''
  const raw = socket.authorized ? socket.getPeerCertificate().raw : undefined
  const caller = raw === undefined ? { remoteAddress } : { remoteAddress, certificate: raw }
  callers.set(connection, caller)
  return caller
}

/** Node reads a certificate anew, field by field, each time it is asked; it stays the same as long as the connection does. */
const callers = new WeakMap<object, Caller>()
