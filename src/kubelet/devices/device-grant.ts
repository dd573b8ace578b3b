import type { ContainerGrant } from '../interfaces.ts'
import type { ContainerAllocateResponse } from './device-plugin-api.ts'

/** What the plug-ins' answers make of a container. Where two say different things of one name, path or key, the first one counts. */
export function deviceGrant(responses: readonly ContainerAllocateResponse[]): Partial<ContainerGrant> {
  const environment = new Map<string, string>()
  const devices = new Map<string, ContainerGrant['devices'][number]>()
  const mounts = new Map<string, ContainerGrant['mounts'][number]>()
  const annotations = new Map<string, string>()
  const cdiDevices = new Set<string>()
  for (const response of responses) {
    for (const [key, value] of Object.entries(response.envs ?? {})) first(environment, key, value)
    for (const { containerPath = '', hostPath = '', permissions = '' } of response.devices ?? [])
      first(devices, containerPath, { containerPath, hostPath, permissions })
    for (const { containerPath = '', hostPath = '', readOnly = false } of response.mounts ?? [])
      first(mounts, containerPath, { containerPath, hostPath, readonly: readOnly, propagation: 'None' })
    for (const [key, value] of Object.entries(response.annotations ?? {})) first(annotations, key, value)
    for (const { name } of response.cdiDevices ?? []) if (name) cdiDevices.add(name)
  }
  return {
    environment: [...environment].map(([key, value]) => ({ key, value })),
    devices: [...devices.values()],
    mounts: [...mounts.values()],
    annotations: Object.fromEntries(annotations),
    cdiDevices: [...cdiDevices],
  }
}

function first<T>(map: Map<string, T>, key: string, value: T): void {
  if (!map.has(key)) map.set(key, value)
}
