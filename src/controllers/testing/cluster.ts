import assert from 'node:assert/strict'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { kinds } from '#api/kinds.ts'
import { bootstrapClusterRoles, bootstrapRoles } from '#api/rbac/bootstrap.ts'
import type { PolicyRule } from '#api/rbac/v1/types.ts'
import { ruleAllows } from '#apiserver/authorization/rule.ts'
import { createTestServer } from '#apiserver/testing.ts'
import { createClient } from '#client/http.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import { createJsonLog } from '#lib/log.ts'
import { type Random, seededRandom } from '#lib/random.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { type Controller, type Plan, settled } from '#loop/controller.ts'
import { runControllers } from '#loop/run.ts'
import { createServedKinds } from '#loop/served-kinds.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { type ControllersConfig, controllers, heldKinds, isCollectable, userOf } from '../mod.ts'

/**
 * All controllers on the API server in virtual time, each with nothing but its own account's bootstrap roles, and one node `n` that runs what is
 * bound to it. `changes`: what the controllers are composed with otherwise. `restless`: see `createVirtualClock`.
 */
export async function startCluster(changes: Partial<ControllersConfig> = {}, restless?: Random) {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'), restless)
  const denied = new Set<string>()
  const server = await createTestServer({
    clock,
    authorize: async (attributes) => {
      const { user, verb, resource, subresource } = attributes
      const allowed =
        user.groups.includes('system:masters') ||
        rulesOf(user.name, attributes.namespace).some((rule) => ruleAllows(rule as PolicyRule, attributes))
      if (!allowed) denied.add(`${user.name} may not ${verb} ${resource}/${subresource}`)
      return { allowed, reason: '' }
    },
  })
  const clientFor = (controller: string) => {
    const name = userOf(controller)
    const groups = [isOurs(name) ? 'system:serviceaccounts' : 'system:masters', 'system:authenticated']
    return createClient(createLocalTransport(server.transportAs({ name, groups })))
  }
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
            { type: 'Ready', status: 'True', lastHeartbeatTime: rfc3339(clock.now()), lastTransitionTime: rfc3339(clock.now()) },
          ],
        },
      },
    },
    { subresource: 'status' },
  )
  const served = createServedKinds(kinds.filter(isCollectable))
  const config = { kinds, served, rootCa: 'PEM', apiServer: { addresses: ['192.0.2.7'], port: 6443, clusterIp: '10.96.0.1' }, ...changes }
  const running = runControllers({
    controllers: [...controllers(config), kubelet],
    client,
    clientFor,
    clock,
    random: seededRandom(7),
    log,
    kinds: heldKinds,
    served,
  })
  await running.synced()
  const follow = () => running.serveCustom(server.kinds.all.filter(({ shape }) => shape.kind === 'structural'))
  server.kinds.observe(follow)
  const turn = () => clock.advance(20)
  return {
    client,
    clock,
    complaints: () => [...denied, ...lines.filter(({ level }) => level === 'error')],
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

/** The one node that the pod's affinity allows by name: all that these tests need of a scheduler. */
const requiredNode = ({ spec }: Pod): string | undefined =>
  spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0]

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
    const nodeName = pod.spec.nodeName ?? requiredNode(pod)
    if (nodeName === undefined || pod.status.phase === 'Running' || isPodTerminal(pod)) return settled
    if (pod.spec.nodeName === undefined) {
      const body = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, namespace },
        target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
      }
      return { commands: [{ do: 'act', kind: Pod, name, namespace, subresource: 'binding', body }], wakeAt: Infinity }
    }
    const ip = `10.244.0.${(Number.parseInt(uid.slice(0, 6), 16) % 250) + 2}`
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: rfc3339(now) }]
    const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions }
    return { commands: [{ do: 'patch', ...target, subresource: 'status', body: { status } }], wakeAt: Infinity }
  },
}

/** The controllers' own accounts are bound by the roles of a fresh cluster; the kubelet here, and the control plane's processes, are not. */
const isOurs = (user: string): boolean => user.startsWith(account) && user !== `${account}kubelet`
const account = 'system:serviceaccount:kube-system:'
const rulesOf = (user: string, namespace: string) => {
  const name = `system:controller:${user.slice(account.length)}`
  const clusterRole = bootstrapClusterRoles.find(({ metadata }) => metadata.name === name)
  const roles = bootstrapRoles.filter(({ metadata }) => metadata.name === name && metadata.namespace === namespace)
  return [...(clusterRole?.rules ?? []), ...roles.flatMap(({ rules }) => rules)]
}

async function ensureNamespace(client: ReturnType<typeof createClient>, name: string): Promise<void> {
  const { items } = await client.list(Namespace)
  if (!items.some(({ metadata }) => metadata.name === name)) await client.create(Namespace, { metadata: { name } })
}
