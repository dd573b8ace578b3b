import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { Lease } from '#api/coordination/v1/lease.ts'
import { Event } from '#api/core/v1/event.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { type AnyKind, kind } from '#api/kind.ts'
import { rfc3339Micro } from '#lib/rfc3339.ts'
import { message } from '#schema/schema.ts'
import { startCluster } from '../testing/cluster.ts'
import { type MetricsReader, noMetrics } from './metrics-reader.ts'

const namespace = 'shop'

test('on the API server: a Deployment grows with its load, and shrinks when that has been gone for a while', async () => {
  const load = { milli: 900n }
  const podsMetric: MetricsReader['podsMetric'] = async () => {
    const { items } = await cluster.client.list(Pod, { namespace })
    const milli = load.milli / BigInt(Math.max(1, items.length))
    return new Map(items.map(({ metadata }) => [metadata.name, { at: cluster.clock.now(), windowMs: 0, milli }]))
  }
  const cluster = await startCluster({ metrics: { ...noMetrics, podsMetric } })
  const { client, clock, complaints, quiet, stop, until } = cluster
  await client.create(Namespace, { metadata: { name: namespace } })
  await client.create(Namespace, { metadata: { name: 'kube-node-lease' } })
  await client.create(Lease, { metadata: { name: 'n' }, spec: {} }, { namespace: 'kube-node-lease' })
  /** Time in which the node goes on to speak. */
  const pass = async (seconds: number) => {
    for (let passed = 0; passed < seconds; passed += 15) {
      const renewTime = rfc3339Micro(clock.now())
      await client.patch(Lease, 'n', { type: 'merge', body: { spec: { renewTime } } }, { namespace: 'kube-node-lease' })
      await clock.advance(15_000)
      await quiet()
    }
  }
  const labels = { app: 'web' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'web' }], nodeName: 'n' } }
  await client.create(
    Deployment,
    { metadata: { name: 'web' }, spec: { replicas: 2, selector: { matchLabels: labels }, template } },
    { namespace },
  )
  const size = async () => (await client.get(Deployment, 'web', namespace)).status.readyReplicas ?? 0
  await until('two pods run', async () => (await size()) === 2)
  await client.create(HorizontalPodAutoscaler, autoscaler('web', { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' }), { namespace })
  const present = () => client.get(HorizontalPodAutoscaler, 'web', namespace)
  await until('it has grown', async () => (await size()) === 4)
  await pass(15)
  await until('it has grown to its load', async () => (await size()) === 8)
  await pass(15)
  await until('and is as large as it may be', async () => (await present()).status.conditions?.at(-1)?.reason === 'TooManyReplicas')
  // Nothing that a client sees changes any more, however often it is looked at.
  const { resourceVersion } = (await present()).metadata
  await pass(30)
  assert.equal((await present()).metadata.resourceVersion, resourceVersion)

  load.milli = 100n
  await pass(240)
  assert.equal(await size(), 8)
  await pass(120)
  assert.equal(await size(), 1)
  const { items } = await client.list(Event, { namespace })
  const told = items.filter(({ involvedObject }) => involvedObject.kind === 'HorizontalPodAutoscaler').map((event) => event.message)
  assert.deepEqual(told, [
    'New size: 4; reason: pods metric load above target',
    'New size: 8; reason: pods metric load above target',
    'New size: 1; reason: All metrics below target',
  ])
  assert.deepEqual(complaints(), [])
  await stop()
})

test('on the API server: a custom resource is scaled where its definition says', async () => {
  const cluster = await startCluster({ metrics: { ...noMetrics, externalMetric: async () => [50_000n] } })
  const { client, complaints, stop, until } = cluster
  await client.create(Namespace, { metadata: { name: namespace } })
  await client.create(CustomResourceDefinition, widgets as never)
  const create = (kind: AnyKind, object: object) =>
    client.create(kind, object as never, { namespace }).then(
      () => true,
      () => false,
    )
  const spec = { size: 1 }
  await until('widgets are served', () => create(Widget, { metadata: { name: 'w' }, spec }))
  const status = { count: 1, selector: 'widget=w' }
  await client.patch(Widget, 'w', { type: 'merge', body: { status } }, { namespace, subresource: 'status' })
  const queue = { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '10' } } }
  const target = { kind: 'Widget', name: 'w', apiVersion: 'example.com/v1' }
  await client.create(HorizontalPodAutoscaler, autoscaler('w', target, [queue]), { namespace })
  await until('the widget has grown', async () => {
    const widget = (await client.get(Widget, 'w', namespace)) as unknown as { readonly spec: { readonly size: number } }
    return widget.spec.size === 4
  })
  await until('and the autoscaler says so', async () => {
    const { conditions } = (await client.get(HorizontalPodAutoscaler, 'w', namespace)).status
    return conditions?.[0]?.message === 'the HPA controller was able to update the target scale to 4'
  })
  assert.deepEqual(complaints(), [])
  await stop()
})

const load = { type: 'Pods', pods: { metric: { name: 'load' }, target: { type: 'AverageValue', averageValue: '100m' } } }

const autoscaler = (name: string, scaleTargetRef: object, metrics: readonly object[] = [load]) =>
  ({ metadata: { name }, spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 8, metrics } }) as never

const Widget = kind(message('test.Widget', {}), {
  group: 'example.com',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  singular: 'widget',
  scope: 'Namespaced',
})

const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
const widgets = {
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    names: { kind: 'Widget', plural: 'widgets' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: anything, status: anything } } },
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.count', labelSelectorPath: '.status.selector' },
        },
      },
    ],
  },
}
