import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PodCertificateRequest } from '#api/certificates/v1beta1/pod-certificate-request.ts'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { FeatureGate } from '#api/features.ts'
import { allVerbs } from '#api/kind.ts'
import { kinds } from '#api/kinds.ts'
import { optionalKinds } from '#api/served-kinds.ts'
import type { Attributes } from '../contract.ts'
import { nodeAuthorizer } from './node-authorizer.ts'
import { createNodeGraph } from './node-graph.ts'
import { asking, memoryObjects } from './testing/memory-objects.ts'

const nodeUser = (name: string) => ({ name: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] })

/** Two nodes, each with a pod that refers to objects named after its node in every way there is. */
function world() {
  const objects = memoryObjects()
  const graph = createNodeGraph(objects)
  const names = (node: string) =>
    ['env', 'envfrom', 'volume', 'projected', 'pull', 'init', 'csi', 'ephemeral'].map((way) => `${node}-${way}`)
  for (const node of ['own', 'foreign']) {
    const [env, envFrom, volume, projected, pull, init, csi, ephemeral] = names(node) as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ]
    objects.put(Pod, {
      metadata: { name: node, namespace: 'd' },
      spec: {
        nodeName: node,
        serviceAccountName: node,
        imagePullSecrets: [{ name: pull }],
        initContainers: [{ name: 'i', env: [{ name: 'a', valueFrom: { secretKeyRef: { name: init, key: 'k' } } }] }],
        ephemeralContainers: [{ name: 'e', envFrom: [{ secretRef: { name: ephemeral } }] }],
        containers: [
          {
            name: 'c',
            env: [{ name: 'a', valueFrom: { secretKeyRef: { name: env, key: 'k' }, configMapKeyRef: { name: env, key: 'k' } } }],
            envFrom: [{ secretRef: { name: envFrom }, configMapRef: { name: envFrom } }],
          },
        ],
        volumes: [
          { name: 'a', secret: { secretName: volume } },
          { name: 'b', projected: { sources: [{ secret: { name: projected } }, { configMap: { name: projected } }] } },
          { name: 'c', persistentVolumeClaim: { claimName: `${node}-claim` } },
          { name: 'd', ephemeral: { volumeClaimTemplate: {} } },
          { name: 'e', csi: { driver: 'x', nodePublishSecretRef: { name: csi } } },
          { name: 'f', configMap: { name: volume } },
        ],
      },
    })
    objects.put(PersistentVolume, {
      metadata: { name: `${node}-pv` },
      spec: {
        claimRef: { namespace: 'd', name: `${node}-claim` },
        csi: { driver: 'x', nodeStageSecretRef: { namespace: 'storage', name: `${node}-stage` } },
      },
    })
  }
  return { objects, names, authorize: nodeAuthorizer(graph, objects) }
}

test('a node reads what its pods need', async () => {
  const { authorize, names } = world()
  const allowed = async (part: Partial<Attributes>) =>
    assert.equal((await authorize(asking(nodeUser('own'), { namespace: 'd', ...part }))).allowed, true, JSON.stringify(part))
  for (const name of names('own')) for (const verb of ['get', 'list', 'watch']) await allowed({ resource: 'secrets', name, verb })
  for (const name of ['own-env', 'own-envfrom', 'own-volume', 'own-projected']) await allowed({ resource: 'configmaps', name })
  await allowed({ resource: 'secrets', namespace: 'storage', name: 'own-stage' })
  await allowed({ resource: 'persistentvolumes', namespace: '', name: 'own-pv' })
  for (const name of ['own-claim', 'own-d']) await allowed({ resource: 'persistentvolumeclaims', name })
  await allowed({ resource: 'persistentvolumeclaims', name: 'own-claim', subresource: 'status', verb: 'update' })
  await allowed({ resource: 'serviceaccounts', name: 'own', subresource: 'token', verb: 'create' })
  await allowed({ resource: 'pods', name: 'own' })
  await allowed({ resource: 'pods', namespace: '', verb: 'watch', fieldSelector: 'spec.nodeName=own' })
  await allowed({ resource: 'nodes', namespace: '', name: 'own' })
  await allowed({ resource: 'leases', group: 'coordination.k8s.io', namespace: 'kube-node-lease', name: 'own', verb: 'update' })
})

test('requests for pods’ certificates, and trust bundles, where they are served', async () => {
  const objects = memoryObjects([...kinds, ...optionalKinds])
  for (const node of ['own', 'foreign'])
    objects.put(PodCertificateRequest, { metadata: { name: node, namespace: 'd' }, spec: { nodeName: node } })
  const ask = (part: Partial<Attributes>, features = new Set<FeatureGate>(['ClusterTrustBundle', 'PodCertificateRequest'])) =>
    nodeAuthorizer(createNodeGraph(objects), objects, features)(asking(nodeUser('own'), { group: 'certificates.k8s.io', ...part }))
  const request = { resource: 'podcertificaterequests', namespace: 'd' }
  const bundle = { resource: 'clustertrustbundles', namespace: '' }
  for (const [part, refusal] of [
    [{ ...request, verb: 'create' }],
    [{ ...request, verb: 'get', name: 'own' }],
    [{ ...request, verb: 'watch', namespace: '', fieldSelector: 'spec.nodeName=own' }],
    [{ ...request, verb: 'get', name: 'foreign' }, "no relationship found between node 'own' and this object"],
    [{ ...request, verb: 'list' }, 'can only list/watch podcertificaterequests with nodeName field selector'],
    [
      { ...request, verb: 'list', fieldSelector: 'spec.nodeName=foreign' },
      'can only list/watch podcertificaterequests with nodeName field selector',
    ],
    [{ ...request, verb: 'update', name: 'own' }, 'nodes may not update podcertificaterequests'],
    [
      { ...request, verb: 'get', name: 'own', subresource: 'status' },
      'nodes may not access the status subresource of PodCertificateRequests',
    ],
    [{ ...bundle, verb: 'get', name: 'any' }],
    [{ ...bundle, verb: 'watch' }],
    [{ ...bundle, verb: 'delete', name: 'any' }, ''],
  ] as const) {
    const { allowed, reason } = await ask(part)
    assert.deepEqual([allowed, reason], [refusal === undefined, refusal ?? ''], JSON.stringify(part))
    assert.equal((await ask(part, new Set())).allowed, false)
  }
})

