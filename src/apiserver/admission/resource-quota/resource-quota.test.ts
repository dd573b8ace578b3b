import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import { Service } from '#api/core/v1/service.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { quotaEvaluatorOf } from '#api/quota/evaluators.ts'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { admin, createTestServer, type TestServer } from '../../testing.ts'
import { namespaceLifecycle } from '../namespace-lifecycle.ts'
import { charge } from './charge.ts'
import { resourceQuota } from './resource-quota.ts'

// --- what a write is charged -------------------------------------------------------------------------------------------------------

const context = { now: 0, pod: () => undefined, resourceClaims: () => [], deviceClasses: () => [] }
const keyOf = ({ plural, group }: AnyKind) => (group === '' ? plural : `${plural}.${group}`)

interface Case {
  readonly kind?: AnyKind
  readonly hard: Readonly<Record<string, string>>
  readonly used?: Readonly<Record<string, string>>
  readonly spec?: object
  readonly object: object
  readonly previous?: object
  readonly subresource?: string
}

/** What is used afterwards, or why the write is refused. */
function check(name: string, { kind = Pod, hard, used, spec = {}, object, previous, subresource = '' }: Case, want: object | string): void {
  test(name, () => {
    const none = Object.fromEntries(Object.keys(hard).map((key) => [key, '0']))
    const quota = {
      metadata: { name: 'q' },
      spec: { hard, ...spec },
      status: { hard, used: { ...none, ...used } },
    } as unknown as ResourceQuota
    const whole = (one: object) => ({ metadata: { name: 'x' }, ...one }) as unknown as KubeObject
    const write = {
      operation: previous === undefined ? ('CREATE' as const) : ('UPDATE' as const),
      subresource,
      object: whole(object),
      previous: previous && whole(previous),
    }
    const charged = charge([quota], quotaEvaluatorOf(keyOf(kind))!, write, context)
    if ('refused' in charged) assert.equal(charged.refused, want)
    else assert.deepEqual(charged[0]!.status.used, typeof want === 'string' ? { refused: want } : { ...none, ...used, ...want })
  })
}

