import { isHugePages } from '#api/core/v1/resources.ts'
import type { ResourceRequirements } from '#api/core/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { compareQuantity, parseQuantity } from '#lib/quantity.ts'
import {
  checkDns1123Label,
  checkQualifiedName,
  duplicate,
  forbidden,
  invalid,
  invalidEach,
  notFound,
  required,
  timesShown,
} from '#schema/validate.ts'

type CheckName = (name: string, path: string) => Cause[]

/** Requests and limits of a container. `claimNames` are those of the pod's `resourceClaims`. */
export function validateResources(
  resources: ResourceRequirements,
  claimNames: ReadonlySet<string>,
  path: string,
  checkName: CheckName = validateContainerResourceName,
): Cause[] {
  const { limits = {}, requests = {} } = resources
  const causes: Cause[] = []
  for (const [name, text] of Object.entries(limits)) causes.push(...validateAmount(name, text, `${path}.limits[${name}]`, checkName))
  for (const [name, text] of Object.entries(requests)) {
    causes.push(...validateAmount(name, text, `${path}.requests[${name}]`, checkName))
    const limit = limits[name]
    if (limit === undefined) {
      if (!isOvercommitAllowed(name)) causes.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'))
    } else if (compareQuantity(text, limit) !== 0 && !isOvercommitAllowed(name))
      causes.push(invalid(`${path}.requests`, text, `must be equal to ${name} limit of ${limit}`))
    else if (compareQuantity(text, limit) > 0)
      causes.push(invalid(`${path}.requests`, text, `must be less than or equal to ${name} limit of ${limit}`))
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)]
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory'))
    causes.push(forbidden(path, 'HugePages require cpu or memory'))
  return [...causes, ...validateClaims(resources.claims, claimNames, `${path}.claims`)]
}

/** Not negative, whole where the resource is counted, a multiple of the page where it is made of huge pages. */
export function validateQuantity(name: string, text: string, path: string): Cause[] {
  const causes: Cause[] = validateNotNegativeQuantity(text, path)
  if (isCounted(name) && parseQuantity(text).nano % 1_000_000_000n !== 0n) causes.push(invalid(path, text, 'must be an integer'))
  return causes
}

/** A quantity has to be nothing or more. */
export const validateNotNegativeQuantity = (text: string, path: string): Cause[] =>
  parseQuantity(text).nano < 0n ? [invalid(path, text, 'must be greater than or equal to 0')] : []

/** Any name that a quota or a node may use. */
export function validateResourceName(name: string, path: string): Cause[] {
  const causes = invalidEach(path, name, checkQualifiedName(name))
  if (causes.length > 0) return causes
  return name.includes('/') || isStandard(name) ? [] : [invalid(path, name, 'must be a standard resource type or fully qualified')]
}

/** A name that a container may ask for: its own kinds of Kubernetes', or one of somebody's own domain. */
export function validateContainerResourceName(name: string, path: string): Cause[] {
  const causes = validateResourceName(name, path)
  if (!name.includes('/')) {
    if (!['cpu', 'memory', 'ephemeral-storage'].includes(name) && !isHugePages(name))
      causes.push(invalid(path, name, 'must be a standard resource for containers'))
  } else if (!isNative(name) && !isExtended(name)) causes.push(invalid(path, name, "doesn't follow extended resource name standard"))
  return causes
}

/** What belongs to nobody's own domain. */
export const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/')
/** What belongs to somebody's own domain, and is counted in whole units (`example.com/gpu`). */
export const isExtended = (name: string): boolean =>
  !isNative(name) && !name.startsWith('requests.') && checkQualifiedName(`requests.${name}`).length === 0
/** Whether more may be promised than there is: requests below limits. */
export const isOvercommitAllowed = (name: string): boolean => isNative(name) && !isHugePages(name)
const isCounted = (name: string): boolean => isExtended(name) || counted.has(name)

const counted = new Set([
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
])
const standard = new Set([
  ...counted,
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'storage',
  'requests.storage',
])
const isStandard = (name: string): boolean => standard.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-')

function validateAmount(name: string, text: string, path: string, checkName: CheckName): Cause[] {
  const causes = [...checkName(name, path), ...validateQuantity(name, text, path)]
  if (isHugePages(name) && !isWholePages(name, text))
    causes.push(invalid(path, text, `${text} is not positive integer multiple of ${name}`))
  return causes
}

function isWholePages(name: string, text: string): boolean {
  const size = name.slice('hugepages-'.length)
  const page = /^\d+[A-Za-z]*$/.test(size) ? parseQuantity(size).nano : 0n
  const value = parseQuantity(text).nano
  return page > 0n && value > 0n && value % page === 0n
}

function validateClaims(claims: ResourceRequirements['claims'] = [], names: ReadonlySet<string>, path: string): Cause[] {
  const causes: Cause[] = []
  const seen = new Set<string>()
  const withRequest = new Set<string>()
  const detail = names.size === 0 ? ' which is empty' : `: ${[...names].sort().join(', ')}`
  let left = timesShown(detail.length)
  for (const [i, { name, request }] of claims.entries()) {
    const at = `${path}[${i}]`
    if (name === '') {
      causes.push(required(at))
      continue
    }
    const key = request ? `${name}/${request}` : name
    if (seen.has(name)) causes.push(duplicate(at, name))
    else {
      if (request) causes.push(...invalidEach(`${at}.request`, request, checkDns1123Label(request)))
      if (seen.has(key)) causes.push(duplicate(at, key))
      else if (!request && withRequest.has(name)) causes.push(duplicate(at, name))
      seen.add(key)
      if (request) withRequest.add(name)
    }
    if (names.has(name) || left === 0) continue
    left -= 1
    const cause = notFound(at, name)
    causes.push({ ...cause, message: `${cause.message}: must be one of the names in pod.spec.resourceClaims${detail}` })
  }
  return causes
}
