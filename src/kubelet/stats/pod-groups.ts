import type { ContainerRecord, PodRecord } from '../interfaces.ts'
import type { GroupStats, StatsHost } from './stats-host.ts'

/** One control group that belongs to a pod. */
export interface FoundGroup {
  readonly path: string
  readonly stats: GroupStats
}

/** The control groups of one pod: its own, and those of its sandbox and its containers below. */
export interface PodGroups {
  readonly record: PodRecord
  readonly pod?: FoundGroup
  readonly sandbox?: FoundGroup & { readonly id: string }
  /** Those that run. */
  readonly containers: readonly (FoundGroup & { readonly container: ContainerRecord })[]
}

/**
 * Reads them all. How a runtime calls a container's group hangs on who makes it (`<id>`, `cri-containerd-<id>.scope`, `crio-<id>.scope`), but its id
 * is always in it.
 */
export async function readPodGroups(
  host: Pick<StatsHost, 'group' | 'children'>,
  record: PodRecord,
  podPath: string,
  detail: 'core' | 'full',
): Promise<PodGroups> {
  const stats = await host.group(podPath, detail)
  if (stats === undefined) return { record, containers: [] }
  const own = await host.children(podPath)
  const find = async (id: string): Promise<FoundGroup | undefined> => {
    const name = own.find((one) => one.includes(id))
    if (name === undefined) return undefined
    const path = `${podPath}/${name}`
    const stats = await host.group(path, detail)
    if (stats === undefined || stats.processIds.length > 0) return stats && { path, stats }
    // Processes, limits and what was used of them stand one group further down where the runtime is crun and systemd made the group.
    const names = await host.children(path)
    const inner = names.includes(crunGroup) ? await host.group(`${path}/${crunGroup}`, detail) : undefined
    return { path, stats: inner ?? stats }
  }
  const { sandboxId } = record
  const sandbox = sandboxId === undefined ? undefined : await find(sandboxId)
  const containers: (FoundGroup & { readonly container: ContainerRecord })[] = []
  for (const container of record.containers) {
    if (container.state !== 'running') continue
    const found = await find(container.id)
    if (found !== undefined) containers.push({ ...found, container })
  }
  return { record, pod: { path: podPath, stats }, ...(sandbox && { sandbox: { ...sandbox, id: sandboxId! } }), containers }
}

/** What crun calls the group that it makes in a scope of version 2, so that systemd has the scope to itself (crun(1), run.oci.systemd.subgroup). */
const crunGroup = 'container'

/** Any process of the pod: all of them see its network. */
export const processOf = ({ sandbox, containers }: PodGroups): number | undefined =>
  [...(sandbox?.stats.processIds ?? []), ...containers.flatMap(({ stats }) => stats.processIds)][0]
