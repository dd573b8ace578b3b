import type { Duplex } from 'node:stream'

/**
 * Opens a connection. `kubelet`: TLS with the API server's client certificate, the peer verified against the cluster's CA. `unverified`: TLS to
 * whatever a user wants to reach through `proxy`. `plain`: no TLS. Errors are those of the system, such as ECONNREFUSED; a dialer bounds its
 * own time.
 */
export type Dialer = (target: DialTarget) => Promise<Duplex>

/** Where a connection goes, and how its other side proves itself; see `Dialer`. */
export interface DialTarget {
  readonly host: string
  readonly port: number
  readonly security: 'kubelet' | 'unverified' | 'plain'
}
