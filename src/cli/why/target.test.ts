import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtInKinds, discoveredKinds, kindNamed, parseTarget } from './target.ts'

test('an object is named as kubectl names it', () => {
  assert.deepEqual(parseTarget(['pod/x']), { kind: 'pod', name: 'x' })
  assert.deepEqual(parseTarget(['pod', 'x']), { kind: 'pod', name: 'x' })
  for (const words of [['pod'], ['pod/'], ['/x'], ['a/b/c']])
    assert.throws(() => parseTarget(words), /is named KIND\/NAME, such as pod\/web-1/)
})

test('a kind goes by all its names', () => {
  const named = (name: string) => kindNamed(builtInKinds, name)?.kind
  for (const name of ['deployment', 'deployments', 'deploy', 'Deployment', 'deploy.apps', 'deployments.apps'])
    assert.equal(named(name), 'Deployment')
  assert.deepEqual(
    [named('po'), named('pvc'), named('ns'), named('job'), named('events'), named('ship')],
    ['Pod', 'PersistentVolumeClaim', 'Namespace', 'Job', 'Event', undefined],
  )
})

test('kinds of definitions come from discovery, in the preferred version', () => {
  const resource = { resource: 'berths', responseKind: { kind: 'Berth' }, scope: 'Namespaced', shortNames: ['bt'], verbs: ['get', 'list'] }
  const versions = [
    { version: 'v2', resources: [resource, { ...resource, resource: 'reviews', verbs: ['create'] }] },
    { version: 'v1', resources: [resource] },
  ]
  const kinds = discoveredKinds({ kind: 'APIGroupDiscoveryList', items: [{ metadata: { name: 'harbour.example' }, versions }] })
  assert.deepEqual(
    kinds.map(({ group, version, plural, singular }) => [group, version, plural, singular]),
    [['harbour.example', 'v2', 'berths', 'berth']],
  )
  assert.equal(kindNamed(kinds, 'bt')?.kind, 'Berth')
  assert.throws(() => discoveredKinds({ kind: 'APIGroupList' }), /does not tell which kinds it serves/)
})
