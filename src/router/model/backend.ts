/** Endpoints of one port of one Service. Requests go round among those that are ready; none of them: 503. */
export interface Backend {
  /** Stable: `<namespace>/<service>:<port number>`, with `/h2c` or `/tcp` behind it if that is its protocol. */
  readonly name: string
  /** `tcp`: whatever the client says, for listeners of protocol TLS. `h2c`: HTTP/2 without TLS, with prior knowledge: for gRPC, and for ports with appProtocol `kubernetes.io/h2c`. */
  readonly protocol: 'http' | 'h2c' | 'tcp'
  readonly endpoints: readonly Endpoint[]
}

/**
 * Where a pod answers. The router does not probe: readiness is what EndpointSlices say. `draining` gets no new request, and what is under way is
 * finished: pods that are ending. An endpoint that is gone from the list is treated so too.
 */
export interface Endpoint {
  /** IPv4 or IPv6, never a name. */
  readonly address: string
  readonly port: number
  readonly state: 'ready' | 'draining'
}
