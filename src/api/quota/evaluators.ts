import { persistentVolumeClaimQuota } from './persistent-volume-claims.ts'
import { podQuota } from './pods.ts'
import { countName, one, type QuotaEvaluator } from './quota.ts'
import { resourceClaimQuota } from './resource-claims.ts'
import { serviceQuota } from './services.ts'

/** How a resource counts: by what it uses where it uses something, else by the number of its objects. Undefined: it never counts. */
export function quotaEvaluatorOf(resource: string): QuotaEvaluator | undefined {
  if (uncounted.has(resource)) return undefined
  const known = evaluators.get(resource)
  if (known !== undefined) return known
  const made = countEvaluator(resource)
  evaluators.set(resource, made)
  return made
}

/** Resources that could be counted by a second name before all could be counted by `count/`. */
const aliases = ['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets']

/** Not stored, or never counted before: events. */
const uncounted: ReadonlySet<string> = new Set([
  'bindings',
  'componentstatuses',
  'tokenreviews.authentication.k8s.io',
  'selfsubjectreviews.authentication.k8s.io',
  'subjectaccessreviews.authorization.k8s.io',
  'selfsubjectaccessreviews.authorization.k8s.io',
  'localsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectrulesreviews.authorization.k8s.io',
  'events',
  'events.events.k8s.io',
])

function countEvaluator(resource: string): QuotaEvaluator {
  const names = [countName(resource), ...(aliases.includes(resource) ? [resource] : [])]
  const usage = Object.fromEntries(names.map((name) => [name, one]))
  return {
    resource,
    matching: (wanted) => wanted.filter((name) => names.includes(name)),
    handles: ({ operation, subresource }) => operation === 'CREATE' && subresource === '',
    usage: () => usage,
  }
}

const evaluators = new Map<string, QuotaEvaluator>(
  [podQuota, serviceQuota, persistentVolumeClaimQuota, resourceClaimQuota].map((evaluator) => [evaluator.resource, evaluator]),
)
