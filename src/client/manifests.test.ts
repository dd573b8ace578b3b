import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readManifests, titleOf } from './manifests.ts'

check(
  'documents, in their order',
  'apiVersion: v1\nkind: A\nmetadata: { name: a }\n---\n---\napiVersion: v1\nkind: B\nmetadata: { name: b, namespace: shop }\n',
  ['m.yaml, document 1: A a', 'm.yaml, document 2: B shop/b'],
)
check('JSON', '{"apiVersion":"v1","kind":"A","metadata":{"generateName":"a-"}}', ['m.yaml, document 1: A a-…'])
check(
  'items of a list',
  '{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"A","metadata":{"name":"a"}},{"apiVersion":"v1"}]}',
  ['m.yaml, document 1, item 1: A a', 'm.yaml, document 1, item 2: kind is missing; write kind: Deployment, for one'],
)
check('nothing', '# only words\n', [])
check('no YAML', 'a: [', ['m.yaml: this is neither YAML nor JSON: line 1: did not find expected node content'])
check('a text', 'hello', ['m.yaml, document 1: this is a text, not an object; write apiVersion, kind and metadata'])
check('no kind', 'apiVersion: v1\nmetadata: { name: a }', ['m.yaml, document 1: kind is missing; write kind: Deployment, for one'])
check('no metadata', 'apiVersion: v1\nkind: A', ['m.yaml, document 1: metadata is missing; write metadata: { name: web }'])
check('no name', 'apiVersion: v1\nkind: A\nmetadata: {}', [
  'm.yaml, document 1: metadata.name is missing; every object needs a name (or metadata.generateName)',
])
check('a name that is a number', 'apiVersion: v1\nkind: A\nmetadata: { name: 12 }', [
  'm.yaml, document 1: metadata.name must be a text, not 12; put it in quotes',
])
check('a key twice', 'apiVersion: v1\nkind: A\nkind: B\nmetadata: { name: a }', [
  'm.yaml, document 1: B a',
  'm.yaml, document 1: line 3: key "kind" already set in map; leave one of the two out',
])

function check(name: string, text: string, expected: readonly string[]): void {
  test(`manifests: ${name}`, () => {
    const { manifests, problems } = readManifests([{ name: 'm.yaml', text }])
    assert.deepEqual(
      [
        ...manifests.map(({ where, object }) => `${where}: ${titleOf(object)}`),
        ...problems.map(({ where, problem }) => `${where}: ${problem}`),
      ],
      expected,
    )
  })
}
