import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { amountsOf } from '#api/core/v1/resources.ts'
import type { DeviceClass } from '#api/resource/v1/device-class.ts'
import { type Plugin, type Refusal, refuse, refuseForGood } from '../../framework/plugin.ts'
import type { NodeInfo } from '../../world/node-info.ts'
import type { Column } from '../../world/node-table.ts'
import type { PodInfo } from '../../world/pod-info.ts'
import type { World } from '../../world/world.ts'
import { type ScoringStrategy, scorerOf } from './fit-scorers.ts'
import { defaultResources, isBasic, type ScoredColumn, scoredColumns } from './resource-columns.ts'

/** NodeResourcesFitArgs (kubescheduler.config.k8s.io/v1). */
export interface NodeResourcesFitArgs {
  /** Extended resources that are somebody else's business. */
  readonly ignoredResources?: readonly string[]
  /** The same for all whose name begins so, up to the slash. */
  readonly ignoredResourceGroups?: readonly string[]
  readonly scoringStrategy?: ScoringStrategy
}

/** Devices of claims may stand for an extended resource where a node has none of it itself (KEP-5004). */
export interface Claims {
  readonly isByClaim: (resource: string, world: World) => boolean
  /** Another number after every change of what `isByClaim` says. */
  readonly basis: (world: World) => number
}

interface State {
  readonly wants: readonly (Wanted & { readonly column: Column | undefined })[]
}

interface Wanted {
  readonly resource: string
  readonly amount: number
  readonly isByClaim: boolean
}

/** What the pod asks for must be free, and there must be room for one more pod. Of the nodes left it prefers by its strategy. */
export function nodeResourcesFit(
  { ignoredResources = [], ignoredResourceGroups = [], scoringStrategy }: NodeResourcesFitArgs,
  claims: Claims = { isByClaim: () => false, basis: () => 0 },
): Plugin<State, readonly ScoredColumn[]> {
  const strategy = scoringStrategy ?? { type: 'LeastAllocated' }
  const resources = strategy.resources ?? defaultResources
  const score = scorerOf(strategy)
  const shortageOf = createShortages()

  const isIgnored = (resource: string): boolean =>
    isExtended(resource) && (ignoredResources.includes(resource) || ignoredResourceGroups.includes(resource.split('/')[0]!))

  const wantsOf = ({ shape }: PodInfo, world: World): readonly Wanted[] =>
    shape.requests
      .filter(({ resource }) => !isIgnored(resource))
      .map((want) => ({ ...want, isByClaim: !isBasic(want.resource) && claims.isByClaim(want.resource, world) }))

  /** Whether it would fit on the node if it were empty. */
  function fitsEmpty(pod: Pod, node: Node, world: World): boolean {
    const allocatable = amountsOf(node.status.allocatable)
    return (
      (allocatable['pods'] ?? 0) >= 1 &&
      wantsOf(world.podInfo(pod), world).every(
        ({ resource, amount, isByClaim: byClaim }) => amount <= (allocatable[resource] ?? 0) || (byClaim && !(allocatable[resource]! > 0)),
      )
    )
  }

  function grew(pod: Pod, before: Node, after: Node, world: World): boolean {
    const [had, has] = [amountsOf(before.status.allocatable), amountsOf(after.status.allocatable)]
    if ((has['pods'] ?? 0) > (had['pods'] ?? 0)) return true
    return wantsOf(world.podInfo(pod), world).some(
      ({ resource, isByClaim: byClaim }) => (has[resource] ?? 0) > (had[resource] ?? 0) || (byClaim && !(has[resource]! > 0)),
    )
  }

  return {
    name: 'NodeResourcesFit',
    restsOn: 'node',
    basis: claims.basis,
    preFilter: (pod, world) => ({
      state: { wants: wantsOf(pod, world).map((want) => ({ ...want, column: world.nodes.column(want.resource) })) },
    }),
    filter(_pod, { slot, table }, { wants }) {
      if (table.pods.requested[slot]! + 1 <= table.pods.allocatable[slot]! && wants.every((want) => isFree(want, slot))) return undefined
      return shortageOf(wants, slot, table)
    },
    preScore: (pod, _nodes, world) => scoredColumns(pod, world, resources, true),
    score: (_pod, { slot }, columns) => score(columns, slot),
    wokenBy: [
      {
        resource: 'Pod',
        actions: ['Delete', 'UpdatePodScaleDown'],
        helps(pod, { before, after }, world) {
          const was = before as Pod
          const nodeName = (after as Pod | undefined)?.spec.nodeName || was.spec.nodeName || was.status.nominatedNodeName
          if (after === undefined) return couldFit(pod, nodeName, world)
          const is = after as Pod
          if (is.metadata.uid === pod.metadata.uid) return true
          if (!is.spec.nodeName) return false
          const amount = (of: Pod, resource: string): number =>
            world.podInfo(of).shape.requests.find((want) => want.resource === resource)?.amount ?? 0
          return (
            world.podInfo(pod).shape.requests.some(({ resource }) => amount(was, resource) > amount(is, resource)) &&
            couldFit(pod, nodeName, world)
          )
        },
      },
      {
        resource: 'Node',
        actions: ['Add', 'UpdateNodeAllocatable'],
        helps: (pod, { before, after }, world) =>
          fitsEmpty(pod, after as Node, world) && (before === undefined || grew(pod, before as Node, after as Node, world)),
      },
      {
        resource: 'resource.k8s.io/DeviceClass',
        actions: ['Add', 'Update'],
        helps(pod, { before, after }, world) {
          const name = (after as DeviceClass).spec.extendedResourceName
          if (before !== undefined && (before as DeviceClass).spec.extendedResourceName === name) return false
          const wanted = world.podInfo(pod).shape.requests.map(({ resource }) => resource)
          if (before === undefined && wanted.includes(`deviceclass.resource.kubernetes.io/${(after as DeviceClass).metadata.name}`))
            return true
          return name !== undefined && wanted.includes(name)
        },
      },
    ],
  }
}

