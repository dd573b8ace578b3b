import { Namespace } from '#api/core/v1/namespace.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import type { Clock } from '#lib/clock.ts'
import { createLookups, type Lookups, type Sources } from './lookups.ts'
import type { NodeInfo } from './node-info.ts'
import { createNodeTable, type NodeTable } from './node-table.ts'
import { createPodInfos, type PodInfo } from './pod-info.ts'

/** Told of every change of what is counted, so that an index need never count anew. A node that changes its labels loses its pods first and gets them again. */
export interface WorldObserver {
  /** After the node was added; `node` has no pods yet. Also at the beginning, for what is there. */
  readonly nodeAdded?: (node: NodeInfo) => void
  /** Before it goes; its pods were removed. */
  readonly nodeRemoved?: (node: NodeInfo) => void
  /** Its object is another, with equal labels. */
  readonly nodeChanged?: (node: NodeInfo, before: Node) => void
  readonly podAdded?: (pod: PodInfo, node: NodeInfo) => void
  readonly podRemoved?: (pod: PodInfo, node: NodeInfo) => void
}

/**
 * The cluster as decisions see it, kept up to date change by change. A pod that was just decided is counted at once (`assume`), long before
 * its binding comes back through the watch; otherwise two pods would be promised the same room.
 */
export interface World {
  readonly nodes: NodeTable
  readonly lookups: Lookups
  /** For what runs out: how long a device may take to become ready, how long a search may go on. */
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>
  /** How many there are. */
  readonly sizes: { readonly nodes: number; readonly pods: number; readonly assumed_pods: number }
  /** Labels of a namespace; affinity terms may select by them. */
  namespaceLabels(namespace: string): Readonly<Record<string, string>>
  podInfo(pod: Pod): PodInfo
  /** Where a pod is counted, if it is. */
  placeOf(uid: string): { readonly info: PodInfo; readonly nodeName: string; readonly assumed: boolean } | undefined
  /** Pods that were promised a node once others have left it, and that are not there yet, by uid. */
  nominatedTo(nodeName: string): ReadonlyMap<string, PodInfo>
  /** The node that a pod is promised, if it is. */
  promiseOf(uid: string): string | undefined
  /** Whether any pod is promised any node. */
  readonly hasNominations: boolean
  /** Something that is kept as long as the world: made when it is first asked for. */
  kept<T>(create: (world: World) => T): T
  /** Tells of what is there, and from then on of every change. */
  observe(observer: WorldObserver): () => void

  setNode(node: Node): void
  removeNode(name: string): void
  /** The pod as the API shows it. One that ended takes no room any more, and one that will never run is promised none. */
  setPod(pod: Pod): void
  removePod(uid: string): void
  assume(info: PodInfo, nodeName: string): void
  /** The binding failed: the room is free again. */
  forget(uid: string): void
  /** `nodeName` '' withdraws it. */
  nominate(info: PodInfo, nodeName: string): void
}

interface Placed {
  readonly info: PodInfo
  readonly nodeName: string
  readonly assumed: boolean
}

