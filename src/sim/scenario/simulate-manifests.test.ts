import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { faultNames } from '#cli/simulate/fault-texts.ts'
import { type FaultName, faultScenarios } from './fault-scenarios.ts'
import { renderReport } from './render.ts'
import type { SimulationReport } from './report.ts'
import { type SimulationOptions, simulateManifests, turnsOf } from './simulate-manifests.ts'

const nginx = readFileSync(new URL('../../../examples/nginx-deployment.yaml', import.meta.url), 'utf8')

const run = (text: string, options: Partial<SimulationOptions> = {}): Promise<SimulationReport> =>
  simulateManifests({
    manifests: [{ name: 'm.yaml', text }],
    nodes: 2,
    zones: 1,
    cpuCount: 4,
    memoryBytes: 8 * 2 ** 30,
    seed: 1,
    forMs: 5 * 60_000,
    faults: [],
    images: {},
    taskMs: 30_000,
    namespace: 'default',
    ...options,
  })

test('a timeline and a summary, as people read them', async () => {
  const report = await run(nginx, { faults: ['node-loss'], forMs: 30 * 60_000 })
  assert.equal(
    renderReport(report),
    ` 0:00:00  applied                              deployment
 0:00:00  deployment default/nginx-deployment  2 pods created
 0:00:00  deployment default/nginx-deployment  2 pods scheduled: node-0, node-1
 0:00:02  deployment default/nginx-deployment  2 of 2 ready
 0:05:00  fault                                node-0 loses power for good (1 pod)
 0:05:00  deployment default/nginx-deployment  1 of 2 ready
 0:05:47  node node-0                          is not ready (NodeStatusUnknown)
 0:10:47  deployment default/nginx-deployment  1 pod evicted from node-0 (DeletionByTaintManager)
 0:10:47  deployment default/nginx-deployment  1 pod created
 0:10:47  deployment default/nginx-deployment  1 pod scheduled: node-1
 0:10:48  deployment default/nginx-deployment  2 of 2 ready

After 30m on 2 nodes, with node-loss (seed 1):
  ✓ deployment default/nginx-deployment  2 of 2 ready; all ready after 2.6s; then fewer for 5m49s (once), never fewer than 1

Everything is as wished.
`,
  )
})

test('the same seed tells the same, byte by byte', async () => {
  const [first, second] = [await run(nginx, { faults: ['node-reboot'] }), await run(nginx, { faults: ['node-reboot'] })]
  assert.equal(JSON.stringify(first), JSON.stringify(second))
})

const deployment = (name: string, { replicas = 1, more = '', namespace = 'default', annotations = '', container = '' }) => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  replicas: ${replicas}
  ${more}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} }, annotations: { ${annotations} } }
    spec: { containers: [{ name: main, image: "${name}:1"${container} }] }
