import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isError } from '#lib/errors.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { rawProxyPath } from '../connect/proxy-path.ts'
import { createTestServer } from '../testing.ts'
import { parseRequest, type RequestInfo } from './request-info.ts'

function check(target: string, want: Partial<RequestInfo>): void {
  test(target, () => {
    const { query: _, ...info } = parseRequest('GET', target)
    assert.deepEqual({ ...info, ...want }, info)
  })
}

check('/api/v1/namespaces/a/pods/b/log?follow=1', { namespace: 'a', resource: 'pods', name: 'b', subresource: 'log' })
check('/api/v1/namespaces/a/pod%73', { path: '/api/v1/namespaces/a/pods', resource: 'pods', verb: 'list' })
check('/heal%74hz?x=%2F', { path: '/healthz', isResource: false })
// An encoded slash parts names as a plain one does, also among bytes that are no text.
check('/apis/g/v1/namespaces%2Fsecret%2Fthings', { namespace: 'secret', resource: 'things', name: '' })
check('/apis/g/v1/namespaces%2fsecret/things/%ff', { namespace: 'secret', resource: 'things', name: '\u00ff' })
check('/api%2Fv1/pods', { isResource: true, resource: 'pods' })
check('/api/v1/pods/%zz', { name: '%zz' })

test('before /proxy an encoded slash is refused, behind it left alone', () => {
  const attributes = { group: '', namespace: 'a' }
  assert.equal(rawProxyPath('/api/v1/namespaces/a/pods/p/proxy/x%2Fy', attributes).rest, '/x%2Fy')
  for (const target of ['/api/v1/namespaces/a%2Fpods/p/proxy/secret', '/api/v1/namespaces/a/pods/p%2fproxy/secret'])
    assert.throws(
      () => rawProxyPath(target, attributes),
      (error) => isError(error, 'BadRequest'),
      target,
    )
})

test('a proxy is there for methods that are no verbs, other parts and objects are not', async () => {
  const server = await createTestServer({ clock: createVirtualClock(0) })
  const status = async (method: string, path: string) => (await server.transport({ method, path, headers: {} })).status
  const at = '/api/v1/namespaces/default/pods/none'
  for (const method of ['HEAD', 'OPTIONS', 'PATCH']) assert.equal(await status(method, `${at}/proxy/x`), 404, method)
  assert.equal(await status('TRACE', `${at}/proxy/x`), 405)
  for (const method of ['HEAD', 'OPTIONS']) for (const part of ['/exec', '/log', '']) assert.equal(await status(method, at + part), 405)
  await server.close()
})
