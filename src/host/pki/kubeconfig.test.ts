import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { isError } from '#lib/errors.ts'
import { kubeconfig, mergeKubeconfig, removeFromKubeconfig } from './kubeconfig.ts'

const entry = { name: 'wherry', server: 'https://127.0.0.1:6443', caCertificate: 'CA', certificate: 'CERT', key: 'KEY' }

const theirs = `# my clusters
apiVersion: v1
kind: Config
x-unknown: {keep: [me]}  # really
clusters:
# production!
- cluster:
    certificate-authority: /etc/ca.crt
    server: https://prod:6443
  name: prod
contexts:
- context: {cluster: prod, user: "me", namespace: shop}
  name: prod
current-context: prod
users:
- name: me
  user:
    exec: {command: login, args: [a, b]}
`

test('a new file', () => {
  const text = kubeconfig(entry)
  assert.deepEqual(parse(text), {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'wherry', cluster: { server: entry.server, 'certificate-authority-data': 'Q0E=' } }],
    users: [{ name: 'wherry-admin', user: { 'client-certificate-data': 'Q0VSVA==', 'client-key-data': 'S0VZ' } }],
    contexts: [{ name: 'wherry', context: { cluster: 'wherry', user: 'wherry-admin' } }],
    'current-context': 'wherry',
  })
  assert.ok(!text.includes('{'), 'block style')
})

test('merging leaves what is there', () => {
  const merged = mergeKubeconfig(theirs, entry)
  for (const line of ['# my clusters', '# production!', '# really', 'certificate-authority: /etc/ca.crt', 'command: login'])
    assert.ok(merged.includes(line), line)
  const before = parse(theirs)
  const after = parse(merged)
  assert.equal(after['current-context'], 'prod')
  assert.deepEqual(after['x-unknown'], before['x-unknown'])
  for (const field of ['clusters', 'contexts', 'users']) {
    assert.deepEqual(after[field][0], before[field][0])
    assert.equal(after[field].length, 2)
  }
})

test('merging again changes nothing, merging new facts replaces ours only', () => {
  const once = mergeKubeconfig(theirs, entry)
  assert.equal(mergeKubeconfig(once, entry), once)
  const moved = parse(mergeKubeconfig(once, { ...entry, server: 'https://127.0.0.1:7443' }, { makeCurrent: true }))
  assert.equal(moved.clusters[1].cluster.server, 'https://127.0.0.1:7443')
  assert.equal(moved.clusters.length, 2)
  assert.equal(moved['current-context'], 'wherry')
})

test('removing undoes merging', () => {
  const removed = removeFromKubeconfig(mergeKubeconfig(theirs, entry, { makeCurrent: true }), 'wherry')
  assert.deepEqual(parse(removed), { ...parse(theirs), 'current-context': '' })
  assert.equal(removeFromKubeconfig(theirs, 'wherry'), theirs)
})

test('what another context uses stays', () => {
  const shared = parse(mergeKubeconfig(theirs, entry))
  shared.contexts.push({ name: 'dev', context: { cluster: 'wherry', user: 'wherry-admin', namespace: 'dev' } })
  const removed = parse(removeFromKubeconfig(JSON.stringify(shared), 'wherry'))
  assert.deepEqual(
    removed.contexts.map((context: { name: string }) => context.name),
    ['prod', 'dev'],
  )
  assert.equal(removed.clusters.length, 2)
  assert.equal(removed.users.length, 2)
})

test('odd but valid files', () => {
  for (const text of ['# only a comment\n', 'clusters: null\ncontexts: []\n', '{}', '{"clusters":[],"kind":"Config"}'])
    assert.equal(parse(mergeKubeconfig(text, entry))['current-context'], 'wherry', text)
})

test('what is no kubeconfig is never written over', () => {
  for (const text of ['- a\n', 'clusters: {a: b}\n', 'a: [', 'plain text'])
    assert.throws(
      () => mergeKubeconfig(text, entry),
      (error) => isError(error, 'Invalid'),
      text,
    )
})
