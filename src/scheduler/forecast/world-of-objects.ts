import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Source } from '../world/lookups.ts'
import { createWorld, type World } from '../world/world.ts'

/** Objects by their kind, as lists of the API give them. */
export type ObjectsByKind = ReadonlyMap<AnyKind, readonly KubeObject[]>

/** A world in which time stands still at `now`: what these objects show, pods on their nodes, and rooms that are promised. */
export function worldOfObjects(objects: ObjectsByKind, now: number): World {
  const sources = new Map([...objects].map(([kind, list]) => [kind, sourceOf(list)]))
  const world = createWorld((kind) => sources.get(kind) as never, { now: () => now, monotonicMs: () => 0 })
  for (const node of (objects.get(Node) ?? []) as readonly Node[]) world.setNode(node)
  for (const pod of (objects.get(Pod) ?? []) as readonly Pod[]) {
    world.setPod(pod)
    if (!pod.spec.nodeName && pod.status.nominatedNodeName) world.nominate(world.podInfo(pod), pod.status.nominatedNodeName)
  }
  return world
}

function sourceOf(list: readonly KubeObject[]): Source<KubeObject> {
  const byName = new Map(list.map((object) => [`${object.metadata.namespace ?? ''}/${object.metadata.name}`, object]))
  return {
    get: (name, namespace = '') => byName.get(`${namespace}/${name}`),
    list: (namespace) => (namespace === undefined ? list : list.filter(({ metadata }) => metadata.namespace === namespace)),
  }
}
