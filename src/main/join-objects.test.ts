import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import type { ConfigMap } from '#api/core/v1/config-map.ts'
import type { KubeObject } from '#api/kind.ts'
import { joinObjects } from './join-objects.ts'

const ca = '-----BEGIN CERTIFICATE-----\nMQ==\n-----END CERTIFICATE-----\n'
const newCa = ca.replace('MQ', 'Mg')
const [first, moved, balancer] = ['https://192.0.2.1:6443', 'https://192.0.2.2:6443', 'https://cluster.example.org:6443']

test('the server that is told follows the machine', () => {
  const made = infoOf(first).object as KubeObject
  assert.equal(serverIn(made), first)
  assert.equal(restarted(made, first), made, 'nothing is written that was there')
  assert.equal(serverIn(restarted(made, moved)), moved)
})

test("an administrator's own stays, wherever the machine moves, and as long as it is one", () => {
  const own = told(infoOf(first).object as KubeObject, balancer)
  assert.equal(restarted(own, first), own)
  assert.equal(restarted(own, moved), own)
  assert.equal(serverIn(restarted(told(own, first), moved)), moved, 'set back to what we told')
})

test('authorities that an administrator told beside ours stay; one that is missing is added', () => {
  const own = told(infoOf(first).object as KubeObject, balancer, `${newCa}${ca}`)
  assert.equal(restarted(own, first), own)
  const next = restarted(own, first, ca.replace('MQ', 'Mw'))
  assert.equal(serverIn(next), balancer)
  assert.match(caIn(next), /Mw/)
})

test('what a former version wrote, or nobody can read, is written anew; what others wrote beside it stays', () => {
  const { annotations: _, ...bare } = (infoOf(first).object as KubeObject).metadata
  const former = { ...(infoOf(first).object as KubeObject), metadata: bare } as KubeObject
  const next = restarted({ ...former, data: { ...(former as ConfigMap).data, 'jws-kubeconfig-abcdef': 'x..y' } } as KubeObject, moved)
  assert.equal(serverIn(next), moved)
  assert.equal((next as ConfigMap).data?.['jws-kubeconfig-abcdef'], 'x..y')
  assert.equal(restarted(next, moved), next)
  const broken = { ...next, data: { kubeconfig: '{' } } as KubeObject
  assert.equal(serverIn(restarted(broken, moved)), moved)
})

test('a role or binding that lost something is given it back at the next start, and keeps what was added', () => {
  for (const { object, reconcile } of joinObjects({ server: first, facts: {} }, ca).filter(({ kind }) => kind.group !== '')) {
    const { rules, subjects } = object as { readonly rules?: readonly object[]; readonly subjects?: readonly object[] }
    const [part, own] = rules ? ['rules', { nonResourceURLs: ['/own'], verbs: ['get'] }] : ['subjects', { kind: 'User', name: 'own' }]
    assert.equal(reconcile(object as KubeObject), undefined, object.metadata.name)
    const next = reconcile({ ...object, [part]: [own] } as KubeObject)
    assert.deepEqual((next as unknown as Record<string, unknown>)[part], [own, ...(rules ?? subjects!)], object.metadata.name)
  }
})

const infoOf = (server: string, authority = ca) =>
  joinObjects({ server, facts: {} }, authority).find(({ object }) => object.metadata.name === 'cluster-info')!

/** What a start of the server leaves there. */
const restarted = (present: KubeObject, server: string, authority = ca): KubeObject =>
  (infoOf(server, authority).reconcile(present) as KubeObject | undefined) ?? present

function told(present: KubeObject, server: string, authority = ca): KubeObject {
  const kubeconfig = JSON.stringify({
    clusters: [{ cluster: { server, 'certificate-authority-data': Buffer.from(authority).toString('base64') } }],
  })
  return { ...present, data: { kubeconfig } } as KubeObject
}

const clusterIn = (object: KubeObject) => parse((object as ConfigMap).data!['kubeconfig']!).clusters[0].cluster
const serverIn = (object: KubeObject): string => clusterIn(object).server
const caIn = (object: KubeObject): string => Buffer.from(clusterIn(object)['certificate-authority-data'], 'base64').toString()
