import { isHugePages, isPodLevelResource, resourceListOf, sumContainers } from '#api/core/v1/resources.ts'
import type {
  Container,
  EphemeralContainer,
  Lifecycle,
  PodSpec,
  PodTemplateSpec,
  ResourceList,
  ResourceRequirements,
  Volume,
} from '#api/core/v1/types.ts'
import { formatQuantity, parseQuantity, quantityOfMilli, quantityToMilli } from '#lib/quantity.ts'

/** Defaults of a pod's spec that hang on its other fields: for pods and for templates alike. */
export function defaultPodSpec(spec: PodSpec): PodSpec {
  const serviceAccountName = spec.serviceAccountName || spec.serviceAccount
  return merged(spec, {
    ...(serviceAccountName && { serviceAccountName, serviceAccount: serviceAccountName }),
    ...(spec.volumes && { volumes: mapped(spec.volumes, defaultVolume) }),
    ...(spec.initContainers && { initContainers: mapped(spec.initContainers, defaultContainer) }),
    containers: spec.containers && mapped(spec.containers, defaultContainer),
    ...(spec.ephemeralContainers && { ephemeralContainers: mapped(spec.ephemeralContainers, defaultContainer<EphemeralContainer>) }),
    ...(spec.overhead && { overhead: roundToMilli(spec.overhead) }),
    ...(spec.resources && { resources: roundResources(spec.resources) }),
  })
}

/**
 * Defaults are filled in several times on the way of a write, and mostly there is nothing to fill in any more: then the very same object is
 * given back, so that nobody freezes, compares or writes a copy of it.
 */
function merged<T extends object>(object: T, changes: Partial<T>): T {
  for (const key in changes) if (changes[key] !== object[key] || !(key in object)) return { ...object, ...changes }
  return object
}

/** The very same list where no item changes. */
function mapped<T>(list: readonly T[], change: (item: T) => T): T[] {
  let copy: T[] | undefined
  for (let i = 0; i < list.length; i += 1) {
    const after = change(list[i]!)
    if (after === list[i]) continue
    copy ??= [...list]
    copy[i] = after
  }
  return copy ?? (list as T[])
}

/** The template with the defaults of its spec; one without a spec is left for validation to refuse. */
export const defaultPodTemplate = (template: PodTemplateSpec): PodTemplateSpec =>
  template?.spec === undefined ? template : { ...template, spec: defaultPodSpec(template.spec) }

/** What only a pod gets, and no template. */
export function defaultPod(spec: PodSpec): PodSpec {
  const general = defaultPodSpec(spec)
  const complete = (container: Container): Container =>
    merged(container, { resources: requestsFromLimits(container.resources), ...(general.hostNetwork && hostPorts(container)) })
  const withContainers = merged(general, {
    containers: general.containers && mapped(general.containers, complete),
    ...(general.initContainers && { initContainers: mapped(general.initContainers, complete) }),
    enableServiceLinks: general.enableServiceLinks ?? true,
    // Less than nothing means the least there is.
    ...((general.terminationGracePeriodSeconds ?? 0) < 0 && { terminationGracePeriodSeconds: 1 }),
  })
  return general.resources === undefined ? withContainers : merged(withContainers, { resources: podLevelResources(withContainers) })
}

/** `latest`, and no tag at all, may change under the same name. */
export const pullPolicyOf = (image: string | undefined): 'Always' | 'IfNotPresent' => {
  if (image === undefined || image === '' || image.includes('@') || !isReference(image)) return 'IfNotPresent'
  const tag = /:([^:/]+)$/.exec(image)?.[1]
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent'
}

/**
 * Whether the text names an image at all: a host, then a path in lower case of at most 255 characters, then a tag (the distribution
 * project's grammar). Sixty-four hexadecimal digits are an identifier.
 */
const isReference = (image: string): boolean =>
  !/^[0-9a-f]{64}$/.test(image) &&
  image.replace(/:[^:/]*$/, '').length <= 255 &&
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-.]*[A-Za-z0-9])?(?::\d+)?\/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+|\/)[a-z0-9]+)*(?::\w[\w.-]{0,127})?$/.test(image)

