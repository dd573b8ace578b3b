import { isHugePages } from '#api/core/v1/resources.ts'
import type { ResourceList, ResourceQuota, ResourceQuotaSpec } from '#api/core/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { invalid, required, timesShown } from '#schema/validate.ts'
import { validateQuantity, validateResourceName } from './resources.ts'

/** What is wrong with a quota by itself. */
export function validateResourceQuota({ spec }: ResourceQuota): Cause[] {
  return [...validateList(spec.hard, 'spec.hard'), ...validateScopes(spec), ...validateScopeSelector(spec)]
}

/** The same of an update, which keeps the scopes. */
export function validateResourceQuotaUpdate(next: ResourceQuota, previous: ResourceQuota): Cause[] {
  const causes = validateResourceQuota(next)
  const scopesOf = (quota: ResourceQuota) => [...new Set(quota.spec.scopes ?? [])].sort().join()
  return scopesOf(next) === scopesOf(previous)
    ? causes
    : [...causes, invalid('spec.scopes', next.spec.scopes ?? null, 'field is immutable')]
}

/** What is wrong with the amounts of a status. */
export const validateResourceQuotaStatus = ({ status }: ResourceQuota): Cause[] => [
  ...validateList(status.hard, 'status.hard'),
  ...validateList(status.used, 'status.used'),
]

const validateList = (list: ResourceList | undefined, path: string): Cause[] =>
  Object.entries(list ?? {}).flatMap(([name, text]) => [
    ...validateQuotaName(name, `${path}[${name}]`),
    ...validateQuantity(name, text, `${path}[${name}]`),
  ])

function validateQuotaName(name: string, path: string): Cause[] {
  const causes = validateResourceName(name, path)
  return name.includes('/') || isStandard(name) ? causes : [...causes, invalid(path, name, 'must be a standard resource for quota')]
}

const podCounts = ['pods']
const podCompute = ['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory']
const others = [
  'ephemeral-storage',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.ephemeral-storage',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
  'services.nodeports',
  'services.loadbalancers',
]
const standard = new Set([...podCounts, ...podCompute, ...others])
const isStandard = (name: string): boolean => standard.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-')

const podScopes = ['Terminating', 'NotTerminating', 'NotBestEffort', 'PriorityClass', 'CrossNamespacePodAffinity']
const scopes = [...podScopes, 'BestEffort', 'VolumeAttributesClass']
const conflicts = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
]

/** Which amounts a scope can bound: those of the objects that it chooses. */
function isBounded(scope: string, name: string): boolean {
  if (podScopes.includes(scope)) return podCounts.includes(name) || podCompute.includes(name)
  if (scope === 'BestEffort') return podCounts.includes(name)
  return scope === 'VolumeAttributesClass' ? name === 'persistentvolumeclaims' || name === 'requests.storage' : true
}

function validateScopes({ scopes: given = [], hard = {} }: ResourceQuotaSpec): Cause[] {
  const path = 'spec.scopes'
  const names = Object.keys(hard).filter(isStandard)
  const told = teller(path, given)
  const causes = given.flatMap((scope) => [
    ...(scopes.includes(scope) ? [] : told('unsupported scope')),
    ...names.filter((name) => !isBounded(scope, name)).flatMap(() => told('unsupported scope applied to resource')),
  ])
  return [...causes, ...conflicting(given).map(() => invalid(path, given, 'conflicting scopes'))]
}

function validateScopeSelector({ scopeSelector, scopes: plain, hard = {} }: ResourceQuotaSpec): Cause[] {
  const requirements = scopeSelector?.matchExpressions ?? []
  const path = 'spec.scopeSelector.matchExpressions'
  const names = Object.keys(hard).filter(isStandard)
  // The reference shows its own structure here, with Go's names.
  const shown = {
    MatchExpressions: requirements.map((one) => ({ ScopeName: one.scopeName, Operator: one.operator, Values: one.values ?? null })),
  }
  const told = teller(path, shown)
  const causes = requirements.flatMap(({ scopeName: scope, operator, values = [] }) => {
    const own: Cause[] = []
    if (!scopes.includes(scope)) own.push(invalid(`${path}.scopeName`, scope, 'unsupported scope'))
    own.push(...names.filter((name) => !isBounded(scope, name)).flatMap(() => told('unsupported scope applied to resource')))
    if (existing.includes(scope) && operator !== 'Exists') own.push(invalid(`${path}.operator`, operator, existsText))
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0)
        own.push(required(`${path}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"))
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0)
        own.push(invalid(`${path}.values`, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"))
    } else own.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'))
    return own
  })
  const chosen = requirements.map(({ scopeName }) => scopeName)
  return [...causes, ...conflicting(chosen).map(() => invalid(path, plain ?? null, 'conflicting scopes'))]
}

/** Makes causes that show the whole value, and no more of them than can be shown. */
function teller(path: string, value: unknown): (detail: string) => Cause[] {
  let left = timesShown(JSON.stringify(value).length)
  return (detail) => (left-- > 0 ? [invalid(path, value, detail)] : [])
}

const conflicting = (chosen: readonly string[]) => conflicts.filter((pair) => pair.every((scope) => chosen.includes(scope)))

const existing = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity']
const existsText =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
