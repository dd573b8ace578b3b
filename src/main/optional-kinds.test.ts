import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createMemoryStore } from '#store/memory.ts'
import type { Store } from '#store/store.ts'
import type { ControlPlaneOptions } from './control-plane.ts'
import { startTestPlane, testAuthority } from './test-plane.ts'

/** What turning a feature on comes to, asked of the whole control plane. */

async function start(t: TestContext, settings: Partial<ControlPlaneOptions>, store: Store = createMemoryStore()) {
  const plane = await startTestPlane({ store, components: ['controllers'], ...settings })
  let isStopped = false
  const stop = async () => {
    if (!isStopped) await plane.stop()
    isStopped = true
  }
  t.after(stop)
  const admin = plane.transportAs({ name: 'admin', groups: ['system:masters', 'system:authenticated'] })
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever field it asks about
  const get = async (path: string): Promise<{ readonly status: number; readonly body: any }> => {
    const { status, body } = await admin({ method: 'GET', path, headers: {} })
    return { status, body: JSON.parse(Buffer.from(await readBody(body, 10_000_000)).toString()) }
  }
  return { plane, get, stop }
}

const group = '/apis/certificates.k8s.io'
const versions = async ({ get }: Awaited<ReturnType<typeof start>>): Promise<readonly string[]> =>
  (await get(group)).body.versions.map(({ version }: { version: string }) => version)
const on = {
  featureGates: { ClusterTrustBundle: true, PodCertificateRequest: true },
  runtimeConfig: { 'certificates.k8s.io/v1beta1': true },
}
const role = '/apis/rbac.authorization.k8s.io/v1/clusterroles/system:cluster-trust-bundle-discovery'
const service = '/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.certificates.k8s.io'

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await isSo()) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
}

test('by default nothing of it is there', async (t) => {
  const server = await start(t, {})
  assert.deepEqual(await versions(server), ['v1'])
  for (const path of [`${group}/v1beta1`, `${group}/v1beta1/clustertrustbundles`, role, service])
    assert.equal((await server.get(path)).status, 404, path)
})

test('a gate without the version, and a version without a gate, serve nothing', async (t) => {
  for (const settings of [{ featureGates: on.featureGates }, { runtimeConfig: on.runtimeConfig }])
    assert.deepEqual(await versions(await start(t, settings)), ['v1'])
})

test('turned on: the version, its roles, and the bundle of the server’s own authority; turned off again: gone, and kept', async (t) => {
  const store = createMemoryStore()
  const server = await start(t, on, store)
  assert.deepEqual(await versions(server), ['v1', 'v1beta1'])
  for (const path of [role, service]) assert.equal((await server.get(path)).status, 200, path)
  await server.plane.leading
  const bundles = async () => (await server.get(`${group}/v1beta1/clustertrustbundles`)).body.items
  await until(async () => (await bundles()).length > 0)
  const [bundle, ...others] = await bundles()
  assert.deepEqual([bundle.spec.signerName, others], ['kubernetes.io/kube-apiserver-serving', []])
  assert.equal(bundle.spec.trustBundle, testAuthority.certificate)
  await server.stop()

  const without = await start(t, { components: [] }, store)
  // What the other server made for itself is taken away once this one serves.
  await until(async () => (await versions(without)).length === 1)
  assert.deepEqual(await versions(without), ['v1'])
  assert.equal((await without.get(`${group}/v1beta1/clustertrustbundles`)).status, 404)
  await without.stop()

  const again = await start(t, { ...on, components: [] }, store)
  const [kept] = (await again.get(`${group}/v1beta1/clustertrustbundles`)).body.items
  assert.equal(kept.metadata.uid, bundle.metadata.uid)
})

test('a gate or a version that there is not ends the start', async () => {
  const refused = (settings: object, message: RegExp) =>
    assert.rejects(start({ after() {} } as unknown as TestContext, settings), { code: 'Invalid', message })
  await refused({ featureGates: { Foo: true } }, /featureGates names the unrecognized feature gate Foo/)
  await refused({ runtimeConfig: { 'apps/v9': true } }, /runtimeConfig names apps\/v9/)
})
