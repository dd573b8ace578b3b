import type { Pod } from '#api/core/v1/pod.ts'
import type { Refusal } from './refusal.ts'

/**
 * Whether the kernel settings that a pod wants are its own business: those known to be of a namespace and to concern no other pod, and those
 * that the operator allowed beside them (Kubernetes documentation, "Using sysctls in a Kubernetes Cluster").
 *
 * @param allowed names, or beginnings of names that end in `*`
 * @param kernelVersion `6.1.0-18-amd64`
 */
export function refusalBySysctls(pod: Pod, allowed: readonly string[], kernelVersion: string): Refusal | undefined {
  for (const { name } of pod.spec.securityContext?.sysctls ?? []) {
    const why = whyNot(normalSysctlName(name), pod, [...safeSysctls(kernelVersion), ...allowed])
    if (why !== undefined) return { reason: 'SysctlForbidden', message: `forbidden sysctl: ${why}` }
  }
  return undefined
}

function whyNot(name: string, { spec }: Pod, allowed: readonly string[]): string | undefined {
  const isListed = allowed.map(normalSysctlName).some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : one === name))
  if (!isListed) return `"${name}" not allowlisted`
  const namespace = namespaceOf(name)
  if (namespace === 'ipc' && spec.hostIPC) return `"${name}" not allowed with host ipc enabled`
  if (namespace === 'net' && spec.hostNetwork) return `"${name}" not allowed with host net enabled`
  return undefined
}

/** sysctl(8): where the first separator is a slash, slashes separate and dots belong to names. */
export function normalSysctlName(name: string): string {
  if (/[./]/.exec(name)?.[0] !== '/') return name
  return name.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.'))
}

/** Which namespace of the kernel keeps a setting; undefined: none that is known. */
function namespaceOf(name: string): 'ipc' | 'net' | undefined {
  if (name === 'kernel.sem' || ['kernel.shm', 'kernel.msg', 'fs.mqueue.'].some((start) => name.startsWith(start))) return 'ipc'
  return name.startsWith('net.') ? 'net' : undefined
}

/** With the kernel from which on each is kept by namespace. */
const safe: readonly (readonly [name: string, since: readonly [major: number, minor: number]])[] = [
  ['kernel.shm_rmid_forced', [0, 0]],
  ['net.ipv4.ip_local_port_range', [0, 0]],
  ['net.ipv4.tcp_syncookies', [0, 0]],
  ['net.ipv4.ping_group_range', [0, 0]],
  ['net.ipv4.ip_unprivileged_port_start', [0, 0]],
  ['net.ipv4.ip_local_reserved_ports', [3, 16]],
  ['net.ipv4.tcp_keepalive_time', [4, 5]],
  ['net.ipv4.tcp_fin_timeout', [4, 6]],
  ['net.ipv4.tcp_keepalive_intvl', [4, 5]],
  ['net.ipv4.tcp_keepalive_probes', [4, 5]],
  ['net.ipv4.tcp_rmem', [4, 15]],
  ['net.ipv4.tcp_wmem', [4, 15]],
]

function safeSysctls(kernelVersion: string): readonly string[] {
  const [major = 0, minor = 0] = kernelVersion.split('.').map((part) => Number.parseInt(part, 10))
  return safe.filter(([, since]) => major > since[0] || (major === since[0] && minor >= since[1])).map(([name]) => name)
}