---`

const quota = '\napiVersion: v1\nkind: ResourceQuota\nmetadata: { name: few }\nspec: { hard: { pods: "1" } }\n---'

check(
  'no room',
  deployment('big', { container: ', resources: { requests: { cpu: "8" } }' }),
  {},
  {
    because: ['1 pod not scheduled: 0/2 nodes are available: 2 Insufficient cpu'],
    limit: 'nodes: Insufficient cpu',
  },
)
check(
  'a quota',
  quota + deployment('web', { replicas: 2 }),
  {},
  {
    because: [/^1 of 2 pods is not there: FailedCreate: .* exceeded quota: few/],
    limit: 'quota few: pods=1',
  },
)
check(
  'an image that is not there',
  deployment('web', {}),
  { images: { 'web:1': { pullError: 'not found' } } },
  {
    because: [/^1 pod waiting \(ImagePullBackOff\): .*web:1/],
  },
)
check(
  'a container that ends again and again',
  deployment('web', { annotations: 'simulate.wherry.dev/exit-after: 5s, simulate.wherry.dev/exit-code: "3"' }),
  { forMs: 300_000 },
  {
    because: [/^1 pod in CrashLoopBackOff: container main ended with code 3, \d+ restarts/],
  },
)
check(
  'a probe that fails',
  deployment('web', { container: ', readinessProbe: { httpGet: { path: /, port: 80 } }' }),
  { images: { 'web:1': { readyAfterMs: 3_600_000 } } },
  {
    because: ['1 pod not ready: container main runs, and its probe fails'],
  },
)

function check(
  name: string,
  text: string,
  options: Partial<SimulationOptions>,
  expected: { because: readonly (string | RegExp)[]; limit?: string },
): void {
  test(`never as wished: ${name}`, async () => {
    const { ok, workloads, limits, problems } = await run(text, options)
    assert.deepEqual(problems, [])
    assert.equal(ok, false)
    const { because } = workloads.find((one) => !one.ok)!
    assert.equal(because.length, expected.because.length, because.join('\n'))
    for (const [index, why] of expected.because.entries())
      if (typeof why === 'string') assert.equal(because[index], why)
      else assert.match(because[index]!, why)
    if (expected.limit !== undefined)
      assert.ok(
        limits.some(({ text: met }) => met === expected.limit),
        JSON.stringify(limits),
      )
  })
}

test('what is to end ends: jobs, and those of a CronJob, also such as are deleted long before', async () => {
  const spec = '{ template: { spec: { restartPolicy: Never, containers: [{ name: main, image: task }] } } }'
  const job = `apiVersion: batch/v1\nkind: Job\nmetadata: { name: once }\nspec: ${spec}\n---\n`
  const failing = `apiVersion: batch/v1\nkind: Job\nmetadata: { name: bad }\nspec: ${spec.replace('task', 'bad').replace('{', '{ backoffLimit: 1,')}\n---\n`
  const cron = `apiVersion: batch/v1\nkind: CronJob\nmetadata: { name: tick }\nspec: { schedule: "* * * * *", jobTemplate: { spec: ${spec} } }`
  const report = await run(job + failing + cron, { images: { bad: { exitCode: 2 } }, taskMs: 10_000 })
  const by = Object.fromEntries(report.workloads.map((one) => [one.name, one]))
  assert.equal(by['once']!.ending?.state, 'completed')
  assert.deepEqual([by['bad']!.ok, by['bad']!.ending?.state], [false, 'failed'])
  assert.match(by['bad']!.because.join(), /^BackoffLimitExceeded: /)
  const { completed, failed, running } = by['tick']!.runs!
  assert.ok(completed >= 4 && failed === 0 && running <= 1, JSON.stringify(by['tick']!.runs))
})

test('a stateful set has its claims bound, and stays with a node that is lost', async () => {
  const set = `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  replicas: 2
  serviceName: db
  selector: { matchLabels: { app: db } }
  template: { metadata: { labels: { app: db } }, spec: { containers: [{ name: db, image: db }] } }
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`
  const report = await run(set, { faults: ['node-loss'], forMs: 30 * 60_000 })
  assert.equal(report.timeline.filter(({ subject, text }) => subject.startsWith('persistentvolumeclaim ') && text === 'Bound').length, 2)
  const [db] = report.workloads
  assert.deepEqual([db!.ok, db!.ready], [false, 1])
  assert.match(db!.because.join(), /1 pod still being deleted on node-\d, which is lost: nobody there confirms it/)
})

test('a budget that allows nothing stops a drain, and is told of', async () => {
  const budget =
    'apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: { name: all }\nspec: { minAvailable: 2, selector: { matchLabels: { app: web } } }\n---'
  const { timeline, limits, ok } = await run(budget + deployment('web', { replicas: 2 }), { faults: ['rolling-node-drain'] })
  assert.equal(ok, true)
  assert.equal(timeline.filter(({ text }) => /is given up after .*1 pod stays/.test(text)).length, 2)
  assert.match(limits.map(({ text }) => text).join(), /evictions in default were refused: .*all/)
})

test('any order will do: objects before their namespace and before the definition of their kind', async () => {
  const custom = 'apiVersion: harbour.example/v1\nkind: Berth\nmetadata: { name: north, namespace: harbour }\nspec: { lengthM: 3 }\n---'
  const namespace = '\napiVersion: v1\nkind: Namespace\nmetadata: { name: harbour }\n---'
  const schema = '{ openAPIV3Schema: { type: object, properties: { spec: { type: object, properties: { lengthM: { type: integer } } } } } }'
  const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: berths.harbour.example }
spec:
  group: harbour.example
  scope: Namespaced
  names: { plural: berths, kind: Berth }
  versions: [{ name: v1, served: true, storage: true, schema: ${schema} }]
`
  const report = await run(custom + deployment('web', { namespace: 'harbour' }) + namespace + definition)
  assert.deepEqual(report.problems, [])
  assert.equal(report.ok, true, renderReport(report))
})

