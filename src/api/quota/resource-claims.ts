import type { Pod } from '#api/core/v1/pod.ts'
import type { Resources } from '#api/core/v1/resources.ts'
import type { KubeObject } from '#api/kind.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'
import type { DeviceClass, ResourceClaim } from '#api/resource/v1/types.ts'
import { addQuantity, quantityOf, subQuantity } from '#lib/quantity.ts'
import { isExtendedResourceForQuota, podUsage } from './pods.ts'
import { countName, one, type QuotaContext, type QuotaEvaluator } from './quota.ts'

const resource = 'resourceclaims.resource.k8s.io'
/** `gpu.deviceclass.resource.k8s.io/devices`. */
const perClass = '.deviceclass.resource.k8s.io/devices'
/** The same devices, asked for as an extended resource that nobody has named. */
const implicit = 'requests.deviceclass.resource.kubernetes.io/'
/** As many devices as an allocation may hold: what `All` may come to. */
const devicesMax = 32

/** Claims count by the devices of each class that they may be given. */
export const resourceClaimQuota: QuotaEvaluator = {
  resource,
  matching: (wanted, context) =>
    wanted.filter((name) => {
      if (name === countName(resource) || name.endsWith(perClass)) return true
      if (name.startsWith(implicit)) return extendedResourceOf(name.slice(implicit.length), context) !== undefined
      return (
        isExtendedResourceForQuota(name) &&
        classesOf(context).some(({ spec }) => spec.extendedResourceName === name.slice('requests.'.length))
      )
    }),
  handles: ({ subresource }) => subresource === '',
  usage: (object, context) => {
    const claim = object as unknown as ResourceClaim
    const devices: Record<string, number> = {}
    for (const { exactly, firstAvailable = [] } of claim.spec.devices?.requests ?? []) {
      const most: Record<string, number> = {}
      for (const { deviceClassName, allocationMode, count } of firstAvailable.length > 0
        ? firstAvailable
        : exactly === undefined
          ? []
          : [exactly])
        most[deviceClassName] = Math.max(most[deviceClassName] ?? 0, countOf(allocationMode, count))
      for (const [name, count] of Object.entries(most)) devices[name] = (devices[name] ?? 0) + count
    }
    const usage: Resources = { [countName(resource)]: one }
    for (const [name, count] of Object.entries(devices)) usage[`${name}${perClass}`] = quantityOf(count)
    return withExtendedResources(usage, devices, object, context)
  },
}

const countOf = (mode: string | undefined, count: number | undefined): number =>
  mode === 'All' ? devicesMax : mode === 'ExactCount' ? (count ?? 0) : 0

const classesOf = ({ deviceClasses }: QuotaContext): readonly DeviceClass[] => deviceClasses() as unknown as readonly DeviceClass[]

const extendedResourceOf = (deviceClass: string, context: QuotaContext): string | undefined =>
  classesOf(context).find(({ metadata }) => metadata?.name === deviceClass)?.spec.extendedResourceName

/** Devices are also charged as the extended resources that they stand for, less what the claim's own pod is charged already. */
function withExtendedResources(
  usage: Resources,
  devices: Readonly<Record<string, number>>,
  claim: KubeObject,
  context: QuotaContext,
): Resources {
  const charged = ownerUsage(claim, context)
  const extended: Resources = {}
  for (const [name, count] of Object.entries(devices)) {
    extended[`${implicit}${name}`] = quantityOf(count)
    const explicit = extendedResourceOf(name, context)
    if (explicit !== undefined) {
      const key = `requests.${explicit}`
      extended[key] = extended[key] === undefined ? quantityOf(count) : addQuantity(extended[key], quantityOf(count))
    }
  }
  const rest = Object.entries(extended)
    .map(([name, quantity]) => [name, charged[name] === undefined ? quantity : subQuantity(quantity, charged[name])] as const)
    .filter(([, quantity]) => quantity.nano > 0n)
  return { ...usage, ...Object.fromEntries(rest) }
}

/** What the pod is charged for whose extended resources this claim stands for, once it is sure that it does. */
function ownerUsage(claim: KubeObject, context: QuotaContext): Resources {
  const { annotations, namespace = '', name } = claim.metadata
  const owner = controllerOf(claim)
  if (annotations?.[marker] !== 'true' || owner?.kind !== 'Pod' || owner.apiVersion !== 'v1') return {}
  const pod = context.pod(namespace, owner.name) as Pod | undefined
  if (pod === undefined || pod.metadata.uid !== owner.uid) return {}
  const named = pod.status?.extendedResourceClaimStatus?.resourceClaimName
  if (named !== undefined && named !== name) return {}
  // Until the pod names its claim, the oldest one is it.
  const isLater = (other: KubeObject) =>
    other.metadata.annotations?.[marker] === 'true' &&
    controllerOf(other)?.uid === owner.uid &&
    (Date.parse(other.metadata.creationTimestamp) - Date.parse(claim.metadata.creationTimestamp) || (other.metadata.name < name ? -1 : 1)) <
      0 &&
    other.metadata.name !== name
  if (named === undefined && context.resourceClaims(namespace).some(isLater)) return {}
  return podUsage(pod, context.now)
}

const marker = 'resource.kubernetes.io/extended-resource-claim'