const pod = (requests: object = {}, spec: object = {}, limits: object = {}) => ({
  spec: { containers: [{ name: 'c', resources: { requests, limits } }], ...spec },
  status: {},
})
check('a pod', { hard: { pods: '2', 'count/pods': '5' }, used: { pods: '1' }, object: pod() }, { pods: '2', 'count/pods': '1' })
check(
  'one pod too many',
  { hard: { pods: '2' }, used: { pods: '2' }, object: pod() },
  'exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2',
)
check(
  'a pod that has ended',
  { hard: { pods: '0', 'count/pods': '5' }, object: { ...pod(), status: { phase: 'Failed' } } },
  { 'count/pods': '1' },
)
check(
  'requests and limits',
  { hard: { cpu: '2', 'limits.memory': '1Gi' }, used: { cpu: '500m' }, object: pod({ cpu: '250m' }, {}, { memory: '1Mi' }) },
  { cpu: '750m', 'limits.memory': '1Mi' },
)
check(
  'what a container has to say',
  { hard: { 'requests.cpu': '1', 'limits.memory': '1Gi' }, object: pod({}, { initContainers: [{ name: 'i' }] }) },
  'failed quota: q: must specify limits.memory for: c,i; requests.cpu for: c,i',
)
check(
  'a pod that says it as a whole',
  { hard: { 'requests.cpu': '1' }, object: pod({}, { resources: { requests: { cpu: '1' } } }) },
  { 'requests.cpu': '1' },
)
check(
  'extended resources',
  { hard: { 'requests.example.com/gpu': '2' }, object: pod({ 'example.com/gpu': '1' }) },
  { 'requests.example.com/gpu': '1' },
)
check('huge pages', { hard: { 'hugepages-2Mi': '4Mi' }, object: pod({ 'hugepages-2Mi': '2Mi' }) }, { 'hugepages-2Mi': '2Mi' })
check('a scope that it is not in', { hard: { pods: '0' }, spec: { scopes: ['Terminating'] }, object: pod() }, {})
check(
  'a scope that it is in',
  { hard: { pods: '0' }, spec: { scopes: ['Terminating', 'BestEffort'] }, object: pod({}, { activeDeadlineSeconds: 5 }) },
  'exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0',
)
const byPriority = (operator: string, values?: string[]) => ({
  scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator, values }] },
})
check(
  'a priority class',
  { hard: { pods: '2' }, spec: byPriority('In', ['high']), object: pod({}, { priorityClassName: 'high' }) },
  { pods: '1' },
)
check('another', { hard: { pods: '0' }, spec: byPriority('NotIn', ['high']), object: pod({}, { priorityClassName: 'high' }) }, {})
check('none', { hard: { pods: '0' }, spec: byPriority('Exists'), object: pod() }, {})
const affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'a', namespaces: ['x'] }] } }
check(
  'affinity across namespaces',
  { hard: { pods: '1' }, spec: { scopes: ['CrossNamespacePodAffinity'] }, object: pod({}, { affinity }) },
  { pods: '1' },
)
check(
  'a resize is charged for what it adds',
  { hard: { cpu: '3' }, used: { cpu: '1' }, object: pod({ cpu: '2' }), previous: pod({ cpu: '1' }), subresource: 'resize' },
  { cpu: '2' },
)
check(
  'and for nothing where it takes away',
  { hard: { cpu: '1' }, used: { cpu: '3' }, object: pod({ cpu: '1' }), previous: pod({ cpu: '2' }), subresource: 'resize' },
  {},
)
check(
  'a resize under way is charged the most of it',
  {
    hard: { cpu: '9' },
    object: {
      ...pod({ cpu: '1' }),
      status: { containerStatuses: [{ name: 'c', resources: { requests: { cpu: '3' } }, allocatedResources: { cpu: '2' } }] },
    },
  },
  { cpu: '3' },
)
const service = (type: string, more: object = {}) => ({ spec: { type, ports: [{ port: 1 }, { port: 2, nodePort: 30_000 }], ...more } })
const servicesHard = { services: '9', 'services.nodeports': '9', 'services.loadbalancers': '9' }
const charged = (nodePorts: string, balancers: string) => ({
  services: '1',
  'services.nodeports': nodePorts,
  'services.loadbalancers': balancers,
})
check('a service', { kind: Service, hard: servicesHard, object: service('ClusterIP') }, { services: '1' })
check('its node ports', { kind: Service, hard: servicesHard, object: service('NodePort') }, { services: '1', 'services.nodeports': '2' })
check('a load balancer', { kind: Service, hard: servicesHard, object: service('LoadBalancer') }, charged('2', '1'))
check(
  'one without node ports but its own',
  { kind: Service, hard: servicesHard, object: service('LoadBalancer', { allocateLoadBalancerNodePorts: false }) },
  charged('1', '1'),
)
const claim = (storage: string, spec: object = {}) => ({
  spec: { resources: { requests: { storage } }, storageClassName: 'gold', ...spec },
  status: {},
})
const gold = 'gold.storageclass.storage.k8s.io'
check(
  'a claim, by its class',
  {
    kind: PersistentVolumeClaim,
    hard: { 'requests.storage': '5Gi', [`${gold}/requests.storage`]: '1Gi', [`${gold}/persistentvolumeclaims`]: '1' },
    object: claim('1Gi'),
  },
  { 'requests.storage': '1Gi', [`${gold}/requests.storage`]: '1Gi', [`${gold}/persistentvolumeclaims`]: '1' },
)
check(
  'a claim of a volume class',
  {
    kind: PersistentVolumeClaim,
    hard: { persistentvolumeclaims: '0' },
    spec: { scopeSelector: { matchExpressions: [{ scopeName: 'VolumeAttributesClass', operator: 'In', values: ['fast'] }] } },
    object: claim('1Gi', { volumeAttributesClassName: 'fast' }),
  },
  'exceeded quota: q, requested: persistentvolumeclaims=1, used: persistentvolumeclaims=0, limited: persistentvolumeclaims=0',
)
check(
  'any object, by its number',
  { kind: ConfigMap, hard: { 'count/configmaps': '1', configmaps: '1' }, object: {} },
  { 'count/configmaps': '1', configmaps: '1' },
)
test('devices, by the most that may be allotted', () => {
  const evaluator = quotaEvaluatorOf('resourceclaims.resource.k8s.io')!
  const exactly = (deviceClassName: string, allocationMode: string, count?: number) => ({ deviceClassName, allocationMode, count })
  const requests = [
    { exactly: exactly('gpu', 'ExactCount', 2) },
    { firstAvailable: [exactly('gpu', 'ExactCount', 3), exactly('gpu', 'ExactCount', 1), exactly('nic', 'All')] },
  ]
  const usage = evaluator.usage({ metadata: {}, spec: { devices: { requests } } } as unknown as KubeObject, context)
  const of = (name: string) => Number(usage[`${name}.deviceclass.resource.k8s.io/devices`]!.nano / 1_000_000_000n)
  assert.deepEqual([of('gpu'), of('nic')], [5, 32])
})

