import { connectionTries } from '../model/action.ts'
import type { RouterModel } from '../model/router-model.ts'

/**
 * What the proxy is to run with, taken apart so that two of them can be compared: what can be changed while it runs (servers, maps, certificates)
 * stands by itself, and the rest as sections of text.
 */
export interface Configuration {
  /** `global`, `defaults`, `frontend p80`, `backend b_shop_web:80`; text without servers, in the order of the file. */
  readonly sections: ReadonlyMap<string, string>
  /** By backend section, by name. */
  readonly servers: ReadonlyMap<string, ReadonlyMap<string, Server>>
  /** By file name: keys with their values. */
  readonly maps: ReadonlyMap<string, ReadonlyMap<string, string>>
  /** By file name: which certificate file is shown for which names. The first line is the default. */
  readonly certificateLists: ReadonlyMap<string, readonly CertificateLine[]>
  /** By file name: PEM text of chain and key. */
  readonly certificates: ReadonlyMap<string, string>
}

/** An endpoint of a backend section. Draining is a weight of 0: nothing new, and what is under way goes on. */
export interface Server {
  readonly address: string
  readonly port: number
  readonly protocol: 'http' | 'h2c' | 'tcp'
  readonly isDraining: boolean
}

export interface CertificateLine {
  readonly file: string
  /** Empty: the names that the certificate bears. */
  readonly hostnames: readonly string[]
}

/** Nothing runs with this. */
export const noConfiguration: Configuration = {
  sections: new Map(),
  servers: new Map(),
  maps: new Map(),
  certificateLists: new Map(),
  certificates: new Map(),
}

/** What stands around the model: where files and sockets are, and the bounds of the process. */
export interface ProxySettings {
  /** At which every listener is bound. */
  readonly addresses: readonly string[]
  /** Folder of maps, lists and certificates, by its whole path. */
  readonly directory: string
  /** Sockets, by their whole paths: commands at run time; metrics in Prometheus' form at `/metrics`. */
  readonly adminSocket: string
  readonly metricsSocket: string
  /** Where the access log is sent, as workers see it: below the confinement's folder, if there is one. */
  readonly logSocket: string
  /** Folder of sockets between parts of the proxy itself: as whoever starts it sees it, and as workers do. */
  readonly inner: { readonly bound: string; readonly reached: string }
  /** Empty folder that workers are shut up in, and whom they run as. Absent: as whoever starts them, for tests. */
  readonly confinement?: { readonly directory: string; readonly user: string; readonly group: string }
  /** Connections at a time, and threads. Absent threads: one a processor. */
  readonly maxConnections: number
  readonly threads?: number
  readonly timeouts: ProxyTimeouts
}

/** Milliseconds. */
export interface ProxyTimeouts {
  /** How long an endpoint may take to accept a connection. */
  readonly connectMs: number
  /** How long client or endpoint may be silent while they are expected to speak. */
  readonly clientMs: number
  readonly serverMs: number
  /** For a request's header to be there. */
  readonly requestHeaderMs: number
  /** For the next request on a connection. */
  readonly keepAliveMs: number
  /** Silence of an upgraded connection (WebSocket), in both directions. */
  readonly tunnelMs: number
}

/** The API says nothing of these; 60 s of silence and 5 s to connect are what other controllers have. */
export const defaultTimeouts: ProxyTimeouts = {
  connectMs: connectionTries.eachMs,
  clientMs: 60_000,
  serverMs: 60_000,
  requestHeaderMs: 10_000,
  // Not longer: the next request on a kept connection may still be answered by what held before a reload.
  keepAliveMs: 15_000,
  tunnelMs: 3_600_000,
}

/** The file of the certificate that is shown where no other is. It is not part of the model: whoever runs the proxy makes it. */
export const defaultCertificateFile = 'certificates/default.pem'

/** Names of what cannot be served although it stands in the model, and why. */
export interface LeftOut {
  readonly listener: string
  readonly route?: string
  readonly problem: string
}

/** A model's configuration. */
export interface Configured {
  readonly configuration: Configuration
  readonly leftOut: readonly LeftOut[]
  readonly model: RouterModel
}
