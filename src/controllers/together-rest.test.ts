import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Secret } from '#api/core/v1/secret.ts'
import { Service } from '#api/core/v1/service.ts'
import { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { ResourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { conditionOf } from './common/conditions.ts'
import { startCluster } from './testing/cluster.ts'

const shop = { namespace: 'shop' }

test('all controllers together: a budget lets as many pods be evicted as it can spare, and more when others are ready', async () => {
  const cluster = await startCluster()
  const { client, until } = cluster
  await client.create(Namespace, { metadata: { name: 'shop' } })
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'web' }], nodeName: 'n' } }
  await client.create(
    Deployment,
    { metadata: { name: 'web' }, spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template } },
    shop,
  )
  const budget = { metadata: { name: 'b' }, spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'web' } } } }
  await client.create(PodDisruptionBudget, budget, shop)
  const spares = async (count: number) => (await client.get(PodDisruptionBudget, 'b', 'shop')).status.disruptionsAllowed === count
  await until('one may go', () => spares(1))
  const { items } = await client.list(Pod, shop)
  const evict = (name: string) =>
    client.act(Pod, name, 'eviction', { metadata: { name } }, shop).then(
      () => 'evicted',
      () => 'refused',
    )
  const answers = await Promise.all(items.map(({ metadata }) => evict(metadata.name)))
  assert.deepEqual(answers.toSorted(), ['evicted', 'refused', 'refused'])
  await until('another took its place', async () => {
    const { items: pods } = await client.list(Pod, shop)
    const { status } = await client.get(PodDisruptionBudget, 'b', 'shop')
    return pods.length === 3 && status.disruptionsAllowed === 1 && status.disruptedPods === undefined
  })
  await client.patch(Deployment, 'web', { type: 'merge', body: { spec: { replicas: 5 } } }, shop)
  await until('more are expected', async () => (await client.get(PodDisruptionBudget, 'b', 'shop')).status.expectedPods === 5)
  assert.deepEqual(cluster.complaints(), [])
  await cluster.stop()
})

test('all controllers together: a Service is reached at the node, until it is deleted', async () => {
  const cluster = await startCluster()
  const { client, until } = cluster
  await client.create(Namespace, { metadata: { name: 'shop' } })
  const addresses = [{ type: 'InternalIP', address: '192.0.2.9' }]
  await client.patch(Node, 'n', { type: 'merge', body: { status: { addresses } } }, { subresource: 'status' })
  await client.create(Service, { metadata: { name: 'web' }, spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } }, shop)
  await until('it has the address', async () => {
    const { status } = await client.get(Service, 'web', 'shop')
    return status.loadBalancer?.ingress?.[0]?.ip === '192.0.2.9'
  })
  await client.delete(Service, 'web', shop)
  await until('it is gone', async () => (await client.list(Service, shop)).items.length === 0)
  assert.deepEqual(cluster.complaints(), [])
  await cluster.stop()
})

test('all controllers together: what joins can trust what it reads, as long as its token lasts', async () => {
  const cluster = await startCluster()
  const { client, until, clock } = cluster
  for (const name of ['kube-public', 'kube-system']) await client.create(Namespace, { metadata: { name } }).catch(() => {})
  await client.create(ConfigMap, { metadata: { name: 'cluster-info' }, data: { kubeconfig: 'x' } }, { namespace: 'kube-public' })
  const stringData = {
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-signing': 'true',
    expiration: rfc3339(clock.now() + 60_000),
  }
  const token = { metadata: { name: 'bootstrap-token-abcdef' }, type: 'bootstrap.kubernetes.io/token', stringData }
  await client.create(Secret, token, { namespace: 'kube-system' })
  const isSigned = async () => 'jws-kubeconfig-abcdef' in (await client.get(ConfigMap, 'cluster-info', 'kube-public')).data!
  await until('it is signed', isSigned)
  await clock.advance(60_000)
  await until('the signature goes with the token', async () => !(await isSigned()))
  assert.equal((await client.list(Secret, { namespace: 'kube-system' })).items.filter(({ type }) => type === token.type).length, 0)
  assert.deepEqual(cluster.complaints(), [])
  await cluster.stop()
})