/** A world without nodes and pods; objects of other kinds are found in `sources`. Without a clock, nothing ever runs out in it. */
export function createWorld(sources: Sources, clock: World['clock'] = standing): World {
  const nodes = createNodeTable()
  const lookups = createLookups(sources)
  const podInfo = createPodInfos()
  /** Pods with a node, also those whose node is not known (yet). */
  const placed = new Map<string, Placed>()
  /** Uids of placed pods by node name. */
  const here = new Map<string, Set<string>>()
  const nominations = new Map<string, { readonly info: PodInfo; readonly nodeName: string }>()
  const nominated = new Map<string, Map<string, PodInfo>>()
  const observers = new Set<WorldObserver>()
  const keptOnes = new Map<unknown, unknown>()
  const namespaces = lookups.of(Namespace)

  function count(info: PodInfo, node: NodeInfo): void {
    nodes.add(node, info)
    for (const observer of observers) observer.podAdded?.(info, node)
  }

  function discount(info: PodInfo, node: NodeInfo): void {
    nodes.subtract(node, info)
    for (const observer of observers) observer.podRemoved?.(info, node)
  }

  function place(info: PodInfo, nodeName: string, assumed: boolean): void {
    const { uid } = info.pod.metadata
    placed.set(uid, { info, nodeName, assumed })
    let uids = here.get(nodeName)
    if (uids === undefined) here.set(nodeName, (uids = new Set()))
    uids.add(uid)
    const node = nodes.nodes.get(nodeName)
    if (node) count(info, node)
  }

  function drop(uid: string): void {
    const known = placed.get(uid)
    if (!known) return
    placed.delete(uid)
    const uids = here.get(known.nodeName)
    uids?.delete(uid)
    if (uids?.size === 0) here.delete(known.nodeName)
    const node = nodes.nodes.get(known.nodeName)
    if (node) discount(node.pods.get(uid) ?? known.info, node)
  }

  function enter(node: NodeInfo): void {
    for (const observer of observers) observer.nodeAdded?.(node)
    for (const uid of here.get(node.name) ?? []) count(placed.get(uid)!.info, node)
  }

  function leave(node: NodeInfo): void {
    for (const info of [...node.pods.values()]) discount(info, node)
    for (const observer of observers) observer.nodeRemoved?.(node)
  }

  /** What it is promised follows what it asks for. */
  function promiseAnew(pod: Pod): void {
    const { uid } = pod.metadata
    const known = nominations.get(uid)
    if (known === undefined) return
    const info = podInfo(pod)
    nominations.set(uid, { ...known, info })
    nominated.get(known.nodeName)!.set(uid, info)
  }

  function withdraw(uid: string): void {
    const known = nominations.get(uid)
    if (known === undefined) return
    nominations.delete(uid)
    const there = nominated.get(known.nodeName)
    there?.delete(uid)
    if (there?.size === 0) nominated.delete(known.nodeName)
  }

  const world: World = {
    nodes,
    lookups,
    clock,
    get sizes() {
      let assumed = 0
      for (const one of placed.values()) if (one.assumed) assumed += 1
      return { nodes: nodes.nodes.size, pods: placed.size, assumed_pods: assumed }
    },
    podInfo,
    namespaceLabels: (namespace) => namespaces.get(namespace)?.metadata.labels ?? {},
    placeOf: (uid) => placed.get(uid),
    get hasNominations() {
      return nominated.size > 0
    },
    promiseOf: (uid) => nominations.get(uid)?.nodeName,
    nominatedTo: (nodeName) => nominated.get(nodeName) ?? nobody,
    kept<T>(create: (world: World) => T): T {
      if (!keptOnes.has(create)) keptOnes.set(create, create(world))
      return keptOnes.get(create) as T
    },
    observe(observer) {
      observers.add(observer)
      for (const node of nodes.nodes.values()) {
        observer.nodeAdded?.(node)
        for (const info of node.pods.values()) observer.podAdded?.(info, node)
      }
      return () => observers.delete(observer)
    },
    setNode(node) {
      const known = nodes.nodes.get(node.metadata.name)
      if (known === undefined) return enter(nodes.set(node))
      const before = known.node
      if (sameLabels(before, node)) {
        nodes.set(node)
        for (const observer of observers) observer.nodeChanged?.(known, before)
        return
      }
      leave(known)
      nodes.set(node)
      enter(known)
    },
    removeNode(name) {
      const known = nodes.nodes.get(name)
      if (known === undefined) return
      leave(known)
      nodes.remove(name)
    },
    setPod(pod) {
      const { uid } = pod.metadata
      const before = placed.get(uid)
      // The watch may still show the pod from before our own decision.
      if (!pod.spec.nodeName && before?.assumed) return
      if (isPodTerminal(pod) || (!pod.spec.nodeName && pod.metadata.deletionTimestamp !== undefined)) {
        withdraw(uid)
        return drop(uid)
      }
      if (!pod.spec.nodeName) {
        promiseAnew(pod)
        return drop(uid)
      }
      withdraw(uid)
      const info = podInfo(pod)
      if (before !== undefined && before.nodeName === pod.spec.nodeName && before.info.shape === info.shape) {
        placed.set(uid, { info, nodeName: before.nodeName, assumed: false })
        const node = nodes.nodes.get(before.nodeName)
        if (node) nodes.show(node, info)
        // Indexes look at shapes and at whether a pod is going.
        if (node && before.info.pod.metadata.deletionTimestamp !== pod.metadata.deletionTimestamp)
          for (const observer of observers) {
            observer.podRemoved?.(before.info, node)
            observer.podAdded?.(info, node)
          }
        return
      }
      drop(uid)
      place(info, pod.spec.nodeName, false)
    },
    removePod(uid) {
      withdraw(uid)
      drop(uid)
    },
    assume(info, nodeName) {
      drop(info.pod.metadata.uid)
      withdraw(info.pod.metadata.uid)
      place(info, nodeName, true)
    },
    forget(uid) {
      if (placed.get(uid)?.assumed) drop(uid)
    },
    nominate(info, nodeName) {
      const { uid } = info.pod.metadata
      withdraw(uid)
      if (nodeName === '') return
      nominations.set(uid, { info, nodeName })
      let there = nominated.get(nodeName)
      if (there === undefined) nominated.set(nodeName, (there = new Map()))
      there.set(uid, info)
    },
  }
  return world
}

const standing: World['clock'] = { now: () => 0, monotonicMs: () => 0 }

const nobody: ReadonlyMap<string, PodInfo> = new Map()

function sameLabels({ metadata: { labels: a = {} } }: Node, { metadata: { labels: b = {} } }: Node): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}
