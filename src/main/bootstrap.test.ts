import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { defaultClassAnnotation, IngressClass } from '#api/networking/v1/ingress-class.ts'
import { ServiceCIDR } from '#api/networking/v1/service-cidr.ts'
import { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import { ClusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import { createTestServer } from '#apiserver/testing.ts'
import { createClient } from '#client/http.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import { WherryError } from '#lib/errors.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { bootstrap, type Refused } from './bootstrap.ts'

async function started() {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const server = await createTestServer({ clock })
  const client = createClient(createLocalTransport(server.transport), { fieldManager: 'test' })
  const start = () =>
    bootstrap({
      client,
      objects: server.objects,
      now: clock.now(),
      dnsAddress: '10.96.0.10',
      serviceCIDRs: ['10.96.0.0/12'],
      authentication: { clientCa: 'CLIENTS', frontProxyCa: 'PROXIES' },
    })
  await start()
  return { server, client, start }
}

test('a second start writes nothing', async () => {
  const { server, start } = await started()
  const before = await server.store.revision()
  await start()
  assert.equal(await server.store.revision(), before)
  await server.close()
})

test('a fresh cluster has its namespaces, its range of addresses, and tells who its clients are', async () => {
  const { server, client } = await started()
  const { items } = await client.list(Namespace)
  assert.deepEqual(items.map(({ metadata }) => metadata.name).toSorted(), ['default', 'kube-node-lease', 'kube-public', 'kube-system'])
  const { status } = await client.get(ServiceCIDR, 'kubernetes')
  assert.equal(status?.conditions?.[0]?.type, 'Ready')
  const { data } = await client.get(ConfigMap, 'extension-apiserver-authentication', 'kube-system')
  assert.equal(data?.['client-ca-file'], 'CLIENTS')
  await server.close()
})

test('our IngressClass is the default one, unless the cluster has another that is', async () => {
  const { server, client, start } = await started()
  const isDefault = async () => (await client.get(IngressClass, 'wherry')).metadata.annotations?.[defaultClassAnnotation]
  assert.equal(await isDefault(), 'true')
  await client.delete(IngressClass, 'wherry')
  await client.create(IngressClass, {
    metadata: { name: 'other', annotations: { [defaultClassAnnotation]: 'true' } },
    spec: { controller: 'example.com/other' },
  })
  await start()
  assert.equal(await isDefault(), undefined)
  await server.close()
})

test('what roles and bindings lost comes back, what was added stays, and what was frozen is left alone', async () => {
  const { server, client, start } = await started()
  const extra = { verbs: ['get'], apiGroups: ['example.com'], resources: ['things'] }
  const role = (name: string) => client.get(ClusterRole, name)
  const basic = await role('system:basic-user')
  await client.update(ClusterRole, { ...basic, rules: [extra] })
  const discovery = await role('system:discovery')
  const frozen = { ...discovery.metadata, annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'false' } }
  await client.update(ClusterRole, { ...discovery, metadata: frozen, rules: [] })
  const binding = await client.get(ClusterRoleBinding, 'cluster-admin')
  await client.update(ClusterRoleBinding, { ...binding, subjects: [] })
  await client.delete(ClusterRoleBinding, 'system:basic-user')
  await client.create(ClusterRoleBinding, {
    metadata: { name: 'system:basic-user' },
    roleRef: { kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'Group', name: 'x' }],
  })
  // Ours, and not the reference's: emptied, it takes the power from every administrator's certificate, and must stay so.
  const admins = await client.get(ClusterRoleBinding, 'kubeadm:cluster-admins')
  await client.update(ClusterRoleBinding, { ...admins, subjects: [] })

  await start()
  const rules = (await role('system:basic-user')).rules ?? []
  assert.deepEqual(rules[0], extra)
  assert.equal(rules.length > basic.rules!.length, true)
  assert.deepEqual((await role('system:discovery')).rules ?? [], [])
  assert.deepEqual((await client.get(ClusterRoleBinding, 'cluster-admin')).subjects, binding.subjects)
  assert.equal((await client.get(ClusterRoleBinding, 'system:basic-user')).roleRef.name, 'system:basic-user')
  assert.deepEqual((await client.get(ClusterRoleBinding, 'kubeadm:cluster-admins')).subjects ?? [], [])
  await server.close()
})

test('a status that was refused is given on a further try, to what is still ours', async () => {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  let refuses = true
  const server = await createTestServer({ clock })
  const client = createClient(
    createLocalTransport(async (request) => {
      if (refuses && request.path.includes('/status')) throw new WherryError('Forbidden', 'no status today')
      return server.transport(request)
    }),
    { fieldManager: 'test' },
  )
  const attempt = (cidr = '10.96.0.0/12') =>
    bootstrap({
      client,
      objects: server.objects,
      now: clock.now(),
      serviceCIDRs: [cidr],
      authentication: { clientCa: 'CLIENTS', frontProxyCa: 'PROXIES' },
    })
  const names = (refused: readonly Refused[]) =>
    refused.filter(({ kind }) => kind !== 'APIService').map(({ kind, name }) => `${kind} ${name}`)
  // A read waits until what was written is seen by all.
  const conditions = async () =>
    (await client.list(ServiceCIDR)).items.flatMap(({ status }) => status?.conditions ?? []).map(({ type, status }) => `${type} ${status}`)
  assert.deepEqual(names(await attempt()), ['ServiceCIDR kubernetes'])
  assert.deepEqual(await conditions(), [])
  assert.deepEqual(names(await attempt()), ['ServiceCIDR kubernetes'], 'it is missed until it is there')
  refuses = false
  assert.deepEqual(await attempt('10.112.0.0/12'), [])
  assert.deepEqual(await conditions(), [], 'one that says something else is somebody else’s')
  assert.deepEqual(await attempt(), [])
  assert.deepEqual(await conditions(), ['Ready True'])
  const before = await server.store.revision()
  await attempt()
  assert.equal(await server.store.revision(), before)
  await server.close()
})
