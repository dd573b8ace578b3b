import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { Lease } from '#api/coordination/v1/lease.ts'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Endpoints } from '#api/core/v1/endpoints.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { conditionOf } from './common/conditions.ts'
import { startCluster as start } from './testing/cluster.ts'

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

test('all controllers together: the pods of a node that fell silent are evicted, when their tolerations end', async () => {
  const cluster = await start()
  const { client, until, clock } = cluster
  await client.create(Namespace, { metadata: { name: 'shop' } })
  await client.create(Node, { metadata: { name: 'm' } })
  await client.create(Namespace, { metadata: { name: 'kube-node-lease' } }).catch(() => {})
  await client.create(Lease, { metadata: { name: 'm' }, spec: {} }, { namespace: 'kube-node-lease' })
  await clock.advance(1000)
  await client.patch(Node, 'm', { type: 'merge', body: { status: { conditions: [readyAt(clock.now())] } } }, { subresource: 'status' })
  const tolerations = [
    { key: 'node.kubernetes.io/unreachable', operator: 'Exists' as const, effect: 'NoExecute' as const, tolerationSeconds: 120 },
  ]
  const { spec } = template('web:1')
  await client.create(Pod, { metadata: { name: 'a' }, spec: { ...spec, tolerations } }, { namespace: 'shop' })
  const passSeconds = async (seconds: number) => {
    for (let passed = 0; passed < seconds; passed += 10) {
      const renewTime = new Date(clock.now()).toISOString().replace('Z', '000Z')
      await client.patch(Lease, 'm', { type: 'merge', body: { spec: { renewTime } } }, { namespace: 'kube-node-lease' })
      await clock.advance(10_000)
    }
  }
  await until('the pod runs', async () => (await client.get(Pod, 'a', 'shop')).status.phase === 'Running')
  await passSeconds(70)
  const taints = (await client.get(Node, 'n')).spec.taints?.map(({ key, effect }) => `${key} ${effect}`)
  assert.deepEqual(taints?.toSorted(), ['node.kubernetes.io/unreachable NoExecute', 'node.kubernetes.io/unreachable NoSchedule'])
  assert.equal((await client.get(Node, 'm')).spec.taints, undefined)
  assert.equal(conditionOf((await client.get(Pod, 'a', 'shop')).status.conditions, 'Ready')!.status, 'False')
  await passSeconds(80)
  assert.equal((await client.list(Pod, { namespace: 'shop' })).items.length, 1, 'its toleration has not ended')
  await passSeconds(60)
  assert.equal((await client.list(Pod, { namespace: 'shop' })).items.length, 0)
  assert.deepEqual(cluster.complaints(), [])
  await cluster.stop()
})

test('all controllers together: a DaemonSet has a pod on each node that it wants, rolls, and is rolled back', async () => {
  const cluster = await start()
  const { client, until } = cluster
  await client.create(Namespace, { metadata: { name: 'shop' } })
  for (const name of ['m', 'o']) await client.create(Node, { metadata: { name, labels: { disk: 'ssd' } } })
  const withImage = (image: string) => {
    const { metadata, spec } = template(image)
    return { metadata, spec: { containers: spec.containers, nodeSelector: { disk: 'ssd' } } }
  }
  const spec = { selector: { matchLabels: { app: 'web' } }, template: withImage('web:1') }
  await client.create(DaemonSet, { metadata: { name: 'logs' }, spec }, { namespace: 'shop' })
  const runs = (image: string, ...nodes: string[]) =>
    until(`${image} runs on ${nodes}`, async () => {
      const { items } = await client.list(Pod, { namespace: 'shop' })
      const { status, metadata } = await client.get(DaemonSet, 'logs', 'shop')
      assert.deepEqual(
        items.map((pod) => pod.spec.tolerations?.length),
        items.map(() => 6),
      )
      return (
        items.every((pod) => pod.spec.containers[0]!.image === image) &&
        items
          .map((pod) => pod.spec.nodeName)
          .toSorted()
          .join() === nodes.join() &&
        status.numberAvailable === nodes.length &&
        status.updatedNumberScheduled === nodes.length &&
        status.observedGeneration === metadata.generation
      )
    })
  await runs('web:1', 'm', 'o')
  const change = (body: object) => client.patch(DaemonSet, 'logs', { type: 'merge', body }, { namespace: 'shop' })
  await change({ spec: { template: withImage('web:2') } })
  await runs('web:2', 'm', 'o')
  await client.patch(Node, 'n', { type: 'merge', body: { metadata: { labels: { disk: 'ssd' } } } })
  await runs('web:2', 'm', 'n', 'o')
  await client.patch(Node, 'm', { type: 'merge', body: { metadata: { labels: { disk: null } } } })
  await runs('web:2', 'n', 'o')
  const [first] = (await client.list(ControllerRevision, { namespace: 'shop' })).items.toSorted((a, b) => a.revision - b.revision)
  assert.equal(
    JSON.stringify(first!.data),
    '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"image":"web:1",' +
      '"imagePullPolicy":"IfNotPresent","name":"main","resources":{},"terminationMessagePath":"/dev/termination-log",' +
      '"terminationMessagePolicy":"File"}],"dnsPolicy":"ClusterFirst","nodeSelector":{"disk":"ssd"},"restartPolicy":"Always",' +
      '"schedulerName":"default-scheduler","securityContext":{},"terminationGracePeriodSeconds":30}}}}',
  )
  await client.patch(DaemonSet, 'logs', { type: 'strategic', body: first!.data as object }, { namespace: 'shop' })
  await runs('web:1', 'n', 'o')
  const { items: revisions } = await client.list(ControllerRevision, { namespace: 'shop' })
  assert.deepEqual(revisions.map(({ metadata, revision }) => [metadata.name === first!.metadata.name, revision]).toSorted(), [
    [false, 2],
    [true, 3],
  ])

  await cluster.quiet()
  const { resourceVersion } = await client.list(Pod)
  await cluster.quiet()
  assert.equal((await client.list(Pod)).resourceVersion, resourceVersion, 'settled')

  await client.delete(DaemonSet, 'logs', { namespace: 'shop', propagationPolicy: 'Foreground' })
  await until('pods and revisions go with the set', async () => {
    const left = await Promise.all(
      [DaemonSet, ControllerRevision, Pod].map((kind) => client.list(kind as typeof Pod, { namespace: 'shop' })),
    )
    return left.every(({ items }) => items.length === 0)
  })
  assert.deepEqual(cluster.complaints(), [])
  await cluster.stop()
})

