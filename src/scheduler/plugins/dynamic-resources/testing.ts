import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { DeviceClass } from '#api/resource/v1/device-class.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import type { Device, DeviceClaim, ResourceClaimStatus, ResourceSliceSpec } from '#api/resource/v1/types.ts'
import type { Source } from '../../world/lookups.ts'
import { createWorld, type World } from '../../world/world.ts'

/** A world for tests, whose objects are put in as if a watch showed them. */
export interface TestWorld {
  readonly world: World
  put(object: KubeObject): void
  remove(object: KubeObject): void
  /** Moves the clock. */
  nowMs: number
}

export function testWorld(...objects: readonly KubeObject[]): TestWorld {
  const sources = new Map<string, ReturnType<typeof createSource>>()
  const sourceOf = (kind: string): ReturnType<typeof createSource> => {
    let source = sources.get(kind)
    if (source === undefined) sources.set(kind, (source = createSource()))
    return source
  }
  const made = {
    nowMs: 0,
    put(object: KubeObject) {
      if (object.kind === 'Node') world.setNode(object as Node)
      else sourceOf(object.kind).put(object)
    },
    remove(object: KubeObject) {
      if (object.kind === 'Node') world.removeNode(object.metadata.name)
      else sourceOf(object.kind).remove(object)
    },
  }
  const clock = { now: () => made.nowMs, monotonicMs: () => made.nowMs }
  const world = createWorld(((kind: AnyKind) => sourceOf(kind.kind)) as never, clock)
  for (const object of objects) made.put(object)
  return Object.assign(made, { world })
}

function createSource(): Source<KubeObject> & { put(object: KubeObject): void; remove(object: KubeObject): void } {
  const objects = new Map<string, KubeObject>()
  const handlers = new Set<Parameters<NonNullable<Source<KubeObject>['onChange']>>[0]>()
  const keyOf = (name: string, namespace = ''): string => `${namespace}/${name}`
  return {
    get: (name, namespace) => objects.get(keyOf(name, namespace)),
    list: (namespace) => [...objects.values()].filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
    onChange(handler) {
      handlers.add(handler)
      for (const object of objects.values()) handler(object, undefined, 'added')
      return () => handlers.delete(handler)
    },
    put(object) {
      const key = keyOf(object.metadata.name, object.metadata.namespace)
      const before = objects.get(key)
      objects.set(key, object)
      for (const handler of handlers) handler(object, before, before === undefined ? 'added' : 'modified')
    },
    remove(object) {
      objects.delete(keyOf(object.metadata.name, object.metadata.namespace))
      for (const handler of handlers) handler(object, object, 'deleted')
    },
  }
}

let version = 0
const meta = (name: string, namespace?: string) => ({
  name,
  ...(namespace !== undefined && { namespace }),
  uid: `uid-${name}`,
  resourceVersion: String((version += 1)),
  creationTimestamp: '2026-01-01T00:00:00Z',
})

export const node = (name: string, labels: Record<string, string> = {}, allocatable: Record<string, string> = {}): Node =>
  ({ apiVersion: 'v1', kind: 'Node', metadata: { ...meta(name), labels }, spec: {}, status: { allocatable } }) as unknown as Node

export const deviceClass = (name: string, spec: DeviceClass['spec'] = {}): DeviceClass => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'DeviceClass',
  metadata: meta(name),
  spec,
})

/** Of driver `gpu.test`, a pool of its own. */
export const slice = (name: string, devices: readonly Device[], spec: Partial<ResourceSliceSpec> = {}): ResourceSlice => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'ResourceSlice',
  metadata: meta(name),
  spec: { driver: 'gpu.test', pool: { name, generation: 1, resourceSliceCount: 1 }, devices: [...devices], ...spec },
})

export const claim = (name: string, devices: DeviceClaim, status: ResourceClaimStatus = {}): ResourceClaim => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'ResourceClaim',
  metadata: meta(name, 'default') as ResourceClaim['metadata'],
  spec: { devices },
  status,
})

/** A claim for so many devices of a class. */
export const plainClaim = (name: string, count = 1, deviceClassName = 'gpu'): ResourceClaim =>
  claim(name, { requests: [{ name: 'r', exactly: { deviceClassName, allocationMode: 'ExactCount', count } }] })

/** A pod that uses these claims, and asks for these resources. */
export const pod = (name: string, claims: readonly string[], requests: Record<string, string> = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta(name, 'default'),
    spec: {
      containers: [{ name: 'c', image: 'i', resources: { requests } }],
      resourceClaims: claims.map((resourceClaimName, index) => ({ name: `entry-${index}`, resourceClaimName })),
    },
    status: { phase: 'Pending' },
  }) as unknown as Pod

export const kinds = { DeviceClass, Node, Pod, ResourceClaim, ResourceSlice }
