import type { Pod } from '#api/core/v1/pod.ts'
import type { Client } from '#client/client.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { KubeletConfig } from '../config.ts'
import type { References } from '../container/environment.ts'
import type { ImagePuller } from '../image/image-puller.ts'
import type {
  CgroupManager,
  EventSink,
  Files,
  KubeletObserver,
  LogManager,
  NetworkProbe,
  PodNetwork,
  ResourceManager,
  VolumeManager,
} from '../interfaces.ts'
import type { NodeResources } from '../resources/node-resources.ts'
import type { Resizes } from '../resources/resizes.ts'
import type { Runtime } from '../runtime.ts'
import type { DnsConfig } from '../sandbox/dns.ts'
import type { NodeTracer } from '../tracing/node-tracer.ts'
import type { StatusWriter } from './status-writer.ts'
import type { UserNamespaces } from './user-namespaces.ts'
import type { NodeView } from './view.ts'

/** What all pods of a node share. */
export interface PodContext {
  readonly config: KubeletConfig
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly runtime: Runtime
  readonly volumes: VolumeManager
  readonly cgroups: CgroupManager
  readonly logs: LogManager
  readonly files: Files
  readonly network: NetworkProbe
  /** Absent: pods wait for nothing of the network but their addresses. */
  readonly podNetwork?: PodNetwork
  readonly events: EventSink
  readonly images: ImagePuller
  readonly observer?: KubeletObserver
  /** Absent: nothing is traced. */
  readonly tracer?: NodeTracer
  readonly statuses: StatusWriter
  readonly references: References
  /** The object that tells the API of a pod: its own, or the mirror of a static pod, once there is one. */
  readonly shownAs: (pod: Pod) => Pod | undefined
  readonly resizes: Resizes
  readonly resourceManagers: readonly ResourceManager[]
  readonly node: () => NodeView & {
    readonly allocatable: Readonly<Record<string, string>>
    readonly resources: NodeResources
  }
  /** Handler of `spec.runtimeClassName`; throws for a class that does not exist. */
  readonly runtimeHandler: (pod: Pod) => Promise<string>
  /** What that handler can do; a runtime that tells nothing can do nothing of it. */
  readonly handlerFeatures: (handler: string) => { readonly userNamespaces: boolean; readonly recursiveReadOnlyMounts: boolean }
  readonly userNamespaces: UserNamespaces
  /** How the node itself resolves names. */
  readonly nodeDns: () => Promise<DnsConfig>
  /** Why the runtime can give no pod a network now; '' when it can. Whoever waits for that is looked at when it changes. */
  readonly networkProblem: () => string
}
