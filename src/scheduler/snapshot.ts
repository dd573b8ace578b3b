import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import type { NodeInfo, PodInfo } from './node-info.ts'
import { addPodTo, emptyNodeInfo, podInfo, removePodFrom } from './node-info.ts'

interface Placed {
  readonly info: PodInfo
  readonly nodeName: string
  readonly assumed: boolean
}

/**
 * The cluster as decisions see it, kept up to date change by change. A pod that was just decided is counted at once (`assume`), long before
 * its binding comes back through the watch; otherwise two pods would be promised the same room.
 */
export class Snapshot {
  readonly #nodes = new Map<string, NodeInfo>()
  /** Pods with a node, also those whose node is not known (yet). */
  readonly #placed = new Map<string, Placed>()

  get nodes(): ReadonlyMap<string, NodeInfo> {
    return this.#nodes
  }

  setNode(node: Node): void {
    let info = emptyNodeInfo(node)
    for (const placed of this.#placed.values()) if (placed.nodeName === node.metadata.name) info = addPodTo(info, placed.info)
    this.#nodes.set(node.metadata.name, info)
  }

  removeNode(name: string): void {
    this.#nodes.delete(name)
  }

  /** The pod as the API shows it. One that ended takes no room any more. */
  setPod(pod: Pod): void {
    const before = this.#placed.get(pod.metadata.uid)
    // The watch may still show the pod from before our own decision.
    if (!pod.spec.nodeName && before?.assumed) return
    if (before !== undefined && !isPodTerminal(pod) && isCountedAlike(before.info.pod, pod)) {
      this.#show(pod, before)
      return
    }
    this.#drop(pod.metadata.uid)
    if (pod.spec.nodeName && !isPodTerminal(pod)) this.#place(podInfo(pod), pod.spec.nodeName, false)
  }

  removePod(uid: string): void {
    this.#drop(uid)
  }

  assume(pod: Pod, nodeName: string): void {
    this.#drop(pod.metadata.uid)
    this.#place(podInfo(pod), nodeName, true)
  }

  /** The binding failed: the room is free again. */
  forget(uid: string): void {
    if (this.#placed.get(uid)?.assumed) this.#drop(uid)
  }

  /** Most of what happens to a pod changes nothing of what it takes: nothing is counted anew then. */
  #show(pod: Pod, before: Placed): void {
    const info = { ...before.info, pod }
    this.#placed.set(pod.metadata.uid, { ...before, info, assumed: false })
    this.#nodes.get(before.nodeName)?.pods.set(pod.metadata.uid, info)
  }

  #place(info: PodInfo, nodeName: string, assumed: boolean): void {
    this.#placed.set(info.pod.metadata.uid, { info, nodeName, assumed })
    const node = this.#nodes.get(nodeName)
    if (node) this.#nodes.set(nodeName, addPodTo(node, info))
  }

  #drop(uid: string): void {
    const placed = this.#placed.get(uid)
    if (!placed) return
    this.#placed.delete(uid)
    const node = this.#nodes.get(placed.nodeName)
    if (node) this.#nodes.set(placed.nodeName, removePodFrom(node, placed.info))
  }
}

/** The generation changes with the spec, and with nothing else. */
const isCountedAlike = (before: Pod, after: Pod): boolean =>
  before.spec.nodeName === after.spec.nodeName && before.metadata.generation === after.metadata.generation
