import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { PriorityClass } from '#api/scheduling/v1/priority-class.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import { createClient } from '#client/http.ts'
import type { Transport } from '#lib/http.ts'
import { createSimulatedCluster, type SimulatedCluster } from '#sim/cluster.ts'
import { readSchedulers } from '../scheduler-profiles.ts'
import { planManifests } from './plan-manifests.ts'
import { render } from './render.ts'

const antiAffinity = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'APP' } } },
      ],
    },
  },
}

const withDevice = {
  resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'one-gpu' }],
  containers: [{ name: 'main', image: 'web:1', resources: { claims: [{ name: 'gpu' }] } }],
}

/** Three nodes with four processors; node-2 is tainted; `shop` runs two pods with two processors each under a budget that allows nothing. */
let cluster: SimulatedCluster
let transport: Transport
/** What was asked of the server that was no read. */
const writes: string[] = []

before(async () => {
  cluster = await createSimulatedCluster({ seed: 1, nodes: 3, isUsed: true, images: { 'web:1': {} } })
  const direct = cluster.transportAs({ name: 'ann', groups: ['system:masters', 'system:authenticated'] })
  transport = (request) => {
    if (request.method !== 'GET') writes.push(`${request.method} ${request.path}`)
    return direct(request)
  }
  const client = createClient(direct, { fieldManager: 'kubectl' })
  await cluster.advance(40_000)
  const taint = { key: 'gpu', value: 'yes', effect: 'NoSchedule' }
  await client.patch(Node, 'node-2', { type: 'merge', body: { spec: { taints: [taint] } } })
  await client.create(PriorityClass, { metadata: { name: 'high' }, value: 1000 } as never)
  await client.create(StorageClass, {
    metadata: { name: 'late' },
    provisioner: 'a.example/b',
    volumeBindingMode: 'WaitForFirstConsumer',
  } as never)
  await client.create(StorageClass, { metadata: { name: 'soon' }, provisioner: 'a.example/b' } as never)
  await client.create(Deployment, workload('shop', 2, '2', antiAffinity) as never, { namespace: 'default' })
  await cluster.advance(30_000)
  const budget = { metadata: { name: 'shop' }, spec: { minAvailable: 2, selector: { matchLabels: { app: 'shop' } } } }
  await client.create(PodDisruptionBudget, budget as never, { namespace: 'default' })
  await client.create(ResourceQuota, { metadata: { name: 'few' }, spec: { hard: { pods: '6' } } } as never, { namespace: 'default' })
  await cluster.advance(10_000)
})
after(() => cluster.stop())

