/** Do our manifests survive the loss of a node? A cluster in this process answers, in virtual time. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { cluster, Deployment, isPodReady, Pod } from 'wherry/testing'

const manifests = readFileSync(new URL('../nginx-deployment.yaml', import.meta.url), 'utf8')

test('two replicas are back six minutes after a node is lost', async () => {
  await using c = await cluster({ nodes: 3, seed: 7 })
  await c.apply(manifests)
  const readyPods = async () => (await c.client.list(Pod, { namespace: 'default' })).items.filter(isPodReady)
  await c.until(async () => (await readyPods()).length === 2, '1m')

  const [first] = await readyPods()
  c.nodes.find(({ name }) => name === first!.spec.nodeName)!.lose()
  await c.advance('2m')
  assert.equal((await readyPods()).length, 1, 'nobody acts before the toleration of five minutes is over')
  await c.advance('4m')
  const { status } = await c.client.get(Deployment, 'nginx-deployment', 'default')
  assert.equal(status.availableReplicas, 2)
})

test('an image that cannot be pulled is told of, and costs no time', async () => {
  await using c = await cluster()
  c.images.set('nginx:1.7.9', { isAbsent: true, pullFails: 'not found' })
  await c.apply(manifests)
  await c.advance('1h')
  assert.ok(c.events({ kind: 'Pod' }).some(({ reason, message }) => reason === 'Failed' && message?.includes('not found')))
  const { status } = await c.client.get(Deployment, 'nginx-deployment', 'default')
  assert.equal(status.conditions?.find(({ type }) => type === 'Progressing')?.reason, 'ProgressDeadlineExceeded')
})
