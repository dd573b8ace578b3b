import type { Type } from '#schema/schema.ts'

/**
 * gRPC with programs on this node that speak to the kubelet through a unix socket: what the kubelet asks of it. `host/plugins/grpc.ts` does it
 * over sockets; tests may do it in memory. Every failure is a `WherryError`: ServiceUnavailable while nobody listens, Timeout,
 * MethodNotAllowed for a method that the other side does not have, BadRequest, NotFound, else InternalError; the message is the other side's.
 */
export type DialRpc = (socketPath: string) => RpcChannel

/** One connection. It is made when first used, and again after the other side came back. */
export interface RpcChannel {
  /** Resolves once somebody listens; `ServiceUnavailable` when nobody does in time. */
  ready(timeoutMs: number): Promise<void>
  call<Q, QI, A, AI>(
    method: RpcMethod<Q, QI, A, AI>,
    message: QI,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<A>
  /** A stream of the other side's. It ends as they end it: an error is thrown. Aborting ends it without one. */
  stream<Q, QI, A, AI>(method: RpcMethod<Q, QI, A, AI>, message: QI, signal: AbortSignal): AsyncIterable<A>
  /** Keeps the connection up, and tells whenever it comes or goes, first when it first does. Returns a function that ends it. */
  followConnection(listener: (isConnected: boolean) => void): () => void
  close(): void
}

/** `path` as gRPC writes it: `/package.Service/Method`. */
export interface RpcMethod<Q, QI, A, AI> {
  readonly path: string
  readonly request: Type<Q, QI>
  readonly answer: Type<A, AI>
}

/** Listens on a socket, in place of one that a former process left there; its folder is made where it is missing. Throws when it cannot. */
export type ServeRpc = (socketPath: string, services: readonly ServedMethod[]) => Promise<RpcServer>

export interface RpcServer {
  close(): Promise<void>
}

/** A method with who answers it. A thrown `WherryError` reaches the caller with its message, and its code as gRPC's nearest. */
export interface ServedMethod {
  readonly path: string
  readonly request: Type<unknown, never>
  readonly answer: Type<unknown, never>
  readonly unary?: (message: never) => Promise<unknown> | unknown
  readonly stream?: (message: never, signal: AbortSignal) => AsyncIterable<unknown>
}

/** A method that answers once. */
export const served = <Q, QI, A, AI>(
  method: RpcMethod<Q, QI, A, AI>,
  unary: (message: Q) => Promise<NoInfer<AI>> | NoInfer<AI>,
): ServedMethod => ({ ...method, unary }) as unknown as ServedMethod

/** A method that answers with a stream; the signal tells that nobody listens any more. */
export const servedStream = <Q, QI, A, AI>(
  method: RpcMethod<Q, QI, A, AI>,
  stream: (message: Q, signal: AbortSignal) => AsyncIterable<NoInfer<AI>>,
): ServedMethod => ({ ...method, stream }) as unknown as ServedMethod
