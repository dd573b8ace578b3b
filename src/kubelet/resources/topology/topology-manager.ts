import type { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import type { Admission, PodAdmitter, ResourceManager } from '../../interfaces.ts'
import { initContainers, regularContainers } from '../../pod/containers.ts'
import type { MachineTopology } from '../machine-topology.ts'
import type { ResourceConfig } from '../resource-config.ts'
import { mergeHints, type Placement, type TopologyPolicy } from './merge-hints.ts'
import { readTopologyOptions } from './topology-options.ts'

/**
 * One admitter of all resource managers: it asks each where a container's share could lie, chooses what suits all of them, and has each take it
 * there (Kubernetes documentation, "Control Topology Management Policies on a node"). Throws `Invalid` for settings that cannot be. With the
 * policy `none` it is undefined: everybody takes what there is.
 */
export function createTopologyManager(
  managers: readonly ResourceManager[],
  { nodes }: Pick<MachineTopology, 'nodes'>,
  config: ResourceConfig,
): PodAdmitter | undefined {
  const { topologyManagerPolicy: name = 'none', topologyManagerScope: scope = 'container', topologyManagerPolicyOptions = {} } = config
  if (name === 'none') return undefined
  const policy = name as TopologyPolicy
  const options = readTopologyOptions(topologyManagerPolicyOptions)
  if (nodes.length > options.maxNodes)
    throw new WherryError('Invalid', `topologyManagerPolicy: unsupported on machines with more than ${options.maxNodes} NUMA Nodes`)
  const merge = (hints: Parameters<typeof mergeHints>[0]) => mergeHints(hints, nodes, policy, options.prefersClosest)

  async function admit(pod: Pod): Promise<Admission> {
    const containers = [...initContainers(pod), ...regularContainers(pod)]
    const whole = scope === 'pod' ? merge(managers.map((manager) => manager.podHints?.(pod))) : undefined
    for (const container of containers) {
      const { hint, isAdmitted }: Placement = whole ?? merge(managers.map((manager) => manager.hints?.(pod, container)))
      if (!isAdmitted) return refused('TopologyAffinityError', 'Resources cannot be allocated with Topology locality')
      try {
        for (const manager of managers) await manager.allocate(pod, container, hint)
      } catch (error) {
        const reason = error instanceof WherryError ? error.details.reason : undefined
        const message = error instanceof Error ? error.message : String(error)
        return reason === undefined
          ? refused('UnexpectedAdmissionError', `Allocate failed due to ${message}, which is unexpected`)
          : refused(reason, message)
      }
    }
    return { admitted: true }
  }

  // What was given is in the managers' own records; asked again they give the same.
  return { admit, isAskedAgain: true }
}

const refused = (reason: string, message: string): Admission => ({ admitted: false, reason, message })
