import { isExtended } from '#api/core/v1/validation/resources.ts'
import { DeviceClass } from '#api/resource/v1/device-class.ts'
import type { NodeInfo } from '../../world/node-info.ts'
import type { World } from '../../world/world.ts'

/** Every class can be asked for as an extended resource of this name and its own (API: ResourceDeviceClassPrefix). */
export const deviceClassPrefix = 'deviceclass.resource.kubernetes.io/'

/** Device classes by the extended resources that they stand for. */
export interface ClassIndex {
  /** The class whose devices are given for the resource. */
  classOf(resource: string): DeviceClass | undefined
  /** Another number after every change of that. */
  readonly version: number
}

/** Follows the world's classes: `world.kept(createClassIndex)`. */
export function createClassIndex(world: World): ClassIndex {
  const classes = world.lookups.of(DeviceClass)
  const explicit = new Map<string, DeviceClass[]>()
  const own = new Map<string, DeviceClass>()
  let version = 0

  function leave({ metadata: { name }, spec: { extendedResourceName } }: DeviceClass): void {
    own.delete(name)
    if (extendedResourceName === undefined) return
    const left = (explicit.get(extendedResourceName) ?? []).filter(({ metadata }) => metadata.name !== name)
    if (left.length === 0) explicit.delete(extendedResourceName)
    else explicit.set(extendedResourceName, left)
  }

  classes.onChange((object, previous, kind) => {
    version += 1
    const before = own.get(object.metadata.name) ?? previous
    if (before !== undefined) leave(before)
    if (kind === 'deleted') return
    own.set(object.metadata.name, object)
    const { extendedResourceName } = object.spec
    if (extendedResourceName === undefined) return
    // Who moves to another class makes a new one of the same resource: it takes over at once.
    explicit.set(extendedResourceName, [...(explicit.get(extendedResourceName) ?? []), object].sort(newestFirst))
  })

  return {
    classOf: (resource) =>
      resource.startsWith(deviceClassPrefix) ? own.get(resource.slice(deviceClassPrefix.length)) : explicit.get(resource)?.[0],
    get version() {
      return version
    },
  }
}

const newestFirst = ({ metadata: a }: DeviceClass, { metadata: b }: DeviceClass): number =>
  Date.parse(b.creationTimestamp ?? '') - Date.parse(a.creationTimestamp ?? '') || (a.name < b.name ? -1 : 1)

/** Whether devices may be given for a resource of this name. */
export const isDeviceResource = (resource: string): boolean => resource.startsWith(deviceClassPrefix) || isExtended(resource)

/**
 * Whether devices stand for this resource where a node has none of it itself. Who counts resources (NodeResourcesFit) passes over a request for
 * it on such nodes.
 */
export const isByClaim = (resource: string, world: World): boolean => world.kept(createClassIndex).classOf(resource) !== undefined

/** Another number whenever `isByClaim` may answer otherwise: for `basis` of a plug-in that asks it. */
export const claimBasis = (world: World): number => world.kept(createClassIndex).version

/**
 * Whether a pod's request for this resource is met by devices on this node, since the node itself has none of it and a class stands for it.
 */
export function isServedByDevices(world: World, resource: string, { slot }: NodeInfo): boolean {
  if ((world.nodes.column(resource)?.allocatable[slot] ?? 0) > 0) return false
  return isByClaim(resource, world)
}
