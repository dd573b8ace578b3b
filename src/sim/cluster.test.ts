import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { createSimulatedCluster, type SimulatedCluster } from './cluster.ts'

test('a whole cluster starts inside a test, in a second or so, and runs a Deployment', async () => {
  // Time on the processor, a third of a second on an idle one; a busy machine takes some times as long for the same work.
  const before = process.cpuUsage()
  const cluster = await createSimulatedCluster({ seed: 1, nodes: 3 })
  const { client } = cluster
  await cluster.until(async () => (await client.list(Node)).items.filter(isReady).length === 3, 30_000, 'three nodes are ready')
  const { user, system } = process.cpuUsage(before)
  assert.ok(user + system < 5_000_000, `${(user + system) / 1000} ms`)
  await runDeployment(cluster)
  await cluster.stop()
  assert.deepEqual(
    cluster.complaints.filter(({ level }) => level === 'error'),
    [],
  )
})

test('the same seed gives the same history, byte by byte; another seed another one', async () => {
  const histories: string[] = []
  for (const seed of [1, 1, 2]) {
    const cluster = await createSimulatedCluster({ seed, nodes: 2 })
    await runDeployment(cluster)
    await cluster.advance(60_000)
    await cluster.stop()
    histories.push(cluster.history.text())
  }
  assert.equal(histories[0], histories[1])
  assert.notEqual(histories[0], histories[2])
})

async function runDeployment(cluster: SimulatedCluster): Promise<void> {
  const { client } = cluster
  await cluster.until(async () => (await client.list(ServiceAccount, { namespace: 'default' })).items.length > 0, 10_000, 'an account')
  await client.create(
    Deployment,
    {
      metadata: { name: 'web' },
      spec: {
        replicas: 4,
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'web' }] } },
      },
    },
    { namespace: 'default' },
  )
  await cluster.until(
    async () => (await client.get(Deployment, 'web', 'default')).status.availableReplicas === 4,
    60_000,
    'four replicas are available',
  )
  const { items } = await client.list(Pod, { namespace: 'default' })
  assert.equal(new Set(items.map(({ status }) => status.podIP)).size, 4)
}

const isReady = ({ status }: Node): boolean => status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false
