/** What JavaScript programs do, through the official library. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  ApiException,
  ApiextensionsV1Api,
  AppsV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  loadAllYaml,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  VersionApi,
  Watch,
} from '@kubernetes/client-node'
import { until } from '../support/cluster.ts'
import { startServer, type TestServer } from '../support/server.ts'

const namespace = 'javascript'
const group = 'javascript.wherry.example'
const config = new KubeConfig()
let server: TestServer
let core: CoreV1Api
let apps: AppsV1Api

before(async () => {
  server = await startServer()
  config.loadFromFile(server.kubeconfig)
  core = config.makeApiClient(CoreV1Api)
  apps = config.makeApiClient(AppsV1Api)
})
after(() => server?.close())

const configMap = (name: string, labels: Record<string, string> = {}): V1ConfigMap => ({ metadata: { name, labels }, data: { k: 'v' } })
const names = (list: { items: { metadata?: { name?: string } }[] }) => list.items.map(({ metadata }) => metadata?.name)
const refused = (call: Promise<unknown>, code: number, reason: RegExp) =>
  assert.rejects(call, (error: unknown) => {
    assert.ok(error instanceof ApiException, String(error))
    assert.equal(error.code, code)
    assert.match(typeof error.body === 'string' ? error.body : JSON.stringify(error.body), reason)
    return true
  })
const isGone = (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => false,
    (error: unknown) => error instanceof ApiException && error.code === 404,
  )

test('creates, reads, lists and updates', async () => {
  await core.createNamespace({ body: { metadata: { name: namespace } } })
  for (let i = 0; i < 5; i += 1)
    await core.createNamespacedConfigMap({ namespace, body: configMap(`c${i}`, { app: 'boat', parity: i % 2 ? 'odd' : 'even' }) })
  await refused(core.createNamespacedConfigMap({ namespace, body: configMap('c0') }), 409, /AlreadyExists/)
  await refused(core.createNamespacedConfigMap({ namespace, body: configMap('Bad_Name') }), 422, /RFC 1123/)
  const dry = await core.createNamespacedConfigMap({ namespace, body: configMap('dry'), dryRun: 'All', pretty: 'true' })
  assert.ok(dry.metadata?.creationTimestamp instanceof Date)
  await refused(core.readNamespacedConfigMap({ namespace, name: 'dry' }), 404, /NotFound/)
  const list = async (more: object) => names(await core.listNamespacedConfigMap({ namespace, ...more }))
  assert.deepEqual(await list({ labelSelector: 'app=boat,parity!=odd' }), ['c0', 'c2', 'c4'])
  assert.deepEqual(await list({ labelSelector: 'parity in (odd)' }), ['c1', 'c3'])
  assert.deepEqual(await list({ fieldSelector: 'metadata.name=c3' }), ['c3'])
  const page = await core.listNamespacedConfigMap({ namespace, labelSelector: 'app=boat', limit: 3 })
  assert.deepEqual(names(page), ['c0', 'c1', 'c2'])
  assert.deepEqual(await list({ labelSelector: 'app=boat', limit: 3, _continue: page.metadata?._continue }), ['c3', 'c4'])
  const stale = await core.readNamespacedConfigMap({ namespace, name: 'c0' })
  const updated = await core.replaceNamespacedConfigMap({ namespace, name: 'c0', body: { ...stale, data: { k: 'updated' } } })
  assert.equal(updated.data?.['k'], 'updated')
  await refused(core.replaceNamespacedConfigMap({ namespace, name: 'c0', body: stale }), 409, /the object has been modified/)
})

test('patches in every form, and sees controllers and subresources', async () => {
  const container = (name: string, image: string) => ({ name, image })
  await apps.createNamespacedDeployment({
    namespace,
    body: {
      metadata: { name: 'd' },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'd' } },
        template: { metadata: { labels: { app: 'd' } }, spec: { containers: [container('one', 'one:1'), container('two', 'two:1')] } },
      },
    },
  })
  const patch = (body: unknown, strategy: PatchStrategy, more: object = {}, name = 'd') =>
    apps.patchNamespacedDeployment({ namespace, name, body, ...more }, setHeaderOptions('Content-Type', strategy))
  const replaced = await patch([{ op: 'replace', path: '/spec/progressDeadlineSeconds', value: 700 }], PatchStrategy.JsonPatch)
  assert.equal(replaced.spec?.progressDeadlineSeconds, 700)
  await refused(patch([{ op: 'test', path: '/spec/replicas', value: 7 }], PatchStrategy.JsonPatch), 422, /Invalid/)
  const merged = await patch({ metadata: { annotations: { merge: 'yes' } } }, PatchStrategy.MergePatch)
  assert.equal(merged.metadata?.annotations?.['merge'], 'yes')
  const strategic = await patch(
    { spec: { template: { spec: { containers: [container('two', 'two:2')] } } } },
    PatchStrategy.StrategicMergePatch,
  )
  assert.deepEqual(
    strategic.spec?.template.spec?.containers.map(({ image }) => image),
    ['one:1', 'two:2'],
  )
  const applied = (image: string) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'applied' },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: 'applied' } },
      template: { metadata: { labels: { app: 'applied' } }, spec: { containers: [container('one', image)] } },
    },
  })
  const apply = (image: string, fieldManager: string, force?: boolean) =>
    patch(applied(image), PatchStrategy.ServerSideApply, { fieldManager, ...(force && { force }) }, 'applied')
  await apply('one:1', 'first')
  await refused(apply('one:2', 'second'), 409, /conflict with \\"first\\"/)
  assert.equal((await apply('one:2', 'second', true)).spec?.template.spec?.containers[0]?.image, 'one:2')

  const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'd' })
  await apps.replaceNamespacedDeploymentScale({
    namespace,
    name: 'd',
    body: { ...scale, metadata: { name: 'd', namespace }, spec: { replicas: 2 } },
  })
  await until('the controller made pods', async () => {
    const { status } = await apps.readNamespacedDeploymentStatus({ namespace, name: 'd' })
    return status?.replicas === 2
  })
})

test('watches, and keeps an informer', async () => {
  const seen: string[] = []
  const { metadata } = await core.listNamespacedConfigMap({ namespace })
  const watch = new Watch(config)
  const ended = Promise.withResolvers<unknown>()
  const watching = await watch.watch(
    `/api/v1/namespaces/${namespace}/configmaps`,
    { fieldSelector: 'metadata.name=watched', resourceVersion: metadata?.resourceVersion, allowWatchBookmarks: true },
    (phase, object) => void (phase === 'BOOKMARK' || seen.push(`${phase} ${object.data.k}`)),
    ended.resolve,
  )
  await core.createNamespacedConfigMap({ namespace, body: configMap('watched') })
  await core.replaceNamespacedConfigMap({ namespace, name: 'watched', body: { ...configMap('watched'), data: { k: 'w' } } })
  await core.deleteNamespacedConfigMap({ namespace, name: 'watched' })
  await until('three events', () => seen.length === 3)
  assert.deepEqual(seen, ['ADDED v', 'MODIFIED w', 'DELETED w'])
  watching.abort()
  await ended.promise
  // A watch that ends by its time ends without an error.
  const byItself = Promise.withResolvers<unknown>()
  await watch.watch(`/api/v1/namespaces/${namespace}/configmaps`, { timeoutSeconds: 1 }, () => {}, byItself.resolve)
  assert.equal((await byItself.promise) ?? null, null)

  const informer = makeInformer<V1ConfigMap>(
    config,
    `/api/v1/namespaces/${namespace}/configmaps`,
    () => core.listNamespacedConfigMap({ namespace, labelSelector: 'app=boat' }),
    'app=boat',
  )
  await informer.start()
  assert.equal(informer.list(namespace).length, 5)
  await core.createNamespacedConfigMap({ namespace, body: configMap('passing', { app: 'boat' }) })
  await until('it is told of', () => informer.get('passing', namespace) !== undefined)
  await core.deleteNamespacedConfigMap({ namespace, name: 'passing' })
  await until('it is told of its end', () => informer.list(namespace).length === 5)
  await informer.stop()
})

test('defines a kind and uses it without types', async () => {
  const objects = KubernetesObjectApi.makeApiClient(config)
  const [definition, wherry] = loadAllYaml(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: boats.${group} }
spec:
  group: ${group}
  names: { plural: boats, kind: Boat }
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      subresources: { status: {} }
      schema:
        openAPIV3Schema:
          type: object
          properties:
            status: { type: object, x-kubernetes-preserve-unknown-fields: true }
            spec:
              type: object
              properties:
                sails: { type: integer, default: 1, maximum: 9 }
                crew:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [name]
                  items: { type: object, required: [name], properties: { name: { type: string }, rank: { type: string } } }
---
apiVersion: ${group}/v1
kind: Boat
metadata: { name: wherry, namespace: ${namespace} }
spec: { unknown: 1 }
`)
  const definitions = config.makeApiClient(ApiextensionsV1Api)
  await objects.create(definition)
  await until('established', async () => {
    const { status } = await definitions.readCustomResourceDefinition({ name: `boats.${group}` })
    return status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True')
  })
  type Boat = { spec: { sails: number; crew?: { name: string }[] }; status?: object }
  const made = (await objects.create(wherry)) as unknown as Boat
  assert.deepEqual(made.spec, { sails: 1 })
  const custom = config.makeApiClient(CustomObjectsApi)
  const place = { group, version: 'v1', namespace, plural: 'boats' }
  await refused(
    custom.createNamespacedCustomObject({ ...place, body: { ...wherry, metadata: { name: 'big' }, spec: { sails: 10 } } }),
    422,
    /should be less than or equal to 9/,
  )
  const patch = async (body: unknown, strategy: PatchStrategy, more: object = {}) =>
    (await custom.patchNamespacedCustomObject(
      { ...place, name: 'wherry', body, ...more },
      setHeaderOptions('Content-Type', strategy),
    )) as Boat
  assert.equal((await patch({ spec: { sails: 2 } }, PatchStrategy.MergePatch)).spec.sails, 2)
  assert.equal((await patch([{ op: 'replace', path: '/spec/sails', value: 3 }], PatchStrategy.JsonPatch)).spec.sails, 3)
  await refused(patch({}, PatchStrategy.StrategicMergePatch), 415, /UnsupportedMediaType/)
  const member = (name: string) => ({ apiVersion: `${group}/v1`, kind: 'Boat', metadata: { name: 'wherry' }, spec: { crew: [{ name }] } })
  await patch(member('ann'), PatchStrategy.ServerSideApply, { fieldManager: 'one' })
  const both = await patch(member('bob'), PatchStrategy.ServerSideApply, { fieldManager: 'two' })
  assert.deepEqual(
    both.spec.crew?.map(({ name }) => name),
    ['ann', 'bob'],
  )
  const afloat = await custom.patchNamespacedCustomObjectStatus(
    { ...place, name: 'wherry', body: { status: { afloat: true } } },
    setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
  )
  assert.deepEqual((afloat as Boat).status, { afloat: true })
  assert.equal((await objects.list(`${group}/v1`, 'Boat', namespace)).items.length, 1)
  await objects.delete(definition)
  await until('its end', () => isGone(definitions.readCustomResourceDefinition({ name: `boats.${group}` })))
})

test('learns who it is and what there is, and deletes', async () => {
  const { major, minor } = await config.makeApiClient(VersionApi).getCode()
  assert.equal(`${major}.${minor}`, '1.36')
  const review = await config.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({
    body: { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } },
  })
  assert.equal(review.status?.allowed, true)
  await apps.deleteNamespacedDeployment({ namespace, name: 'd', propagationPolicy: 'Foreground' })
  await until('foreground deletion', () => isGone(apps.readNamespacedDeployment({ namespace, name: 'd' })))
  await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'parity=odd' })
  assert.deepEqual(names(await core.listNamespacedConfigMap({ namespace, labelSelector: 'app=boat' })), ['c0', 'c2', 'c4'])
  assert.equal((await core.deleteNamespacedConfigMap({ namespace, name: 'c0' })).status, 'Success')
  await core.deleteNamespace({ name: namespace })
  await until('the end of the namespace', () => isGone(core.readNamespace({ name: namespace })))
})
