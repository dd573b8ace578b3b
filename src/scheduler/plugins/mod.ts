/** Every plug-in, in the order of the reference's default profile: the first refusal of a node is the one that is told. */
import type { AnyPlugin } from '../plugin.ts'
import { balancedAllocation } from './balanced-allocation.ts'
import { controllerSpread } from './controller-spread.ts'
import { imageLocality } from './image-locality.ts'
import { interPodAffinity } from './inter-pod-affinity.ts'
import { nodeAffinity } from './node-affinity.ts'
import { nodeName } from './node-name.ts'
import { nodePorts } from './node-ports.ts'
import { nodeResourcesFit } from './node-resources-fit.ts'
import { nodeUnschedulable } from './node-unschedulable.ts'
import { podTopologySpread } from './pod-topology-spread.ts'
import { taintToleration } from './taint-toleration.ts'

export const defaultPlugins: readonly AnyPlugin[] = [
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  nodeResourcesFit,
  podTopologySpread,
  controllerSpread,
  interPodAffinity,
  balancedAllocation,
  imageLocality,
]