test('all controllers together: a pod gets its claim, loses its device to a taint, and gives both back', async () => {
  const cluster = await startCluster()
  const { client, until, clock } = cluster
  await client.create(Namespace, { metadata: { name: 'shop' } })
  const devices = { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.example.com' } }] }
  await client.create(ResourceClaimTemplate, { metadata: { name: 't' }, spec: { spec: { devices } } }, shop)
  const slice = {
    driver: 'd.example.com',
    pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
    nodeName: 'n',
    devices: [{ name: 'x' }],
  }
  await client.create(ResourceSlice, { metadata: { name: 's' }, spec: slice })
  const spec = {
    containers: [{ name: 'main', image: 'web', resources: { claims: [{ name: 'gpu' }] } }],
    nodeName: 'n',
    resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 't' }],
  }
  await client.create(Pod, { metadata: { name: 'a' }, spec }, shop)
  const claimOf = async () => (await client.get(Pod, 'a', 'shop')).status.resourceClaimStatuses?.[0]?.resourceClaimName
  await until('its claim is made and noted', async () => (await claimOf()) !== undefined)
  const name = (await claimOf())!
  const claim = await client.get(ResourceClaim, name, 'shop')
  const held = await client.update(ResourceClaim, {
    ...claim,
    metadata: { ...claim.metadata, finalizers: ['resource.kubernetes.io/delete-protection'] },
  })
  const results = [{ request: 'gpu', driver: 'd.example.com', pool: 'p', device: 'x' }]
  const status = { allocation: { devices: { results } } }
  await client.update(ResourceClaim, { ...held, status } as ResourceClaim, { subresource: 'status' })
  await until('it is reserved', async () => (await client.get(ResourceClaim, name, 'shop')).status.reservedFor?.[0]?.name === 'a')
  const present = await client.get(ResourceSlice, 's')
  const taints = [{ key: 'broken.example.com', effect: 'NoExecute' }]
  await client.update(ResourceSlice, { ...present, spec: { ...present.spec, devices: [{ name: 'x', taints }] } } as ResourceSlice)
  await clock.advance(2000)
  await until('the pod is gone', async () => (await client.list(Pod, shop)).items.length === 0)
  await until('so is the claim', async () => (await client.list(ResourceClaim, shop)).items.length === 0)
  assert.deepEqual(cluster.complaints(), [])
  await cluster.stop()
})

test('all controllers together: a disruption that was announced and did not come is taken back', async () => {
  const cluster = await startCluster()
  const { client, until, clock } = cluster
  await client.create(Namespace, { metadata: { name: 'shop' } })
  await client.create(Pod, { metadata: { name: 'a' }, spec: { containers: [{ name: 'main', image: 'web' }], nodeName: 'n' } }, shop)
  await until('it runs', async () => (await client.get(Pod, 'a', 'shop')).status.phase === 'Running')
  const { status } = await client.get(Pod, 'a', 'shop')
  const announced = { type: 'DisruptionTarget', status: 'True', lastTransitionTime: rfc3339(clock.now()), reason: 'PreemptionByScheduler' }
  const body = { status: { conditions: [...status.conditions!, announced] } }
  await client.patch(Pod, 'a', { type: 'merge', body }, { ...shop, subresource: 'status' })
  const isTakenBack = async () =>
    conditionOf((await client.get(Pod, 'a', 'shop')).status.conditions, 'DisruptionTarget')?.status === 'False'
  await clock.advance(100_000)
  assert.equal(await isTakenBack(), false)
  await clock.advance(25_000)
  await until('it is taken back', isTakenBack)
  assert.deepEqual(cluster.complaints(), [])
  await cluster.stop()
})
