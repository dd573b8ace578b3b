import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Extender } from '../extender/extender.ts'
import type { Source, Sources } from '../world/lookups.ts'
import { createWorld, type World } from '../world/world.ts'

/** A pod's parts that a test says. */
export interface PodWish {
  readonly cpu?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly spec?: object
  readonly status?: object
}

/** A world of nodes alone. */
export function worldOf(nodes: readonly Node[] = [], sources: Sources = () => undefined): World {
  const world = createWorld(sources)
  for (const one of nodes) world.setNode(one)
  return world
}

/** Objects of one kind that never change. */
export const sourceOf = <T extends { readonly metadata: { readonly name: string; readonly namespace?: string } }>(
  objects: readonly T[],
): Source<T> => ({
  get: (name, namespace) => objects.find(({ metadata }) => metadata.name === name && (metadata.namespace ?? '') === (namespace ?? '')),
  list: (namespace) => objects.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
})

/** `name key=value taint=key:Effect cordoned`: a node with one processor, 1 GiB and room for ten pods; other words are its labels. */
export function node(text: string, status: object = {}): Node {
  const [name, ...words] = text.split(' ')
  const labels: Record<string, string> = {}
  const taints: { key: string; effect: string }[] = []
  for (const word of words) {
    const [key, value] = word.split('=')
    if (key === 'taint') taints.push({ key: value!.split(':')[0]!, effect: value!.split(':')[1]! })
    else if (key !== 'cordoned') labels[key!] = value!
  }
  return {
    metadata: { name, uid: name, labels },
    spec: { taints, unschedulable: words.includes('cordoned') },
    status: { allocatable: { cpu: '1', memory: '1Gi', pods: '10' }, ...status },
  } as unknown as Node
}

/** A pod of one container in the namespace `default`. */
export function pod(uid: string, { cpu, labels, spec, status = {} }: PodWish = {}): Pod {
  return {
    metadata: { name: uid, namespace: 'default', uid, ...(labels && { labels }) },
    spec: { schedulerName: 'default-scheduler', containers: [container({ resources: cpu ? { requests: { cpu } } : {} })], ...spec },
    status,
  } as unknown as Pod
}

/** A container with these parts. */
export const container = (more: object): object => ({ name: 'main', image: 'image', resources: {}, ...more })

/** An extender that only filters. */
export const extenderOf = (filter: Extender['filter']): Extender => ({
  url: 'http://extender',
  isIgnorable: false,
  filters: true,
  scores: false,
  binds: false,
  preempts: false,
  isInterested: () => true,
  filter,
  score: async () => new Map(),
  bind: async () => {},
  preempt: async (_pod, candidates) => candidates,
})
