import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer } from '../testing.ts'

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    names: { plural: 'widgets', kind: 'Widget' },
    scope: 'Cluster',
    versions: [version('v1', [{ rule: 'self.spec.size < 3' }]), version('v2', [])],
  },
}

function version(name: string, rules: readonly object[]) {
  const spec = { type: 'object', properties: { size: { type: 'integer' } } }
  const openAPIV3Schema = { type: 'object', properties: { spec }, ...(rules.length > 0 && { 'x-kubernetes-validations': rules }) }
  return { name, served: true, storage: name === 'v1', schema: { openAPIV3Schema } }
}

test('rules of custom resources are counted where there are any, and where they run', async () => {
  const clock = createVirtualClock(0)
  const server = await createTestServer({ clock })
  const send = async (method: string, path: string, body?: object) => {
    const answer = await server.transport({
      method,
      path,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: Buffer.from(JSON.stringify(body)) }),
    })
    return { status: answer.status, text: Buffer.from(await readBody(answer.body)).toString() }
  }
  const counted = async () => {
    const { text } = await send('GET', '/metrics')
    return ['compilation', 'evaluation'].map((what) =>
      Number(new RegExp(`^apiserver_cel_${what}_duration_seconds_count (\\d+)$`, 'm').exec(text)?.[1]),
    )
  }
  const create = (version: string, name: string, size: number) =>
    send('POST', `/apis/example.com/${version}/widgets`, {
      apiVersion: `example.com/${version}`,
      kind: 'Widget',
      metadata: { name },
      spec: { size },
    })
  assert.deepEqual(await counted(), [0, 0])
  await send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition)
  // The definition is served once its names are accepted.
  for (let i = 0; i < 100 && (await send('GET', '/apis/example.com/v1/widgets')).status !== 200; i += 1) await clock.advance(100)
  assert.equal((await create('v2', 'a', 5)).status, 201)
  assert.deepEqual(await counted(), [0, 0], 'a version without rules')
  assert.equal((await create('v1', 'b', 1)).status, 201)
  assert.equal((await create('v1', 'c', 5)).status, 422)
  assert.deepEqual(await counted(), [1, 2])
  await server.close()
})
