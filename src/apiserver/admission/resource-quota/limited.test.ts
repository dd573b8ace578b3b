import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import type { KubeObject } from '#api/kind.ts'
import { quotaEvaluatorOf } from '#api/quota/evaluators.ts'
import { charge } from './charge.ts'
import type { LimitedResource } from './configuration.ts'

const context = { now: 0, pod: () => undefined, resourceClaims: () => [], deviceClasses: () => [] }
const metadata = { name: 'x', resourceVersion: '1' }
const pod = (spec: object = {}, requests: object = { cpu: '1', memory: '1Mi' }) => ({
  metadata,
  spec: { containers: [{ name: 'c', resources: { requests } }], ...spec },
  status: {},
})
const claim = (storageClassName: string) => ({ metadata, spec: { storageClassName, resources: { requests: { storage: '1Gi' } } } })
const quotaOf = (hard: Readonly<Record<string, string>>, spec: object = {}) => {
  const used = Object.fromEntries(Object.keys(hard).map((name) => [name, '0']))
  return { metadata: { name: 'q' }, spec: { hard, ...spec }, status: { hard, used } } as unknown as ResourceQuota
}
const scope = (scopeName: string, operator = 'Exists', values?: string[]) => ({ scopeName, operator, ...(values && { values }) })

const byCpu: LimitedResource = { resource: 'pods', matchContains: ['cpu', 'memory'] }
const gold: LimitedResource = { resource: 'persistentvolumeclaims', matchContains: ['.storageclass.storage.k8s.io/requests.storage'] }
const deployments: LimitedResource = { apiGroup: 'apps', resource: 'deployments', matchContains: ['count/deployments'] }
const critical = { resource: 'pods', matchScopes: [scope('PriorityClass', 'In', ['critical'])] } as LimitedResource

interface Case {
  readonly limited: LimitedResource
  readonly resource?: string
  readonly object: object
  readonly previous?: object
  readonly subresource?: string
  readonly quotas?: readonly ResourceQuota[]
}

/** Why the write is refused; undefined where it is not. */
function check(name: string, { limited, resource = 'pods', object, previous, subresource = '', quotas = [] }: Case, want?: string): void {
  test(name, () => {
    const operation = previous === undefined ? 'CREATE' : 'UPDATE'
    const write = { operation, subresource, object: object as KubeObject, previous: previous as KubeObject | undefined } as const
    const charged = charge(quotas, quotaEvaluatorOf(resource)!, write, context, [limited])
    assert.equal('refused' in charged ? charged.refused : undefined, want)
  })
}

const names = 'cpu,limits.memory,memory,requests.cpu,requests.memory'
check('nobody has a quota', { limited: byCpu, object: pod() }, `insufficient quota to consume: ${names.replace('limits.memory,', '')}`)
check(
  'a quota that lacks one of the names',
  { limited: byCpu, object: pod(), quotas: [quotaOf({ cpu: '1', 'requests.cpu': '1', memory: '1Gi' })] },
  'insufficient quota to consume: requests.memory',
)
check('a quota for each of them', {
  limited: byCpu,
  object: pod(),
  quotas: [quotaOf({ cpu: '1', 'requests.cpu': '1' }), quotaOf({ memory: '1Gi', 'requests.memory': '1Gi' })],
})
check('what uses nothing of it', { limited: byCpu, object: pod({}, {}) })
check('a resize that takes away', { limited: byCpu, object: pod({}, { cpu: '1' }), previous: pod({}, { cpu: '2' }), subresource: 'resize' })
check(
  'a resize that adds',
  { limited: byCpu, object: pod({}, { cpu: '2' }), previous: pod({}, { cpu: '1' }), subresource: 'resize' },
  'insufficient quota to consume: cpu,requests.cpu',
)
check('another resource', { limited: gold, object: pod() })
check(
  'a class of storage',
  { limited: gold, resource: 'persistentvolumeclaims', object: claim('gold') },
  'insufficient quota to consume: gold.storageclass.storage.k8s.io/requests.storage',
)
check('no class', { limited: gold, resource: 'persistentvolumeclaims', object: claim('') })
check(
  'objects of a group',
  { limited: deployments, resource: 'deployments.apps', object: { metadata } },
  'insufficient quota to consume: count/deployments.apps',
)
check('the same name elsewhere', { limited: deployments, resource: 'deployments', object: { metadata } })
check(
  'a priority that needs a quota',
  { limited: critical, object: pod({ priorityClassName: 'critical' }) },
  'insufficient quota to match these scopes: [{PriorityClass In [critical]}]',
)
check('another priority', { limited: critical, object: pod({ priorityClassName: 'low' }) })
check('a quota with that scope', {
  limited: critical,
  object: pod({ priorityClassName: 'critical' }),
  quotas: [quotaOf({ pods: '1' }, { scopeSelector: { matchExpressions: [scope('PriorityClass', 'In', ['critical'])] } })],
})
check(
  'a quota with another',
  {
    limited: critical,
    object: pod({ priorityClassName: 'critical' }),
    quotas: [quotaOf({ pods: '1' }, { scopeSelector: { matchExpressions: [scope('PriorityClass', 'In', ['low'])] } })],
  },
  'insufficient quota to match these scopes: [{PriorityClass In [critical]}]',
)