test('a quota whose use nobody has counted yet lets nothing through', () => {
  const quota = { metadata: { name: 'q' }, spec: { hard: { pods: '1' } }, status: { hard: { pods: '1' } } } as unknown as ResourceQuota
  const write = {
    operation: 'CREATE' as const,
    subresource: '',
    object: { metadata: {}, ...pod() } as unknown as KubeObject,
    previous: undefined,
  }
  assert.deepEqual(charge([quota], quotaEvaluatorOf('pods')!, write, context), { refused: 'status unknown for quota: q, resources: pods' })
})

// --- many at once ------------------------------------------------------------------------------------------------------------------

let server: TestServer
before(async () => {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  server = await createTestServer({
    clock,
    server: {
      stages: (_objects, internals) => ({
        authenticate: async () => admin,
        authorize: async () => ({ allowed: true, reason: '' }),
        admission: [namespaceLifecycle, resourceQuota({ internals, clock })],
        handlers: {},
      }),
    },
  })
  await send('POST', '/api/v1/namespaces', { metadata: { name: 'a' } })
  await send('POST', '/api/v1/namespaces/a/resourcequotas', { metadata: { name: 'q' }, spec: { hard: { configmaps: '10' } } })
  await send('PATCH', '/api/v1/namespaces/a/resourcequotas/q/status', { status: { hard: { configmaps: '10' }, used: { configmaps: '0' } } })
})
after(() => server.close())

async function send(method: string, path: string, body?: object): Promise<{ readonly status: number; readonly body: never }> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  const answer = await server.transport({
    method,
    path,
    headers: { 'content-type': type },
    ...(body && { body: Buffer.from(JSON.stringify(body)) }),
  })
  return { status: answer.status, body: JSON.parse(Buffer.from(await readBody(answer.body)).toString()) as never }
}
const used = async (): Promise<string> => {
  const { body } = await send('GET', '/api/v1/namespaces/a/resourcequotas/q')
  return (body as ResourceQuota).status.used!['configmaps']!
}

test('no room is given twice, whoever else writes the quota', async () => {
  const creates = Array.from({ length: 40 }, (_, n) => send('POST', '/api/v1/namespaces/a/configmaps', { metadata: { name: `c${n}` } }))
  const labels = Array.from({ length: 5 }, (_, n) =>
    send('PATCH', '/api/v1/namespaces/a/resourcequotas/q', { metadata: { labels: { n: `${n}` } } }),
  )
  const codes = (await Promise.all(creates)).map(({ status }) => status)
  await Promise.all(labels)
  const { body } = await send('GET', '/api/v1/namespaces/a/configmaps')
  const stored = (body as { readonly items: readonly unknown[] }).items.length
  assert.equal(codes.filter((code) => code === 201).length, stored)
  assert.ok(stored <= 10 && stored > 0, `${stored} stored`)
  // A write that met too many conflicts is told so, and has not been let through.
  assert.deepEqual(
    [...new Set(codes)].filter((code) => ![201, 403, 409].includes(code)),
    [],
  )
  assert.ok(Number(await used()) >= stored)
})

test('a dry run takes no room', async () => {
  await send('PATCH', '/api/v1/namespaces/a/resourcequotas/q/status', { status: { used: { configmaps: '9' } } })
  assert.equal((await send('POST', '/api/v1/namespaces/a/configmaps?dryRun=All', { metadata: { name: 'dry' } })).status, 201)
  assert.equal(await used(), '9')
  assert.equal((await send('POST', '/api/v1/namespaces/a/configmaps', { metadata: { name: 'wet' } })).status, 201)
  assert.equal(await used(), '10')
  assert.equal((await send('POST', '/api/v1/namespaces/a/configmaps?dryRun=All', { metadata: { name: 'dry' } })).status, 403)
})
