import { dirname } from 'node:path/posix'
import type { NamedGroup } from './cadvisor-metrics.ts'
import { type PodGroups, processOf } from './pod-groups.ts'
import type { FileSystemStats, StatsHost } from './stats-host.ts'

export interface NamedGroupsOptions {
  readonly host: StatsHost
  readonly podsGroup: string
  readonly pods: readonly PodGroups[]
  readonly fileSystems: readonly FileSystemStats[]
}

/** Every group from the machine down to the containers, with the names that dashboards find them by. */
export async function namedGroups({ host, podsGroup, pods, fileSystems }: NamedGroupsOptions): Promise<NamedGroup[]> {
  const found: NamedGroup[] = []
  const above = new Set(['/', podsGroup, ...pods.flatMap(({ pod }) => (pod === undefined ? [] : [dirname(pod.path)]))])
  for (const id of above) {
    const stats = await host.group(id, 'full')
    if (stats === undefined) continue
    found.push({ ...nameless, id, stats, ...(id === '/' && { fileSystems, interfaces: await host.interfaces() }) })
  }
  for (const one of pods) found.push(...(await groupsOfPod(host, one)))
  return found
}

const nameless = { name: '', image: '', container: '', pod: '', namespace: '' }

async function groupsOfPod(host: StatsHost, groups: PodGroups): Promise<NamedGroup[]> {
  const { record, pod, sandbox, containers } = groups
  if (pod === undefined) return []
  const { name, namespace } = record.pod.metadata
  const of = { ...nameless, pod: name, namespace }
  const found: NamedGroup[] = [{ ...of, id: pod.path, stats: pod.stats }]
  if (sandbox !== undefined) {
    // The network belongs to the sandbox: told of each container, it would be counted as often as there are containers.
    const process = record.pod.spec.hostNetwork === true ? undefined : processOf(groups)
    const interfaces = process === undefined ? [] : await host.interfaces(process)
    found.push({
      ...of,
      id: sandbox.path,
      stats: sandbox.stats,
      name: sandbox.id,
      interfaces,
      ...(await host.processes(sandbox.stats.processIds)),
    })
  }
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = record.withStatus.status ?? {}
  const statuses = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses]
  for (const { container, path, stats } of containers) {
    const image = statuses.find((one) => one.name === container.name)?.image ?? ''
    found.push({
      ...of,
      id: path,
      stats,
      name: container.id,
      image,
      container: container.name,
      ...(await host.processes(stats.processIds)),
    })
  }
  return found
}
