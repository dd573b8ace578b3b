import type { CertificateUse } from './certificate.ts'
import type { Route } from './route.ts'

/**
 * HTTP takes HTTP/1.1 and HTTP/2 with prior knowledge (gRPC without TLS); HTTPS offers both by ALPN and ends TLS here. TLS passes connections on as
 * they are, by the name that the client asks for (SNI): its routes have the path `/`, no other matches, and forward to backends of protocol `tcp`; an
 * answer in place of a backend ends the connection. HTTPS and TLS may share a port: the more specific host name decides,
 * then the older route for it; a host without a certificate of its own is TLS' where both name it.
 */
export type Protocol = 'HTTP' | 'HTTPS' | 'TLS'

/** Whether listeners of these protocols may share a port. */
export const canShare = (left: Protocol, right: Protocol): boolean => left === right || (left !== 'HTTP' && right !== 'HTTP')

/**
 * A port that is listened to at addresses of the router, for the requests to some of its hosts. Several listeners may share a port (`canShare`):
 * which of them takes a request is decided by its host.
 *
 * The request's host picks the most specific host name among all of the port's (those of listeners, and of their routes): the exact name, then the
 * longest `*.` name. What happens then is said by the routes for that host name alone; if none matches the answer is 404. Two consequences:
 * - a listener with a host name takes all requests for it away from listeners of its own `group` with a less specific one, even from their routes
 *   for exactly that host (Gateway API, "listener isolation"). Between groups nothing is taken away: an Ingress for `a.example` and a Gateway's
 *   listener for `a.example` both serve it, by the precedence of their routes.
 * - routes of one listener: `hostsFallThrough` says what becomes of a request that a more specific host name's routes leave over.
 */
export interface Listener {
  /** Stable, and unique in the model: `ingress/http`, `gateway/<namespace>/<gateway>/<listener>`. */
  readonly name: string
  /** Whose it is: `ingress`, or `gateway/<namespace>/<gateway>`, since Gateways share the addresses and do not know of each other; see above. */
  readonly group: string
  /** 1 to 65535. */
  readonly port: number
  /** Those of the router's addresses that it is listened to at, as the router writes them. Absent: at all. */
  readonly addresses?: readonly string[]
  readonly protocol: Protocol
  /** Lower case; `` (every host), `a.example` or `*.a.example`. */
  readonly hostname: string
  /**
   * How many labels `*` stands for, in the host names of this listener and its routes: one in an Ingress (networking/v1 IngressRule.host), one or
   * more in Gateway API (Hostname of HTTPRoute). Never none: `*.a.example` is not `a.example`.
   */
  readonly wildcards: 'one label' | 'many labels'
  /**
   * Whether a request that no route of the most specific host name matches is shown to the less specific ones of the same listener. Gateway API
   * gives specific hosts precedence only, so yes; an Ingress' host is chosen first and then its paths, so no.
   */
  readonly hostsFallThrough: boolean
  /**
   * HTTPS only. Clients whose SNI picks none, or that send none, are shown the first one without host names of a listener for every host; where there is
   * none, a self-signed certificate of the router's own.
   */
  readonly certificates: readonly CertificateUse[]
  readonly routes: readonly Route[]
}
