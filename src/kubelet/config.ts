import type { KubeletConfiguration } from './configuration/kubelet-configuration.ts'
import type { ClusterDns } from './sandbox/dns.ts'

/** What an operator sets. Paths are absolute. */
export interface KubeletConfig {
  readonly nodeName: string
  /** Volumes, hosts files, termination messages. */
  readonly rootDirectory: string
  /** `/var/log/pods` by custom; every node of one machine has its own. */
  readonly podLogsDirectory: string
  /** Links by container name, as log collectors look for them; undefined makes none. */
  readonly containerLogsDirectory?: string
  readonly seccompDirectory: string
  readonly clusterDns: ClusterDns
  readonly resolvConf: string
  /** Of the kubelet's own HTTPS server. */
  readonly port: number
  readonly maxPods: number
  /** Kept back for the machine itself. */
  readonly reserved: { readonly cpuMilli: number; readonly memoryBytes: number }
  /** Labels and taints that the node registers with. */
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly {
    readonly key: string
    readonly value?: string
    readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
  }[]
  /** `v1.36.…` as shown in `kubectl get nodes`. */
  readonly version: string
  readonly podCidr?: string
  /** Everything else that KubeletConfiguration knows. Absent: its defaults. */
  readonly configuration?: KubeletConfiguration
}
