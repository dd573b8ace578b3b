import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Endpoints } from '#api/core/v1/endpoints.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { kinds } from '#api/kinds.ts'
import { createTestServer } from '#apiserver/testing.ts'
import { createClient } from '#client/http.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import { createJsonLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { type Controller, type Plan, settled } from '#loop/controller.ts'
import { runControllers } from '#loop/run.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { conditionOf } from './common/conditions.ts'
import { formatTime } from './common/time.ts'
import { controllers, heldKinds } from './mod.ts'

test('all controllers together, on the API server: a Deployment comes up, rolls, and goes with its namespace', async () => {
  const cluster = await start()
  const { client, until } = cluster
  await client.create(Namespace, { metadata: { name: 'shop' } })
  await client.create(
    Service,
    { metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] } },
    { namespace: 'shop' },
  )
  await client.create(
    Deployment,
    { metadata: { name: 'web' }, spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: template('web:1') } },
    { namespace: 'shop' },
  )
  await until('three pods are told of', async () => {
    const { items } = await client.list(EndpointSlice, { namespace: 'shop' })
    return items.length === 1 && (items[0]!.endpoints ?? []).filter(({ conditions }) => conditions.ready).length === 3
  })
  await until('the Deployment has progressed', async () => {
    const { status, metadata } = await client.get(Deployment, 'web', 'shop')
    const done = conditionOf(status.conditions, 'Progressing')?.reason === 'NewReplicaSetAvailable'
    return done && status.availableReplicas === 3 && metadata.annotations?.['deployment.kubernetes.io/revision'] === '1'
  })
  assert.equal((await client.get(Endpoints, 'web', 'shop')).subsets![0]!.addresses!.length, 3)
  assert.equal((await client.get(ConfigMap, 'kube-root-ca.crt', 'shop')).data!['ca.crt'], 'PEM')
  await client.get(ServiceAccount, 'default', 'shop')
  assert.equal((await client.get(Node, 'n')).spec.podCIDR, '10.244.0.0/24')
  assert.equal((await client.get(Service, 'kubernetes', 'default')).spec.clusterIP, '10.96.0.1')

  await client.patch(Deployment, 'web', { type: 'merge', body: { spec: { template: template('web:2') } } }, { namespace: 'shop' })
  await until('the new template runs, and only it', async () => {
    const { items } = await client.list(Pod, { namespace: 'shop' })
    return items.length === 3 && items.every(({ spec }) => spec.containers[0]!.image === 'web:2')
  })
  assert.deepEqual((await client.list(ReplicaSet, { namespace: 'shop' })).items.map(({ spec }) => spec.replicas).toSorted(), [0, 3])

  // A settled cluster is left alone: nobody writes any more.
  await cluster.quiet()
  const { resourceVersion } = await client.list(Pod)
  await cluster.quiet()
  assert.equal((await client.list(Pod)).resourceVersion, resourceVersion)

  await client.delete(Deployment, 'web', { namespace: 'shop', propagationPolicy: 'Foreground' })
  await until('sets and pods go with the Deployment', async () => {
    const left = await Promise.all([Deployment, ReplicaSet, Pod].map((kind) => client.list(kind as typeof Pod, { namespace: 'shop' })))
    return left.every(({ items }) => items.length === 0)
  })
  await client.delete(Namespace, 'shop')
  await until('the namespace is gone', async () => (await client.list(Namespace)).items.every(({ metadata }) => metadata.name !== 'shop'))
  assert.deepEqual(cluster.complaints(), [])
  await cluster.stop()
})

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'main', image }], nodeName: 'n' },
})

/** A node that brings up every pod bound to it, as a controller: its decisions are the kubelet's in short. */
const kubelet: Controller<{ readonly pod: Pod; readonly now: number }> = {
  name: 'kubelet',
  sources: [{ kind: Pod }],
  view: (key, cache, now) => {
    const [namespace = '', name = ''] = key.split('/')
    const pod = cache.get(Pod, name, namespace)
    return pod === undefined ? undefined : { pod, now }
  },
  plan: ({ pod, now }): Plan => {
    const { name, namespace, uid, deletionTimestamp } = pod.metadata
    const target = { kind: Pod, name, namespace, uid }
    if (deletionTimestamp !== undefined) return { commands: [{ do: 'delete', ...target, gracePeriodSeconds: 0 }], wakeAt: Infinity }
    if (pod.status.phase === 'Running') return settled
    const ip = `10.244.0.${(Number.parseInt(uid.slice(0, 6), 16) % 250) + 2}`
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: formatTime(now) }]
    const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions }
    return { commands: [{ do: 'patch', ...target, subresource: 'status', body: { status } }], wakeAt: Infinity }
  },
}

async function start() {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const server = await createTestServer({ clock })
  const client = createClient(createLocalTransport(server.transport))
  const lines: { readonly level: string; readonly message: string }[] = []
  const log = createJsonLog((line) => lines.push(JSON.parse(line)), clock, 'warn')
  await ensureNamespace(client, 'default')
  await client.create(Node, { metadata: { name: 'n' } })
  await client.patch(
    Node,
    'n',
    {
      type: 'merge',
      body: {
        status: {
          conditions: [
            { type: 'Ready', status: 'True', lastHeartbeatTime: formatTime(clock.now()), lastTransitionTime: formatTime(clock.now()) },
          ],
        },
      },
    },
    { subresource: 'status' },
  )
  const config = { kinds, rootCa: 'PEM', apiServer: { addresses: ['192.0.2.7'], port: 6443, clusterIp: '10.96.0.1' } }
  const running = runControllers({
    controllers: [...controllers(config), kubelet],
    client,
    clock,
    random: seededRandom(7),
    log,
    kinds: heldKinds,
  })
  await running.synced()
  const turn = () => clock.advance(20)
  return {
    client,
    complaints: () => lines.filter(({ level }) => level === 'error'),
    async until(what: string, condition: () => Promise<boolean>) {
      for (let turns = 0; turns < 400; turns += 1) {
        if (await condition()) return
        await turn()
      }
      assert.fail(
        `${what}: not so\n${lines
          .slice(-15)
          .map((line) => JSON.stringify(line))
          .join('\n')}`,
      )
    },
    async quiet() {
      for (let turns = 0; turns < 50; turns += 1) await turn()
    },
    async stop() {
      await running.stop()
    },
  }
}

async function ensureNamespace(client: ReturnType<typeof createClient>, name: string): Promise<void> {
  const { items } = await client.list(Namespace)
  if (!items.some(({ metadata }) => metadata.name === name)) await client.create(Namespace, { metadata: { name } })
}
