import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { ClusterEvent } from '../../framework/cluster-event.ts'
import { topologyIndex } from '../../world/topology.ts'
import { podInfoOf } from '../../world/topology-pod-infos.ts'
import { podTerms } from '../../world/topology-pod-terms.ts'
import { allSelect, selectsArriving } from '../../world/topology-scope.ts'
import type { World } from '../../world/world.ts'

/**
 * Whether a pod that came, changed its labels or went can make room for `pod`. As in kube-scheduler, but for three cases in which that lets a
 * pod wait for its regular retry: namespaces are selected by their labels here too, one anti-affinity term that is freed is enough of several,
 * and a pod that goes may leave the first place of its group free.
 */
export function podMayHelp(pod: Pod, { before, after }: ClusterEvent, world: World): boolean {
  const original = before as Pod | undefined
  const modified = after as Pod | undefined
  // Others may select it by its old labels, and not by its new ones.
  if (original !== undefined && modified !== undefined && modified.metadata.uid === pod.metadata.uid) return true
  if (isNowhere(original) || isNowhere(modified)) return false
  const { labelsOf } = topologyIndex(world)
  const { requiredAffinity, requiredAntiAffinity } = podTerms(podInfoOf(pod, world))
  const affinity = requiredAffinity.map(({ scope }) => scope)
  const isWanted = (other: Pod): boolean => allSelect(affinity, other.metadata, labelsOf)
  const isUnwanted = (other: Pod): readonly boolean[] =>
    requiredAntiAffinity.map(({ scope }) => allSelect([scope], other.metadata, labelsOf))
  if (modified !== undefined && original !== undefined) {
    if (!isWanted(original) && isWanted(modified)) return true
    const still = isUnwanted(modified)
    return isUnwanted(original).some((was, i) => was && !still[i])
  }
  if (modified !== undefined) return isWanted(modified)
  if (original === undefined) return true
  if (isUnwanted(original).includes(true) || (isWanted(original) && isWanted(pod))) return true
  return podTerms(podInfoOf(original, world)).requiredAntiAffinity.some(({ scope }) => selectsArriving(scope, pod.metadata, labelsOf))
}

const isNowhere = (pod: Pod | undefined): boolean => pod !== undefined && !pod.spec.nodeName && !pod.status.nominatedNodeName

/**
 * Whether a node that came, or has other labels, can be a place for `pod`. As in kube-scheduler; but a pod that the anti-affinity of pods that
 * are there keeps away is helped by a change of their topologies too.
 */
export function nodeMayHelp(pod: Pod, { before, after }: ClusterEvent, world: World): boolean {
  const original = (before as Node | undefined)?.metadata.labels ?? {}
  const modified = (after as Node | undefined)?.metadata.labels ?? {}
  const info = podInfoOf(pod, world)
  const { requiredAffinity, requiredAntiAffinity } = podTerms(info)
  const shunned = requiredAntiAffinity.map(({ topologyKey }) => topologyKey)
  for (const { topology, total } of topologyIndex(world).requiredAntiAffinity.about(info).values())
    if (total > 0) shunned.push(topology.key)
  // Without the label a node is in nobody's way, and with it it may be the first of its domain.
  if (before === undefined) return shunned.length > 0 || requiredAffinity.some(({ topologyKey }) => topologyKey in modified)
  return (
    requiredAffinity.some(({ topologyKey }) => topologyKey in modified && original[topologyKey] !== modified[topologyKey]) ||
    shunned.some((key) => key in original && original[key] !== modified[key])
  )
}
