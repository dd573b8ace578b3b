import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lease } from '#api/coordination/v1/lease.ts'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { createTestServer } from '#apiserver/testing.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import { isError } from '#lib/errors.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { takeFence } from './take-fence.ts'

const lease = { namespace: 'kube-system', name: 'leader' }
const admin = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }

async function world() {
  const server = await createTestServer({ clock: createVirtualClock(0) })
  const client = createClient(createLocalTransport(server.transport), { fieldManager: 'test' })
  await client.create(Namespace, { metadata: { name: lease.namespace } })
  const elect = async (identity: string): Promise<void> => {
    const present = await client.get(Lease, lease.name, lease.namespace).catch(() => undefined)
    if (present === undefined) await client.create(Lease, { metadata: lease, spec: { holderIdentity: identity } })
    else await client.update(Lease, { ...present, spec: { ...present.spec, holderIdentity: identity } })
  }
  const leaderClient = async (identity: string) => {
    const fence = await takeFence({ ...lease, client, store: server.store, identity })
    return createClient(createLocalTransport(server.fenced(fence)(admin)), { fieldManager: identity })
  }
  const named = (name: string) => ({ metadata: { name, namespace: 'kube-system' } })
  return { server, client, elect, leaderClient, named }
}

test('a leader whose term is over writes nothing more, whatever it believes', async () => {
  const { server, client, elect, leaderClient, named } = await world()
  await elect('a')
  const a = await leaderClient('a')
  const kept = await a.create(ConfigMap, named('kept'))
  await elect('b')
  // Elected, and not yet begun: nobody has acted since, so what `a` has under way may still be done.
  await a.update(ConfigMap, { ...kept, data: { by: 'a' } })
  const b = await leaderClient('b')
  const revision = await server.store.revision()
  const gone = (error: unknown) => isError(error, 'ServiceUnavailable')
  const present = await client.get(ConfigMap, 'kept', 'kube-system')
  await assert.rejects(a.create(ConfigMap, named('late')), gone)
  await assert.rejects(a.update(ConfigMap, { ...present, data: { by: 'late' } }), gone)
  await assert.rejects(a.patch(ConfigMap, 'kept', { type: 'merge', body: { data: { by: 'late' } } }, { namespace: 'kube-system' }), gone)
  await assert.rejects(a.delete(ConfigMap, 'kept', { namespace: 'kube-system' }), gone)
  assert.equal(await server.store.revision(), revision)
  await b.delete(ConfigMap, 'kept', { namespace: 'kube-system' })
})

test('nor does what the server does in its name: binding a pod, evicting one', async () => {
  const { server, client, elect, leaderClient, named } = await world()
  const pod = { ...named('p'), spec: { containers: [{ name: 'c', image: 'i' }] } }
  await client.create(Pod, pod)
  const bind = (leader: Client) =>
    leader.act(Pod, 'p', 'binding', { ...named('p'), target: { kind: 'Node', name: 'n' } }, { namespace: 'kube-system' })
  const evict = (leader: Client) => leader.act(Pod, 'p', 'eviction', named('p'), { namespace: 'kube-system' })
  await elect('a')
  const a = await leaderClient('a')
  await elect('b')
  const b = await leaderClient('b')
  const revision = await server.store.revision()
  for (const late of [bind, evict]) await assert.rejects(late(a), (error) => isError(error, 'ServiceUnavailable'), late.name)
  assert.equal(await server.store.revision(), revision)
  await bind(b)
  await evict(b)
})

test('only the holder of the lease can begin a term', async () => {
  const { elect, leaderClient, named } = await world()
  await elect('b')
  const b = await leaderClient('b')
  await assert.rejects(leaderClient('a'), (error) => isError(error, 'Conflict') && /taken over/.test(error.message))
  await b.create(ConfigMap, named('still'))
})

test('a lease that never stays as it was read begins no term', async () => {
  const { server, client, elect } = await world()
  await elect('a')
  const { resourceVersion } = (await client.get(Lease, lease.name, lease.namespace)).metadata
  const store = { ...server.store, commit: async () => ({ done: false, revision: Number(resourceVersion), failed: [] }) as const }
  await assert.rejects(
    takeFence({ ...lease, client, store, identity: 'a' }),
    (error) => isError(error, 'Conflict') && /10 tries/.test(error.message),
  )
})
