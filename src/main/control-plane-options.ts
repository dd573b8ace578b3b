import type { RuntimeConfig } from '#api/features.ts'
import type { AdmissionOptions } from '#apiserver/admission/compose.ts'
import type { AggregationMeans } from '#apiserver/aggregation/aggregation.ts'
import type { AuditChoices } from '#apiserver/audit/compose.ts'
import type { Dialer } from '#apiserver/connect/dialer.ts'
import type { ServingApproval } from '#controllers/certificate-approver/serving.ts'
import type { Clock } from '#lib/clock.ts'
import type { OpenGrpc } from '#lib/grpc-exchange.ts'
import type { Transport } from '#lib/http.ts'
import type { HttpsExchange } from '#lib/https-exchange.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { Store } from '#store/store.ts'
import type { IdentityChoices } from './identity.ts'
import type { JoinFacts } from './join-objects.ts'

/** What a control plane is made of. The caller closes what it hands in. */
export interface ControlPlaneOptions extends IdentityChoices {
  /** Open; closed by the caller. Confidential values reach it as they are: wrap it where they are to be sealed. */
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Unique to this process: who leads. */
  readonly identity: string
  /** Of this machine: API servers are told apart by it. Absent: `identity` stands for it. */
  readonly hostname?: string | undefined
  /** Where clients outside find this API server. */
  readonly advertise: { readonly address: string; readonly port: number }
  /** What discovery says instead: of a server that listens where only this machine reaches it. */
  readonly discoveryAddress?: string | undefined
  /** Of which each node gets a part: one range, or one of each family with a comma between them (`parsePodRanges`). */
  readonly podCIDR: string
  /** Ranges of service addresses: one, or one of each family, that of services that ask for none first. */
  readonly serviceCIDRs: readonly string[]
  /** Of the first range: the address of the API server's own Service. */
  readonly serviceAddress: string
  /** Of that range as well: the address of the cluster's name server. Absent: the cluster has none. */
  readonly dnsAddress?: string | undefined
  readonly nodePorts: readonly [first: number, last: number]
  /** PEM: what signs certificates that are asked for by the API. Absent: nobody does. */
  readonly signingAuthority?: { readonly certificate: string; readonly key: string } | undefined
  /** What no node's certificate may name. Absent: a person approves the certificates of kubelets' ports. */
  readonly servingApproval?: ServingApproval | undefined
  /** By what other machines join. Absent: nothing of it is said in the cluster, and none can. */
  readonly joining?: JoinFacts | undefined
  readonly serviceAccounts: { readonly key: string; readonly publicKeys: readonly string[] }
  /** How to reach kubelets and pods. */
  readonly dial: Dialer
  /** How to reach webhooks, aggregated API servers and issuers. Absent: they cannot be reached. */
  readonly exchange?: HttpsExchange
  /** How to hand requests on to extension API servers, and who we are towards them. Absent: they cannot be reached. */
  readonly aggregation?: AggregationMeans | undefined
  /** Feature gates that are to be on, or off, by name, and API versions that are to be served. Absent: as v1.36 has them. */
  readonly featureGates?: Readonly<Record<string, boolean>> | undefined
  readonly runtimeConfig?: RuntimeConfig | undefined
  /** What runs beside the API server. Absent: everything. */
  readonly components?: readonly Component[] | undefined
  /** Which admission plug-ins run beside, or of, those that are on by default, and how they are configured. */
  readonly admissionPlugins?: Pick<AdmissionOptions, 'enabled' | 'disabled' | 'configurations' | 'tolerationSeconds'> | undefined
  /** How long a node may be silent before it counts as lost, in milliseconds. Absent: 50 s, as v1.36 has it. */
  readonly nodeMonitorGraceMs?: number | undefined
  /** What is kept of requests, and where. Absent: nothing. */
  readonly audit?: AuditChoices | undefined
  /** Text of a TracingConfiguration (apiserver.config.k8s.io/v1). Absent: nothing is traced. */
  readonly tracing?: string | undefined
  /** Offers the StorageClass `local`: directories of the node that a claim's first pod runs on. Absent: it is not there. */
  readonly localVolumes?: boolean | undefined
  /** Makes the definitions of the Gateway API, and the GatewayClass of our router, where they are missing. Absent: it does not. */
  readonly gatewayApi?: boolean | undefined
  /** Text of a KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1). Absent: the defaults of v1.36. */
  readonly scheduler?: string | undefined
  /** How to reach a collector that speaks gRPC. Absent: it cannot be reached. */
  readonly grpc?: OpenGrpc | undefined
  /** The settings that this process runs with, for `/flagz`. */
  readonly flags?: Readonly<Record<string, string>> | undefined
  /** How much of its disk the store takes, in bytes; absent where it is on none. */
  readonly storageSizeBytes?: (() => number) | undefined
  /** Seats of priority and fairness. Absent: a sensible number. */
  readonly seatsTotal?: number | undefined
  /** Stands between each part of the control plane, by its name, and the API server. Absent: nothing does. */
  readonly through?: (transport: Transport, part: string) => Transport
}

/** Parts of the control plane beside the API server. */
export type Component = 'controllers' | 'scheduler'