check('a Deployment', [workload('web', 2, '1', antiAffinity)], {
  ok: true,
  lines: [/^deployment default\/web: 2 pods → node-0 \(1\), node-1 \(1\)$/],
})
check('too little room, with numbers', [workload('big', 3, '1500m')], {
  lines: [
    /^deployment default\/big: 3 pods → node-[01] \(1\), node-[01] \(1\)$/,
    /^ {2}1 of 3 pods finds no room: none of the 3 nodes takes it$/,
    /^ {4}each needs cpu 1\.5; the freest node is node-[01] with 0\.5 of 4$/,
    /^ {4}node-0: NodeResourcesFit: asks for cpu 1\.5, 0\.5 of 4 are free$/,
    /^ {4}node-1: NodeResourcesFit/,
    /^ {4}node-2: TaintToleration: its taint gpu=yes:NoSchedule is not tolerated$/,
  ],
})
check('preemption, against a budget', [workload('urgent', 1, '3', { priorityClassName: 'high' })], {
  lines: [
    /^deployment default\/urgent: 1 pod → node-[01]$/,
    /^ {2}sends pod default\/shop-\S+ of ReplicaSet shop-\S+ away from node-[01] \(priority 0\), against the budget default\/shop$/,
  ],
})
check('a quota', [workload('many', 5, '100m')], {
  lines: [/^deployment default\/many: 5 pods → /, /^quota few in default: pods 5 more than the 2 in use, and 6 are allowed/],
})
check('a workload that is there: what is missing', [workload('shop', 3, '2', antiAffinity)], {
  lines: [
    /^deployment default\/shop: 2 there, 1 pod$/,
    /^ {2}it finds no room: /,
    /^ {4}node-0: InterPodAffinity: must not be near pod default\/shop-\S+ in kubernetes.io\/hostname=node-0$/,
    /^ {4}node-1: InterPodAffinity/,
    /^ {4}node-2: TaintToleration/,
  ],
})
check('a workload that is there, with another template', [workload('shop', 2, '4', antiAffinity)], {
  ok: true,
  lines: [/^deployment default\/shop: 2 pods → node-0 \(1\), node-1 \(1\)$/, /^ {2}its 2 present pods are of another template/],
})
check(
  'a DaemonSet, on the nodes that it is for',
  [asKind('DaemonSet', { name: 'agent' }, { selector: { matchLabels: { app: 'agent' } }, template: template('agent', '100m') })],
  {
    ok: true,
    lines: [/^daemonset default\/agent: 2 pods → node-0 \(1\), node-1 \(1\)$/],
  },
)
check(
  'everything only in the manifests: namespace, class, limits',
  [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'new' } },
    { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'higher' }, value: 5000 },
    {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'usual', namespace: 'new' },
      spec: { limits: [{ type: 'Container', defaultRequest: { cpu: '3' } }] },
    },
    workload('web', 1, undefined, { priorityClassName: 'higher' }, 'new'),
  ],
  { lines: [/^deployment new\/web: 1 pod → node-[01]$/, /^ {2}sends pod default\/shop-/] },
)
check(
  'claims: of a class that waits, of one that does not',
  [
    asKind(
      'StatefulSet',
      { name: 'db' },
      {
        replicas: 1,
        serviceName: 'db',
        selector: { matchLabels: { app: 'db' } },
        template: template('db', '100m'),
        volumeClaimTemplates: ['late', 'soon'].map((storageClassName) => ({
          metadata: { name: storageClassName },
          spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        })),
      },
    ),
  ],
  {
    ok: true,
    lines: [/^statefulset default\/db: 1 pod → node-[01]$/, /^ {2}soon-db-0: volumes are made first \(Immediate\)/],
  },
)
check('a Job, and a run of a CronJob', [job('batch'), cronJob('nightly')], {
  ok: true,
  lines: [
    /^job default\/batch: 2 pods → /,
    /^ {2}3 more follow as these end$/,
    /^cronjob default\/nightly: 2 pods → /,
    /^ {2}one run of it, at 0 3 \* \* \*$/,
  ],
})
check('a pod of another scheduler', [pod('mine', { schedulerName: 'other' })], {
  lines: [
    /^pod default\/mine: 1 pod$/,
    /^ {2}it finds no place: spec\.schedulerName is "other", and the schedulers that are known here are default-scheduler$/,
  ],
})
check('what the server refuses', [pod('bad', { containers: [] }), pod('worse', { priorityClassName: 'none' })], {
  lines: [
    /^m\.yaml, document 1 \(Pod bad\): .*spec\.containers: Required value/,
    /^m\.yaml, document 2 \(Pod worse\): .*no PriorityClass with name none/,
  ],
})
check(
  'a claim of the manifests, of the class for those that name none; kinds that nobody knows',
  [
    claimOf('data'),
    { apiVersion: 'harbour.example/v1', kind: 'Berth', metadata: { name: 'north' } },
    pod('user', { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }] }),
  ],
  {
    lines: [
      /^pod default\/user: 1 pod$/,
      /^ {2}it finds no room: no node takes it|^ {2}it finds no room: none of the 3 nodes takes it$/,
      /unbound immediate PersistentVolumeClaims/,
      /^note: not looked at, since nothing tells here which pods they lead to: Berth north$/,
    ],
  },
)
check('devices, by a template of claims', [...devices(), workload('model', 2, '100m', withDevice)], {
  lines: [
    /^deployment default\/model: 2 pods → node-0 \(1\)$/,
    /^ {2}1 of 2 pods finds no room: none of the 3 nodes takes it$/,
    /^ {4}node-0: DynamicResources: cannot allocate all claims$/,
    /^ {4}node-1: DynamicResources: /,
    /^ {4}node-2: TaintToleration: /,
  ],
})
check('two pods whose names the server makes', [generated('g-'), generated('g-')], {
  ok: true,
  lines: [/^pod default\/g-…: 1 pod → node-[01]$/, /^pod default\/g-…: 1 pod → node-[01]$/],
})
check('a field that there is not', [{ ...workload('web', 1), spce: {} }], { lines: [/unknown field "spce"/] })
check('a namespace that is nowhere', [{ ...pod('lost'), metadata: { name: 'lost', namespace: 'nowhere' } }], {
  lines: [/there is no namespace "nowhere", in the cluster or in the manifests$/],
})