test('all controllers together: a StatefulSet comes up in order, rolls from the top, and its claims go as they are told', async () => {
  const cluster = await start()
  const { client, until } = cluster
  await client.create(Namespace, { metadata: { name: 'shop' } })
  const claim = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }
  const spec = {
    replicas: 3,
    serviceName: 'web',
    selector: { matchLabels: { app: 'web' } },
    template: template('web:1'),
    volumeClaimTemplates: [claim],
    persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Delete' },
  }
  await client.create(StatefulSet, { metadata: { name: 'web' }, spec } as never, { namespace: 'shop' })
  const runs = (image: string, ...names: string[]) =>
    until(`${image} runs in ${names}`, async () => {
      const { items } = await client.list(Pod, { namespace: 'shop' })
      const { status, metadata } = await client.get(StatefulSet, 'web', 'shop')
      return (
        items.map((pod) => `${pod.metadata.name} ${pod.spec.containers[0]!.image}`).join() ===
          names.map((name) => `${name} ${image}`).join() &&
        status.availableReplicas === names.length &&
        status.updatedReplicas === names.length &&
        status.currentRevision === status.updateRevision &&
        status.observedGeneration === metadata.generation
      )
    })
  const claims = async () => (await client.list(PersistentVolumeClaim, { namespace: 'shop' })).items.map(({ metadata }) => metadata.name)
  await runs('web:1', 'web-0', 'web-1', 'web-2')
  const { items: pods } = await client.list(Pod, { namespace: 'shop' })
  const versions = pods.map(({ metadata }) => Number(metadata.resourceVersion))
  assert.deepEqual(
    versions,
    versions.toSorted((a, b) => a - b),
    'each was ready before the next',
  )
  assert.deepEqual(await claims(), ['data-web-0', 'data-web-1', 'data-web-2'])
  const { spec: pod, metadata } = pods[1]!
  assert.deepEqual([pod.hostname, pod.subdomain, pod.volumes![0]!.persistentVolumeClaim!.claimName], ['web-1', 'web', 'data-web-1'])
  assert.equal(metadata.labels!['apps.kubernetes.io/pod-index'], '1')

  const change = (body: object) => client.patch(StatefulSet, 'web', { type: 'merge', body: { spec: body } }, { namespace: 'shop' })
  await change({ template: template('web:2') })
  await runs('web:2', 'web-0', 'web-1', 'web-2')
  await change({ template: template('web:1') })
  await runs('web:1', 'web-0', 'web-1', 'web-2')
  const { items: revisions } = await client.list(ControllerRevision, { namespace: 'shop' })
  assert.deepEqual(revisions.map(({ revision }) => revision).toSorted(), [2, 3], 'going back is the old revision')
  await change({ replicas: 1 })
  await runs('web:1', 'web-0')
  await until('claims go with the pods that are scaled away', async () => (await claims()).join() === 'data-web-0')
  await change({ replicas: 2 })
  await runs('web:1', 'web-0', 'web-1')

  await cluster.quiet()
  const { resourceVersion } = await client.list(Pod)
  await cluster.quiet()
  assert.equal((await client.list(Pod)).resourceVersion, resourceVersion, 'settled')

  await client.delete(StatefulSet, 'web', { namespace: 'shop', propagationPolicy: 'Foreground' })
  await until('pods, claims and revisions go with the set', async () => {
    const kinds = [StatefulSet, ControllerRevision, Pod, PersistentVolumeClaim]
    const left = await Promise.all(kinds.map((kind) => client.list(kind as typeof Pod, { namespace: 'shop' })))
    return left.every(({ items }) => items.length === 0)
  })
  assert.deepEqual(cluster.complaints(), [])
  await cluster.stop()
})

const readyAt = (now: number) => ({
  type: 'Ready',
  status: 'True',
  lastHeartbeatTime: rfc3339(now),
  lastTransitionTime: rfc3339(now),
})

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'main', image }], nodeName: 'n' },
})