function defaultContainer<C extends Container | EphemeralContainer>(container: C): C {
  const made = merged<Container | EphemeralContainer>(container, {
    imagePullPolicy: container.imagePullPolicy || pullPolicyOf(container.image),
    resources: roundResources(container.resources ?? {}),
  }) as C
  if (container.lifecycle?.stopSignal === undefined) return made
  const { lifecycle: _, ...rest } = made
  const lifecycle = withoutStopSignal(container.lifecycle)
  return (lifecycle === undefined ? rest : { ...rest, lifecycle }) as C
}

/** Stop signals of the pod's choice (KEP-4960) are off in v1.36: the field is dropped, and what held nothing else with it. */
function withoutStopSignal(lifecycle: Lifecycle): Lifecycle | undefined {
  const { stopSignal: _, ...rest } = lifecycle
  return Object.keys(rest).length === 0 ? undefined : rest
}

function defaultVolume(volume: Volume): Volume {
  const sources = Object.keys(volume).filter((key) => key !== 'name' && volume[key as keyof Volume] !== undefined)
  if (sources.length === 0) return { ...volume, emptyDir: {} }
  const { image } = volume
  return image === undefined || image.pullPolicy ? volume : { ...volume, image: { ...image, pullPolicy: pullPolicyOf(image.reference) } }
}

function requestsFromLimits(resources: ResourceRequirements): ResourceRequirements {
  const { limits, requests } = resources
  if (limits === undefined) return resources
  if (requests && Object.keys(limits).every((name) => name in requests)) return resources
  return { ...resources, requests: { ...limits, ...requests } }
}

const hostPorts = (container: Container): Partial<Container> =>
  container.ports === undefined
    ? {}
    : { ports: container.ports.map((port) => ({ ...port, hostPort: port.hostPort || port.containerPort })) }

/** Pod-level requests come from the containers' requests, and failing that from the pod's limits; huge page limits from the containers' (KEP-2837). */
function podLevelResources(spec: PodSpec): ResourceRequirements {
  const given = spec.resources!
  if (Object.keys(given.limits ?? {}).length + Object.keys(given.requests ?? {}).length === 0) return given
  const limits: ResourceList = { ...given.limits }
  for (const [name, text] of Object.entries(resourceListOf(sumContainers(spec, 'limits'))))
    if (isHugePages(name) && given.requests?.[name] === undefined) limits[name] ??= text
  if (Object.keys(limits).length === 0) return given
  const requests: ResourceList = { ...given.requests }
  for (const [name, text] of Object.entries(resourceListOf(sumContainers(spec, 'requests'))))
    if (isPodLevelResource(name) && !isHugePages(name)) requests[name] ??= text
  for (const [name, text] of Object.entries(limits)) if (isPodLevelResource(name)) requests[name] ??= text
  return { ...given, limits, ...(Object.keys(requests).length > 0 && { requests }) }
}

/** Resource amounts finer than a thousandth are rounded up, for compatibility with what was always done. */
export function roundToMilli(list: ResourceList): ResourceList {
  let copy: ResourceList | undefined
  for (const [name, text] of Object.entries(list)) {
    const after = roundQuantity(text)
    if (after === text) continue
    copy ??= { ...list }
    copy[name] = after
  }
  return copy ?? list
}

/** Requests and limits, each rounded so. */
export const roundResources = <R extends { readonly limits?: ResourceList | undefined; readonly requests?: ResourceList | undefined }>(
  resources: R,
): R =>
  merged<R>(resources, {
    ...(resources.limits && { limits: roundToMilli(resources.limits) }),
    ...(resources.requests && { requests: roundToMilli(resources.requests) }),
  } as Partial<R>)

/** Only these families of text can be finer than a thousandth. */
function roundQuantity(text: string): string {
  if (!/[nue.]/i.test(text)) return text
  const quantity = parseQuantity(text)
  return quantity.nano % 1_000_000n === 0n ? text : formatQuantity(quantityOfMilli(quantityToMilli(quantity)))
}
