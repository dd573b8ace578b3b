import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WherryError } from '#lib/errors.ts'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { AdmissionPlugin } from '../contract.ts'
import { createTestServer } from '../testing.ts'

async function serverWith(plugin: AdmissionPlugin) {
  const { transport } = await createTestServer({ clock: createVirtualClock(0), admission: [plugin] })
  return async (method: string, path: string, body?: unknown) => {
    const headers = { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }
    const answer = await transport({
      method,
      path: `/api/v1/${path}`,
      headers,
      body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
    })
    return JSON.parse(Buffer.from(await readBody(answer.body)).toString())
  }
}

test('what admission changes beyond the part that is written is not kept', async () => {
  const ask = await serverWith({
    name: 'MutatingAdmissionWebhook',
    operations: ['UPDATE'],
    async admit({ object }) {
      return {
        ...object!,
        spec: { finalizers: ['other.io/x'] },
        status: { phase: 'Active', conditions: [{ type: 'a.io/x', status: 'True' }] },
      } as typeof object
    },
  })
  await ask('POST', 'namespaces', { metadata: { name: 'n' } })
  const { spec, status } = await ask('PATCH', 'namespaces/n/status', { status: { phase: 'Active' } })
  assert.deepEqual([spec, status.conditions[0].type], [{ finalizers: ['kubernetes'] }, 'a.io/x'])
})

test('admission is asked of a connection before its object is looked for', async () => {
  const ask = await serverWith({
    name: 'ValidatingAdmissionWebhook',
    operations: ['CONNECT'],
    async validate({ previous }) {
      throw new WherryError('Forbidden', `no connection to ${previous === undefined ? 'nothing' : 'something'}`)
    },
  })
  const { code, message } = await ask('POST', 'namespaces/default/pods/absent/exec?command=x')
  assert.equal(code, 403)
  assert.match(message, /no connection to nothing/)
})
