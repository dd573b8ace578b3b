import { goStruct } from '#api/go-struct.ts'
import { PodSecurityContext, PodSpec, type PodTemplateSpec } from './types.ts'

type Shown = Readonly<Record<string, unknown>>

/** A template as the reference shows its own. */
export const goPodTemplate = ({ metadata, spec }: PodTemplateSpec): unknown => ({ ...metadata, Spec: goPodSpec(spec) })

/** A pod's spec as the reference shows its own: what the pod shares with its host stands in the security context there. */
export function goPodSpec(spec: PodTemplateSpec['spec']): unknown {
  const shown = goStruct(PodSpec, spec) as Shown
  const { hostNetwork = false, hostPID = false, hostIPC = false, shareProcessNamespace = null, hostUsers = null } = spec
  const security = {
    HostNetwork: hostNetwork,
    HostPID: hostPID,
    HostIPC: hostIPC,
    ShareProcessNamespace: shareProcessNamespace,
    HostUsers: hostUsers,
    ...(goStruct(PodSecurityContext, spec.securityContext ?? {}) as Shown),
  }
  // Two fields of the context are in another order there.
  const { FSGroup, FSGroupChangePolicy, Sysctls, SeccompProfile, AppArmorProfile, SELinuxChangePolicy, ...first } = security as Shown
  const SecurityContext = { ...first, FSGroup, FSGroupChangePolicy, Sysctls, SeccompProfile, AppArmorProfile, SELinuxChangePolicy }
  return Object.fromEntries(order.map((name) => [name, name === 'SecurityContext' ? SecurityContext : shown[name]]))
}

const order = [
  'Volumes',
  'InitContainers',
  'Containers',
  'EphemeralContainers',
  'RestartPolicy',
  'TerminationGracePeriodSeconds',
  'ActiveDeadlineSeconds',
  'DNSPolicy',
  'NodeSelector',
  'ServiceAccountName',
  'AutomountServiceAccountToken',
  'NodeName',
  'SecurityContext',
  'ImagePullSecrets',
  'Hostname',
  'Subdomain',
  'SetHostnameAsFQDN',
  'Affinity',
  'SchedulerName',
  'Tolerations',
  'HostAliases',
  'PriorityClassName',
  'Priority',
  'PreemptionPolicy',
  'DNSConfig',
  'ReadinessGates',
  'RuntimeClassName',
  'Overhead',
  'EnableServiceLinks',
  'TopologySpreadConstraints',
  'OS',
  'SchedulingGates',
  'ResourceClaims',
  'Resources',
  'HostnameOverride',
  'SchedulingGroup',
]
