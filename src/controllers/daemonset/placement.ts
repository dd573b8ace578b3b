import type { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import type { Node } from '#api/core/v1/node.ts'
import { matchesRequiredAffinity } from '#api/core/v1/node-affinity.ts'
import { untoleratedTaint } from '#api/core/v1/taints.ts'
import { daemonTolerations } from './tolerations.ts'

/** What a daemon set wants of one node. */
export interface Placement {
  /** A pod is made where there is none. */
  readonly shouldRun: boolean
  /** A pod that is there may stay: a `NoSchedule` taint keeps new pods away, but drives none out. */
  readonly shouldContinue: boolean
}

const wanted: Placement = { shouldRun: true, shouldContinue: true }
const kept: Placement = { shouldRun: false, shouldContinue: true }
const unwanted: Placement = { shouldRun: false, shouldContinue: false }

/**
 * On which nodes the set wants its pod: by the template's `nodeName`, `nodeSelector` and required node affinity, and by the taints that it
 * does not tolerate. Room, ports and the like are the scheduler's: a pod that finds none waits for it.
 */
export function placementOf({ spec }: DaemonSet): (node: Node) => Placement {
  const template = spec.template.spec
  const tolerations = daemonTolerations(template)
  return (node) => {
    if (template.nodeName !== undefined && template.nodeName !== '' && template.nodeName !== node.metadata.name) return unwanted
    if (!matchesRequiredAffinity(template, node)) return unwanted
    const { taints } = node.spec
    if (untoleratedTaint(taints, tolerations, ['NoSchedule', 'NoExecute']) === undefined) return wanted
    return untoleratedTaint(taints, tolerations, ['NoExecute']) === undefined ? kept : unwanted
  }
}
