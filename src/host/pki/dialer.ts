import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext } from 'node:tls'

export interface DialerOptions {
  /** PEM of the cluster's CA, and of the certificate and key by which the API server is known to kubelets. */
  readonly ca: string
  readonly certificate: string
  readonly key: string
  /** Until the connection, TLS included, stands. */
  readonly timeoutMs?: number
}

/** How the API server reaches kubelets and pods: the machine's `Dialer` (see apiserver/connect/dialer.ts). */
export function createDialer(options: DialerOptions) {
  const kubelet = createSecureContext({ ca: options.ca, cert: options.certificate, key: options.key, minVersion: 'TLSv1.2' })
  return ({ host, port, security }: { host: string; port: number; security: 'kubelet' | 'unverified' | 'plain' }): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const name = isIP(host) === 0 ? { servername: host } : {}
      const ready = security === 'plain' ? 'connect' : 'secureConnect'
      const socket: Socket =
        security === 'plain'
          ? connectTcp({ host, port, allowHalfOpen: true })
          : connectTls({
              host,
              port,
              ALPNProtocols: ['http/1.1'],
              ...name,
              ...(security === 'kubelet' ? { secureContext: kubelet } : { rejectUnauthorized: false }),
            })
      socket.setNoDelay(true)
      socket.setKeepAlive(true, 30_000)
      socket.setTimeout(options.timeoutMs ?? 10_000, () => socket.destroy(new Error(`dial tcp ${host}:${port}: i/o timeout`)))
      socket.once('error', reject)
      socket.once(ready, () => {
        socket.setTimeout(0)
        socket.off('error', reject)
        resolve(socket)
      })
    })
}