/**
 * Whether there is room on the node once everything is counted that would not have to go: what was freed there helps nobody else. The reference
 * wakes all pods that lack anything; of many that wait for their own victims each would be tried at each end of another's.
 */
function couldFit(pod: Pod, nodeName: string | undefined, world: World): boolean {
  const node = world.nodes.nodes.get(nodeName ?? '')
  if (node === undefined) return false
  const { shape } = world.podInfo(pod)
  const staying = [...node.pods.values(), ...world.nominatedTo(node.name).values()].filter(
    (other) => other.shape.priority >= shape.priority && other.pod.metadata.uid !== pod.metadata.uid,
  )
  if (staying.length + 1 > node.table.pods.allocatable[node.slot]!) return false
  return shape.requests.every(({ resource, amount }) => {
    const column = node.table.column(resource)
    // What claims stand for is another plug-in's to tell.
    if (column === undefined || column.allocatable[node.slot] === 0) return true
    let taken = 0
    for (const other of staying) taken += other.shape.requests.find((want) => want.resource === resource)?.amount ?? 0
    return taken + amount <= column.allocatable[node.slot]!
  })
}

const isFree = ({ amount, column, isByClaim }: State['wants'][number], slot: number): boolean =>
  column === undefined
    ? isByClaim
    : amount <= column.allocatable[slot]! - column.requested[slot]! || (isByClaim && column.allocatable[slot] === 0)

type Shortage = (wants: State['wants'], slot: number, table: NodeInfo['table']) => Refusal

const shortagesMax = 1024

/** Every resource that is short is told. The same words are the same object, so that what thousands of nodes say is counted fast. */
function createShortages(): Shortage {
  const known = new Map<string, Refusal>()
  return (wants, slot, table) => {
    const short = table.pods.requested[slot]! + 1 > table.pods.allocatable[slot]! ? ['Too many pods'] : []
    let isForGood = false
    for (const want of wants) {
      if (isFree(want, slot)) continue
      short.push(`Insufficient ${want.resource}`)
      // An empty node could not take it either.
      isForGood ||= want.amount > (want.column?.allocatable[slot] ?? 0)
    }
    const key = `${isForGood} ${short.join()}`
    let refusal = known.get(key)
    if (refusal === undefined) {
      if (known.size >= shortagesMax) known.clear()
      known.set(key, (refusal = isForGood ? refuseForGood(...short) : refuse(...short)))
    }
    return refusal
  }
}

/** IsExtendedResourceName: somebody's own, not Kubernetes'. */
const isExtended = (resource: string): boolean =>
  resource.includes('/') && !resource.includes('kubernetes.io/') && !resource.startsWith('requests.')
