import type { ContainerGrant } from '../interfaces.ts'
import type { ContainerConfig } from '../runtime.ts'

/**
 * A container with what the node's resource managers give to it. What they mount comes before the container's own mounts and their variables
 * before its own, so that a pod has the last word on both.
 */
export function withGrants(config: ContainerConfig, grants: readonly Partial<ContainerGrant>[]): ContainerConfig {
  if (grants.length === 0) return config
  const of = <K extends 'environment' | 'mounts' | 'devices' | 'cdiDevices'>(key: K) => grants.flatMap((grant) => [...(grant[key] ?? [])])
  const own = new Set(config.env.map(({ key }) => key))
  const given = new Map((of('environment') as ContainerGrant['environment'][number][]).map((one) => [one.key, one]))
  const last = <K extends 'cpusetCpus' | 'cpusetMems'>(key: K) => grants.findLast((grant) => grant[key] !== undefined)?.[key]
  const [cpusetCpus, cpusetMems] = [last('cpusetCpus'), last('cpusetMems')]
  return {
    ...config,
    env: [...[...given.values()].filter(({ key }) => !own.has(key)), ...config.env],
    mounts: [...(of('mounts') as ContainerConfig['mounts'][number][]), ...config.mounts],
    devices: [...(of('devices') as ContainerConfig['devices'][number][]), ...config.devices],
    cdiDevices: [...new Set([...(config.cdiDevices ?? []), ...(of('cdiDevices') as string[])])],
    annotations: Object.assign({}, ...grants.map((grant) => grant.annotations ?? {}), config.annotations) as Record<string, string>,
    resources: {
      ...config.resources,
      ...(cpusetCpus !== undefined && { cpusetCpus }),
      ...(cpusetMems !== undefined && { cpusetMems }),
    },
  }
}
