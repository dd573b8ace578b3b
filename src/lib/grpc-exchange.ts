/** Opens a gRPC connection without TLS. `target`: `host:port`, or a name as gRPC has them, such as `dns:///host:port` or `unix:///path`. */
export type OpenGrpc = (target: string) => GrpcExchange

/** One gRPC connection to somebody else's server. It connects when first used, and again when it was lost. */
export interface GrpcExchange {
  /**
   * One call with one answer, both encoded. Rejects with `Timeout`, `ServiceUnavailable` where nobody is there, `MethodNotAllowed` where it is not
   * known, else `InternalError` with what the server said.
   */
  call(path: string, message: Uint8Array, timeoutMs: number): Promise<Uint8Array>
  /** Gives up what is under way. */
  close(): void
}
