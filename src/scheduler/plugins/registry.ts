import type { Random } from '#lib/random.ts'
import type { AnyPlugin } from '../framework/plugin.ts'
import { defaultPreemption } from './default-preemption/default-preemption.ts'
import { claimBasis, isByClaim } from './dynamic-resources/class-index.ts'
import { dynamicResources } from './dynamic-resources/dynamic-resources.ts'
import { interPodAffinity } from './inter-pod-affinity/inter-pod-affinity.ts'
import { nodeVolumeLimits } from './node-volume-limits/node-volume-limits.ts'
import { balancedAllocation } from './nodes/balanced-allocation.ts'
import { imageLocality } from './nodes/image-locality.ts'
import { nodeAffinity } from './nodes/node-affinity.ts'
import { nodeDeclaredFeatures } from './nodes/node-declared-features.ts'
import { nodeName } from './nodes/node-name.ts'
import { nodePorts } from './nodes/node-ports.ts'
import { nodeResourcesFit } from './nodes/node-resources-fit.ts'
import { nodeUnschedulable } from './nodes/node-unschedulable.ts'
import { schedulingGates } from './nodes/scheduling-gates.ts'
import { taintToleration } from './nodes/taint-toleration.ts'
import { podTopologySpread } from './pod-topology-spread/pod-topology-spread.ts'
import { volumeBinding } from './volume-binding/volume-binding.ts'
import { volumeRestrictions } from './volume-restrictions/volume-restrictions.ts'
import { volumeZone } from './volume-zone/volume-zone.ts'

/** What making a plug-in takes beside its arguments. */
export interface PluginMeans {
  readonly random: Random
}

/** A plug-in by its name in a configuration: how it is made of its checked arguments, and what it weighs in scores by default. */
export interface RegisteredPlugin {
  readonly name: string
  // biome-ignore lint/suspicious/noExplicitAny: each plug-in knows its own arguments; the configuration checks them by its name
  readonly create: (args: any, means: PluginMeans) => AnyPlugin
  readonly weight?: number
}

/** Every plug-in, in the order of the reference's default profile: the first refusal of a node is the one that is told. */
export const registry: readonly RegisteredPlugin[] = [
  { name: 'SchedulingGates', create: () => schedulingGates },
  { name: 'NodeUnschedulable', create: () => nodeUnschedulable },
  { name: 'NodeName', create: () => nodeName },
  { name: 'TaintToleration', create: () => taintToleration, weight: 3 },
  { name: 'NodeAffinity', create: nodeAffinity, weight: 2 },
  { name: 'NodePorts', create: () => nodePorts },
  { name: 'NodeResourcesFit', create: (args) => nodeResourcesFit(args, { isByClaim, basis: claimBasis }), weight: 1 },
  { name: 'VolumeRestrictions', create: () => volumeRestrictions },
  { name: 'NodeVolumeLimits', create: () => nodeVolumeLimits },
  { name: 'VolumeBinding', create: volumeBinding },
  { name: 'VolumeZone', create: () => volumeZone },
  { name: 'PodTopologySpread', create: podTopologySpread, weight: 2 },
  { name: 'InterPodAffinity', create: interPodAffinity, weight: 2 },
  // Before room is made by evictions: a claim that nobody uses is given back first.
  { name: 'DynamicResources', create: dynamicResources, weight: 2 },
  { name: 'DefaultPreemption', create: (args, { random }) => defaultPreemption(args, (count) => random.below(count)) },
  { name: 'NodeResourcesBalancedAllocation', create: balancedAllocation, weight: 1 },
  { name: 'ImageLocality', create: () => imageLocality, weight: 1 },
  { name: 'NodeDeclaredFeatures', create: () => nodeDeclaredFeatures },
]
