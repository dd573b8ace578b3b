import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { createSimulatedCluster, type SimulatedCluster } from './cluster.ts'
import type { LostNodeOptions } from './server.ts'

// docs/nodes.md, "When a node is lost", has these.
check('as it is by default', {}, { silent: [40, 51], elsewhere: [340, 365] })
check(
  'as an impatient administrator has it',
  { nodeMonitorGraceMs: 20_000, admissionPlugins: { tolerationSeconds: { notReady: 30, unreachable: 30 } } },
  { silent: [10, 21], elsewhere: [40, 65] },
)

interface Expected {
  /** Seconds from the loss, at least and at most: until the node is known to be lost. */
  readonly silent: readonly [number, number]
  /** The same until everything runs on other nodes. */
  readonly elsewhere: readonly [number, number]
}

function check(name: string, lostNodes: LostNodeOptions, { silent, elsewhere }: Expected): void {
  test(`pods of a lost node run elsewhere: ${name}`, async () => {
    const cluster = await createSimulatedCluster({ seed: 1, nodes: 3, isUsed: true, lostNodes })
    const lost = await runDeployment(cluster)
    const at = cluster.clock.now()
    const seconds = (): number => (cluster.clock.now() - at) / 1000
    cluster.setReachable(cluster.nodes.find((node) => node.name === lost)!, false)
    await cluster.until(async () => !(await isReady(cluster, lost)), 600_000, 'the node is known to be lost')
    within(seconds(), silent, 'lost')
    await cluster.until(async () => (await runningElsewhere(cluster, lost)) === replicas, 600_000, 'all pods run elsewhere')
    within(seconds(), elsewhere, 'elsewhere')
    await cluster.stop()
  })
}

const replicas = 4

/** Returns a node with some of its pods. */
async function runDeployment(cluster: SimulatedCluster): Promise<string> {
  const { client } = cluster
  await cluster.until(async () => (await client.list(ServiceAccount, { namespace: 'default' })).items.length > 0, 10_000, 'an account')
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'web' }] } }
  await client.create(
    Deployment,
    { metadata: { name: 'web' }, spec: { replicas, selector: { matchLabels: { app: 'web' } }, template } },
    { namespace: 'default' },
  )
  await cluster.until(
    async () => (await client.get(Deployment, 'web', 'default')).status.availableReplicas === replicas,
    60_000,
    'all replicas are available',
  )
  return (await client.list(Pod, { namespace: 'default' })).items[0]!.spec.nodeName!
}

async function isReady({ client }: SimulatedCluster, name: string): Promise<boolean> {
  const { status } = await client.get(Node, name)
  return status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false
}

async function runningElsewhere({ client }: SimulatedCluster, lost: string): Promise<number> {
  const { items } = await client.list(Pod, { namespace: 'default' })
  return items.filter(
    ({ spec, status }) => spec.nodeName !== lost && status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  ).length
}

function within(seconds: number, [least, most]: readonly [number, number], what: string): void {
  assert.ok(seconds >= least && seconds <= most, `${what} after ${seconds} s, not within ${least} to ${most}`)
}