test('a stolen node credential opens nothing of another node: every kind, every verb', async () => {
  const { authorize, names } = world()
  const thief = nodeUser('own')
  const foreign = [...names('foreign'), 'foreign', 'foreign-claim', 'foreign-d', 'foreign-pv', 'foreign-stage', 'unheard-of']
  /** Decided by NodeRestriction, which sees the object: the authorizer lets them in. */
  const atAdmission = new Set([
    'pods create',
    'pods delete',
    'pods/status update',
    'pods/status patch',
    'pods/eviction create',
    'nodes create',
    'nodes update',
    'nodes patch',
    'nodes/status update',
    'nodes/status patch',
    'leases create',
    'csinodes create',
    'resourceslices create',
  ])
  /** Public to every node. */
  const shared = new Set([
    'services',
    'endpoints',
    'events',
    'tokenreviews',
    'subjectaccessreviews',
    'localsubjectaccessreviews',
    'certificatesigningrequests',
    'csidrivers',
    'runtimeclasses',
  ])
  let asked = 0
  const opened: string[] = []
  for (const kind of kinds) {
    for (const subresource of ['', ...Object.keys(kind.subresources ?? {}), 'status', 'token']) {
      for (const verb of [...allVerbs, 'impersonate', 'escalate', 'bind', '*']) {
        for (const namespace of kind.scope === 'Namespaced' ? ['d', 'storage', 'kube-system', 'kube-node-lease', ''] : ['']) {
          for (const name of ['', ...foreign]) {
            asked += 1
            const { allowed } = await authorize(
              asking(thief, { verb, group: kind.group, resource: kind.plural, subresource, namespace, name }),
            )
            const what = subresource === '' ? kind.plural : `${kind.plural}/${subresource}`
            if (allowed && !shared.has(what) && !atAdmission.has(`${what} ${verb}`)) opened.push(`${verb} ${what} ${namespace}/${name}`)
          }
        }
      }
    }
  }
  assert.deepEqual(opened, [])
  assert.ok(asked > 20_000, String(asked))
})

test('no list without a selector of its own, and no selector of another', async () => {
  const { authorize } = world()
  for (const fieldSelector of [
    undefined,
    '',
    'spec.nodeName=foreign',
    'spec.nodeName!=own',
    'metadata.name=own',
    'spec.nodeName=own\\',
    'x',
  ])
    for (const verb of ['list', 'watch', 'deletecollection']) {
      const decision = await authorize(
        asking(nodeUser('own'), { resource: 'pods', verb, ...(fieldSelector !== undefined && { fieldSelector }) }),
      )
      assert.equal(decision.allowed, false, `${verb} ${fieldSelector}`)
    }
})

test('texts of refusals', async () => {
  const { authorize } = world()
  const check = async (part: Partial<Attributes>, reason: string) =>
    assert.deepEqual(await authorize(asking(nodeUser('own'), part)), { allowed: false, reason })
  await check({ resource: 'secrets', namespace: 'd', name: 'foreign-env' }, "no relationship found between node 'own' and this object")
  await check({ resource: 'configmaps', namespace: 'd', verb: 'list' }, 'No Object name found')
  await check({ resource: 'secrets', verb: 'list' }, 'can only read namespaced object of this type')
  await check({ resource: 'secrets', namespace: 'd', verb: 'update', name: 'own-env' }, 'can only read resources of this type')
  await check({ resource: 'nodes', name: 'foreign' }, "node 'own' cannot read 'foreign', only its own Node object")
  await check({ resource: 'nodes', verb: 'list' }, "node 'own' cannot read all nodes, only its own Node object")
  await check({ resource: 'pods', verb: 'list' }, 'can only list/watch pods with spec.nodeName field selector')
})

test('what a pod opened closes with it, and mirror pods open nothing', async () => {
  const { authorize, objects } = world()
  const secret = asking(nodeUser('own'), { resource: 'secrets', namespace: 'd', name: 'own-env' })
  const allowed = async () => (await authorize(secret)).allowed
  const pod = objects.get(Pod, 'own', 'd') as Pod
  objects.remove(Pod, 'own', 'd')
  assert.equal(await allowed(), false)
  objects.put(Pod, { ...pod, spec: { ...pod.spec, nodeName: '' } })
  assert.equal(await allowed(), false)
  objects.put(Pod, { ...pod, metadata: { ...pod.metadata, annotations: { 'kubernetes.io/config.mirror': 'x' } } })
  assert.equal(await allowed(), false)
  objects.put(Pod, pod)
  assert.equal(await allowed(), true)
})

test('only the group and the name together make a node', async () => {
  const { authorize } = world()
  const ask = (user: Attributes['user']) => authorize(asking(user, { resource: 'secrets', namespace: 'd', name: 'own-env' }))
  for (const user of [
    { name: 'system:node:own', groups: [] },
    { name: 'own', groups: ['system:nodes'] },
    { name: 'system:node:', groups: ['system:nodes'] },
  ])
    assert.equal((await ask(user)).allowed, false, user.name)
})
