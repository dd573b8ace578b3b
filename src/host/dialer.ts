import { connect as connectPlain } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { WherryError } from '#lib/errors.ts'

/** By whose certificates a kubelet and we know each other. */
export interface DialerOptions {
  /** PEM: whom a kubelet's certificate has to be signed by, and who we are towards it. */
  readonly ca: string
  /** Asked anew for each connection, since they are renewed. */
  readonly identity: () => { readonly certificate: string; readonly key: string }
  readonly timeoutMs?: number
}

interface Target {
  readonly host: string
  readonly port: number
  readonly security: 'kubelet' | 'unverified' | 'plain'
}

/** Opens the API server's connections to nodes and pods: TLS with its own certificate to kubelets, what the user asked for otherwise. */
export function createDialer({ ca, identity, timeoutMs = 10_000 }: DialerOptions): (target: Target) => Promise<Duplex> {
  return ({ host, port, security }) =>
    new Promise((resolve, reject) => {
      const socket =
        security === 'plain'
          ? connectPlain({ host, port })
          : connectTls({
              host,
              port,
              ...(security === 'kubelet' ? { ca, cert: identity().certificate, key: identity().key } : { rejectUnauthorized: false }),
              ALPNProtocols: ['http/1.1'],
            })
      const late = setTimeout(
        () => socket.destroy(new WherryError('Timeout', `${host}:${port} did not answer within ${timeoutMs} ms`)),
        timeoutMs,
      )
      socket.once('error', (error) => {
        clearTimeout(late)
        reject(error)
      })
      socket.once(security === 'plain' ? 'connect' : 'secureConnect', () => {
        clearTimeout(late)
        socket.removeAllListeners('error')
        socket.setNoDelay(true)
        resolve(socket)
      })
    })
}
