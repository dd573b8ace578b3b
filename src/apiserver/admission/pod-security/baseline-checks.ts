import type { PodSpec } from '#api/core/v1/types.ts'
import { quote } from '#schema/go-text.ts'
import {
  type Check,
  type CheckPod,
  containersOf,
  containersText,
  exceptUserNamespaces,
  isUnconfined,
  namesOf,
  plural,
  quoted,
  settersOf,
  sorted,
} from './check.ts'

type SeLinuxOptions = NonNullable<NonNullable<PodSpec['securityContext']>['seLinuxOptions']>

const appArmorProfile: CheckPod = ({ annotations, spec }) => {
  const values: string[] = []
  const isBad = isUnconfined(values)
  const byFields = settersOf(spec, ({ appArmorProfile: profile }) => isBad(profile))
  const marks = Object.entries(annotations)
    .filter(([key, value]) => key.startsWith('container.apparmor.security.beta.kubernetes.io/') && !isAppArmorDefault(value))
    .map(([key, value]) => `${key}=${quote(value)}`)
    .sort()
  const setters = [byFields ?? [], marks.length > 0 ? plural('annotation', marks) : []].flat()
  if (setters.length === 0) return undefined
  const shown = [...sorted(values), ...marks]
  return {
    reason: plural('forbidden AppArmor profile', shown),
    detail: `${setters.join(' and ')} must not set AppArmor profile type to ${quoted(shown)}`,
  }
}
const isAppArmorDefault = (value: string): boolean => value === '' || value === 'runtime/default' || value.startsWith('localhost/')

const defaultCapabilities = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
])
const capabilities: CheckPod = ({ spec }) => {
  const added: string[] = []
  const names = namesOf(spec, ({ capabilities }) => {
    const bad = (capabilities?.add ?? []).filter((name) => !defaultCapabilities.has(name))
    added.push(...bad)
    return bad.length > 0
  })
  if (names.length === 0) return undefined
  return {
    reason: 'non-default capabilities',
    detail: `${containersText(names)} must not include ${quoted(sorted(added))} in securityContext.capabilities.add`,
  }
}

const hostNamespaces: CheckPod = ({ spec }) => {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name] === true)
  return shared.length === 0 ? undefined : { reason: 'host namespaces', detail: shared.map((name) => `${name}=true`).join(', ') }
}

const hostPathVolumes: CheckPod = ({ spec }) => {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath !== undefined).map(({ name }) => name)
  return names.length === 0 ? undefined : { reason: 'hostPath volumes', detail: `${plural('volume', names)} ${quoted(names)}` }
}

const hostPorts: CheckPod = ({ spec }) => {
  const ports: string[] = []
  const names = namesOf(spec, (_security, { ports: declared = [] }) => {
    const bad = declared.flatMap(({ hostPort }) => (hostPort ? [String(hostPort)] : []))
    ports.push(...bad)
    return bad.length > 0
  })
  if (names.length === 0) return undefined
  const shown = sorted(ports)
  return {
    reason: 'hostPort',
    detail: `${containersText(names)} ${plural('uses', names, 'use')} ${plural('hostPort', shown)} ${shown.join(', ')}`,
  }
}

const hostProbesAndHostLifecycle: CheckPod = ({ spec }) => {
  const names: string[] = []
  const hosts: string[] = []
  for (const { name, livenessProbe, readinessProbe, startupProbe, lifecycle } of containersOf(spec)) {
    for (const action of [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop]) {
      const bad = [action?.httpGet?.host, action?.tcpSocket?.host].flatMap((host) => (host ? [host] : []))
      hosts.push(...bad)
      if (bad.length > 0) names.push(name)
    }
  }
  if (names.length === 0) return undefined
  const [containers, shown] = [sorted(names), sorted(hosts)]
  return {
    reason: 'probe or lifecycle host',
    detail: `${containersText(containers)} ${plural('uses', containers, 'use')} ${plural('probe or lifecycle host', shown)} ${quoted(shown)}`,
  }
}

const privileged: CheckPod = ({ spec }) => {
  const names = namesOf(spec, (security) => security.privileged === true)
  return names.length === 0
    ? undefined
    : { reason: 'privileged', detail: `${containersText(names)} must not set securityContext.privileged=true` }
}

/** Also what the restricted level says of user namespaces' pods, which the baseline lets do. */
export const procMount: CheckPod = ({ spec }) => {
  const types: string[] = []
  const names = namesOf(spec, (security) => {
    if (security.procMount === undefined || security.procMount === 'Default') return false
    types.push(security.procMount)
    return true
  })
  return names.length === 0
    ? undefined
    : { reason: 'procMount', detail: `${containersText(names)} must not set securityContext.procMount to ${quoted(sorted(types))}` }
}

const seLinuxTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t']
const seLinuxOptions =
  (allowed: readonly string[]): CheckPod =>
  ({ spec }) => {
    const types: string[] = []
    let setsUser = false
    let setsRole = false
    const isBad = (options: SeLinuxOptions | undefined): boolean => {
      if (options === undefined) return false
      const { type = '', user = '', role = '' } = options
      if (!allowed.includes(type)) types.push(type)
      setsUser ||= user !== ''
      setsRole ||= role !== ''
      return !allowed.includes(type) || user !== '' || role !== ''
    }
    const setters = settersOf(spec, (security) => isBad(security.seLinuxOptions))
    if (setters === undefined) return undefined
    const bad = [
      ...(types.length > 0 ? [`${plural('type', sorted(types))} ${quoted(sorted(types))}`] : []),
      ...(setsUser ? ['user may not be set'] : []),
      ...(setsRole ? ['role may not be set'] : []),
    ]
    return { reason: 'seLinuxOptions', detail: `${setters} set forbidden securityContext.seLinuxOptions: ${bad.join('; ')}` }
  }

/** Before the field came, the profile was an annotation. */
const seccompAnnotations: CheckPod = ({ annotations, spec }) => {
  const keys = [
    'seccomp.security.alpha.kubernetes.io/pod',
    ...containersOf(spec).map(({ name }) => `container.seccomp.security.alpha.kubernetes.io/${name}`),
  ]
  const bad = sorted(
    keys.flatMap((key) => {
      const value = annotations[key]
      const isFine = value === undefined || value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/')
      return isFine ? [] : [`${key}=${quote(value)}`]
    }),
  )
  return bad.length === 0 ? undefined : { reason: 'seccompProfile', detail: `forbidden ${plural('annotation', bad)} ${bad.join(', ')}` }
}

/** Also the first half of the restricted rule. */
export const seccompProfile: CheckPod = ({ spec }) => {
  const types: string[] = []
  const isBad = isUnconfined(types)
  const setters = settersOf(spec, (security) => isBad(security.seccompProfile))
  return setters === undefined
    ? undefined
    : { reason: 'seccompProfile', detail: `${setters} must not set securityContext.seccompProfile.type to ${quoted(sorted(types))}` }
}

const sysctlsOf10 = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
]
const sysctlsOf27 = [...sysctlsOf10, 'net.ipv4.ip_local_reserved_ports']
const sysctlsOf29 = [
  ...sysctlsOf27,
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
]
const sysctlsOf32 = [...sysctlsOf29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']
const sysctls =
  (allowed: readonly string[]): CheckPod =>
  ({ spec }) => {
    const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !allowed.includes(name))
    return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') }
  }

const windowsHostProcess: CheckPod = ({ spec }) => {
  const setters = settersOf(spec, (security) => security.windowsOptions?.hostProcess === true)
  return setters === undefined
    ? undefined
    : { reason: 'hostProcess', detail: `${setters} must not set securityContext.windowsOptions.hostProcess=true` }
}

/** Prevents known ways to rise above the container; ordered by id, which is the order of messages. */
export const baselineChecks: readonly Check[] = [
  { id: 'appArmorProfile', versions: [[0, appArmorProfile]] },
  { id: 'capabilities_baseline', versions: [[0, capabilities]] },
  { id: 'hostNamespaces', versions: [[0, hostNamespaces]] },
  { id: 'hostPathVolumes', versions: [[0, hostPathVolumes]] },
  { id: 'hostPorts', versions: [[0, hostPorts]] },
  { id: 'hostProbesAndHostLifecycle', versions: [[34, hostProbesAndHostLifecycle]] },
  { id: 'privileged', versions: [[0, privileged]] },
  {
    id: 'procMount',
    versions: [
      [0, procMount],
      [35, exceptUserNamespaces(procMount)],
    ],
  },
  {
    id: 'seLinuxOptions',
    versions: [
      [0, seLinuxOptions(seLinuxTypes)],
      [31, seLinuxOptions([...seLinuxTypes, 'container_engine_t'])],
    ],
  },
  {
    id: 'seccompProfile_baseline',
    versions: [
      [0, seccompAnnotations],
      [19, seccompProfile],
    ],
  },
  {
    id: 'sysctls',
    versions: [
      [0, sysctls(sysctlsOf10)],
      [27, sysctls(sysctlsOf27)],
      [29, sysctls(sysctlsOf29)],
      [32, sysctls(sysctlsOf32)],
    ],
  },
  { id: 'windowsHostProcess', versions: [[0, windowsHostProcess]] },
]