refuses('an unknown field', deployment('web', { more: 'replica: 3' }), [
  /^m\.yaml, document 1 \(Deployment default\/web\): .*unknown field "spec\.replica"|\.spec\.replica: field not declared/,
])
refuses('a value that is none', deployment('web', { replicas: -1 }), [/spec\.replicas: Invalid value: -1/])
refuses('another version', 'apiVersion: apps/v1beta1\nkind: Deployment\nmetadata: { name: a }', [
  'm.yaml, document 1 (Deployment a): apiVersion apps/v1beta1 has no kind Deployment; write apiVersion: apps/v1',
])
refuses('a kind without a definition', 'apiVersion: a.b/v1\nkind: C\nmetadata: { name: a }', [
  /nobody serves kind C of a\.b\/v1; add its CustomResourceDefinition/,
])
refuses('a namespace that is not there', deployment('web', { namespace: 'shop' }), [
  'm.yaml, document 1 (Deployment shop/web): metadata.namespace is "shop", which is not there; add a Namespace of that name to the manifests',
])
refuses('an annotation that means nothing', deployment('web', { annotations: 'simulate.wherry.dev/exit-after: soon' }), [
  /spec\.template\.metadata\.annotations: simulate\.wherry\.dev\/exit-after must be a duration/,
])

function refuses(name: string, text: string, expected: readonly (string | RegExp)[]): void {
  test(`refuses ${name}`, async () => {
    const report = await run(text)
    assert.equal(report.ok, false)
    assert.deepEqual(report.timeline, [])
    const said = report.problems.map(({ where, problem }) => `${where}: ${problem}`)
    assert.equal(said.length, expected.length, said.join('\n'))
    for (const [index, words] of expected.entries())
      if (typeof words === 'string') assert.equal(said[index], words)
      else assert.match(said[index]!, words)
  })
}

test('webhooks are left out, and that is said', async () => {
  const webhook =
    'apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: { name: judge }\nwebhooks: []\n---\n'
  const report = await run(webhook + nginx)
  assert.match(renderReport(report), /^note: m\.yaml, document 1 \(ValidatingWebhookConfiguration judge\): left out/)
  assert.equal(report.ok, true)
})

test('a zone is lost only where there are zones', async () => {
  assert.deepEqual((await run(nginx, { faults: ['zone-loss'] })).problems, [
    { where: 'fault zone-loss', problem: 'needs nodes in several zones; add --zones 3' },
  ])
})

test('the command tells of every fault that there is, and of no other', () => {
  assert.deepEqual(faultNames, Object.keys(faultScenarios))
})

test('after all faults together everything is as wished again, and nothing broke', async () => {
  const faults = (Object.keys(faultScenarios) as FaultName[]).filter((name) => name !== 'node-loss')
  const report = await run(deployment('web', { replicas: 4 }) + deployment('shop', { replicas: 2 }), {
    nodes: 3,
    zones: 3,
    faults,
    forMs: 3_600_000,
  })
  assert.deepEqual(report.complaints, [])
  assert.equal(report.ok, true, renderReport(report))
  assert.equal(report.timeline.filter(({ what }) => what === 'fault').length > faults.length, true)
})

test('faults take turns', () => {
  assert.deepEqual(turnsOf(['a', 'b'], 60), [
    { name: 'a', atMs: 10, lastsMs: 12 },
    { name: 'b', atMs: 35, lastsMs: 12 },
  ])
  assert.deepEqual(turnsOf([], 60), [])
  assert.equal(turnsOf(['a'], 10 * 3_600_000)[0]!.atMs, 600_000)
})