test('nothing was written but dry runs, and nothing is there', async () => {
  assert.ok(writes.length > 0)
  for (const write of writes) assert.match(write, /[?&]dryRun=All/)
  const { items } = await createClient(transport).list(Pod, { namespace: 'default' })
  assert.equal(items.length, 2)
})

test('what the document shows is what is printed', async () => {
  const document = readFileSync(new URL('../../../docs/use.md', import.meta.url), 'utf8')
  const [, manifests, printed] =
    /```yaml\n((?:(?!```)[\s\S])*)```\n\n```text plan\n\$ wherry plan -f \S+\n([\s\S]*?)```/.exec(document) ?? []
  assert.ok(manifests !== undefined, 'there is no example')
  const report = await planOf(manifests)
  assert.equal(anonymous(render(report)), anonymous(printed!))
})

// --- helpers ---------------------------------------------------------------------------------------------------------------------------

const planOf = (text: string) =>
  planManifests(transport, {
    ...readSchedulers(undefined),
    manifests: [{ name: 'm.yaml', text }],
    namespace: 'default',
    now: cluster.clock.now(),
  })

/** Names that chance gives, and the choice between equal nodes. */
const anonymous = (text: string): string => text.replaceAll(/shop-[0-9a-z]+(-[0-9a-z]+)?/g, 'shop-x')

interface Expected {
  readonly ok?: boolean
  /** Every line before the last two, in order. */
  readonly lines: readonly RegExp[]
}

function check(name: string, objects: readonly object[], { ok = false, lines }: Expected): void {
  test(name, async () => {
    const report = await planOf(objects.map((object) => JSON.stringify(object)).join('\n---\n'))
    const text = render(report)
    const told = text.trimEnd().split('\n').slice(0, -2)
    assert.equal(told.length, lines.length, text)
    for (const [index, line] of lines.entries()) assert.match(told[index]!, line)
    assert.equal(report.ok, ok, text)
  })
}

function template(name: string, cpu: string | undefined, spec: object = {}): object {
  const container = { name: 'main', image: 'web:1', ...(cpu !== undefined && { resources: { requests: { cpu } } }) }
  const own = JSON.parse(JSON.stringify(spec).replaceAll('APP', name)) as object
  return { metadata: { labels: { app: name } }, spec: { containers: [container], ...own } }
}

function workload(name: string, replicas: number, cpu?: string, spec: object = {}, namespace?: string) {
  const selector = { matchLabels: { app: name } }
  return asKind('Deployment', { name, ...(namespace && { namespace }) }, { replicas, selector, template: template(name, cpu, spec) })
}

function asKind(kind: string, metadata: object, spec: object) {
  return { apiVersion: 'apps/v1', kind, metadata, spec }
}

function jobSpec(): object {
  return { parallelism: 2, completions: 5, template: template('batch', '100m', { restartPolicy: 'Never' }) }
}

function job(name: string): object {
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: jobSpec() }
}

function cronJob(name: string): object {
  return { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name }, spec: { schedule: '0 3 * * *', jobTemplate: { spec: jobSpec() } } }
}

function pod(name: string, spec: object = {}) {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers: [{ name: 'main', image: 'web:1' }], ...spec } }
}

function claimOf(name: string): object {
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec }
}

function generated(generateName: string): object {
  return { ...pod(''), metadata: { generateName } }
}

/** One device on node-0, and a template of claims for one. */
function devices(): readonly object[] {
  const of = (kind: string, name: string, spec: object) => ({ apiVersion: 'resource.k8s.io/v1', kind, metadata: { name }, spec })
  const pool = { name: 'node-0', generation: 1, resourceSliceCount: 1 }
  return [
    of('DeviceClass', 'gpu', { selectors: [{ cel: { expression: 'device.driver == "gpu.example"' } }] }),
    of('ResourceSlice', 'node-0-gpu', { driver: 'gpu.example', nodeName: 'node-0', pool, devices: [{ name: 'gpu-0' }] }),
    of('ResourceClaimTemplate', 'one-gpu', {
      spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu', count: 1, allocationMode: 'ExactCount' } }] } },
    }),
  ]
}
