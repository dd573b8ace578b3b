import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { AnyKind } from '#api/kind.ts'
import { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import { definitionsOf } from './definitions.ts'
import { wordOf } from './operation.ts'
import { pathsOf } from './paths.ts'

// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
type Any = any

const pods = '/api/v1/namespaces/{namespace}/pods'
check('a collection', Pod, pods, 'get', 'listCoreV1NamespacedPod', ['allowWatchBookmarks', 'watch'])
check('of all namespaces', Pod, '/api/v1/pods', 'get', 'listCoreV1PodForAllNamespaces', ['namespace'], [])
check('a write', Pod, pods, 'post', 'createCoreV1NamespacedPod', ['dryRun', 'fieldManager', 'fieldValidation'])
check('a deletion of many', Pod, pods, 'delete', 'deleteCoreV1CollectionNamespacedPod', ['continue', 'propagationPolicy'])
check('an object', ClusterRole, '/apis/rbac.authorization.k8s.io/v1/clusterroles/{name}', 'patch', 'patchRbacAuthorizationV1ClusterRole', [
  'force',
])
check('a part that acts', Pod, `${pods}/{name}/eviction`, 'post', 'createCoreV1NamespacedPodEviction', ['dryRun'])
check('a connection', Pod, `${pods}/{name}/exec`, 'post', 'connectCoreV1PostNamespacedPodExec', ['command', 'tty'])
check('a log', Pod, `${pods}/{name}/log`, 'get', 'readCoreV1NamespacedPodLog', ['tailLines', 'pretty'])
check('below a proxy', Node, '/api/v1/nodes/{name}/proxy/{path}', 'head', 'connectCoreV1HeadNodeProxyWithPath', ['path'])
check('the old form of a watch', Pod, `/api/v1/watch${pods.slice('/api/v1'.length)}/{name}`, 'get', 'watchCoreV1NamespacedPod', ['name'])

test('what all methods of a path take stands beside them, once, by name', () => {
  const item = pathsOf(Pod, 'v3')[`${pods}/{name}`] as Any
  assert.deepEqual(
    item.parameters.map(({ name }: Any) => name),
    ['name', 'namespace', 'pretty'],
  )
  assert.equal(item.get.parameters, undefined)
})

test('a body of version 2 stands among the parameters', () => {
  const { post, get } = pathsOf(Pod, 'v2')[pods] as Any
  assert.deepEqual(post.parameters[0], {
    name: 'body',
    in: 'body',
    required: true,
    schema: { $ref: '#/definitions/io.k8s.api.core.v1.Pod' },
  })
  assert.deepEqual([post.consumes, get.produces.length, post.requestBody], [['*/*'], 5, undefined])
})

test('names of properties are anybody’s', () => {
  const schema = {
    properties: { allOf: { allOf: [{ $ref: '#/components/schemas/A' }], default: {}, description: 'd' }, default: { type: 'string' } },
  }
  assert.deepEqual(definitionsOf({ A: schema }), {
    A: { properties: { allOf: { $ref: '#/definitions/A', description: 'd' }, default: { type: 'string' } } },
  })
})

test('words of groups', () => {
  const words = ['', 'apps', 'rbac.authorization.k8s.io', 'a-b.example.com'].map(wordOf)
  assert.deepEqual(words, ['core', 'apps', 'rbacAuthorization', 'aBExampleCom'])
})

/** `takes`: which names are looked for among its parameters and the path’s; `present`: those of them that are there. */
function check(
  name: string,
  kind: AnyKind,
  path: string,
  method: string,
  operationId: string,
  takes: readonly string[],
  present: readonly string[] = takes,
): void {
  test(name, () => {
    const item = pathsOf(kind, 'v3')[path] as Any
    assert.equal(item?.[method]?.operationId, operationId)
    const names = [...(item.parameters ?? []), ...(item[method].parameters ?? [])].map((parameter: Any) => parameter.name)
    assert.deepEqual(
      takes.filter((one) => names.includes(one)),
      present,
    )
  })
}
