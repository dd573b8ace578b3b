import type { RulesHost } from '../rules-check.ts'
import type { Family } from './family.ts'

/** What the service proxy needs of the machine: `host/service-host.ts` does it, tests keep a record. */
export interface ServiceHost extends RulesHost {
  /** One nftables transaction (the language of nft(8)): all of it or nothing. */
  nft(text: string): Promise<void>
  /** What the map of clients with session affinity holds; none where there is no such map. */
  stickyClients(family: Family, table: string): Promise<readonly StickyClient[]>
  /** Makes the kernel forget the flows that `isStale` says, of TCP only connections that nobody has answered yet; resolves with how many it looked at. */
  forgetFlows(family: Family, protocol: FlowProtocol, isStale: (flow: Flow) => boolean): Promise<number>
  /** Addresses of the machine's interfaces. */
  addresses(): readonly string[]
  /** Answers every HTTP request at these addresses and port. Rejects where one of them is taken, and then listens at none. */
  serveHttp(addresses: readonly string[], port: number, answer: (path: string) => HttpAnswer): Promise<{ close(): Promise<void> }>
}

/** One remembered client, in nft's words. */
export interface StickyClient {
  /** The numbers of the Service's port, and the client's address or its hash. */
  readonly client: string
  readonly timeoutSeconds: number
  readonly expiresSeconds: number
  readonly slot: string
}

export type FlowProtocol = 'udp' | 'tcp'

/** Where a flow was sent to at first, and who answers it. */
export interface Flow {
  readonly destination: string
  readonly destinationPort: number
  readonly replySource: string
  readonly replyPort: number
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}
