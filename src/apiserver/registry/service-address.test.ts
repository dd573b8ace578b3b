import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer } from '../testing.ts'

const services = '/api/v1/namespaces/default/services'
const addresses = '/apis/networking.k8s.io/v1/ipaddresses'
const service = (spec: object = {}) => ({ metadata: { name: 'a' }, spec: { ports: [{ port: 80 }], ...spec } })

const pools = { clusterIPs: ['10.96.0.0/12', 'fd00::/112'], nodePorts: [30_000, 32_767] } as const

type Send = (method: string, path: string, body?: object) => Promise<Record<string, unknown>>

check('an address that a service holds is an object, made with it', async (send) => {
  const { spec } = (await send('POST', services, service())) as { readonly spec: { readonly clusterIP: string } }
  return { [spec.clusterIP]: { resource: 'services', namespace: 'default', name: 'a' } }
})
check('and removed with it', async (send) => {
  await send('POST', services, service())
  await send('DELETE', `${services}/a`)
  return {}
})
check('an address is given back when its service wants none any more', async (send) => {
  const { spec, ...rest } = (await send('POST', services, service())) as { readonly spec: Record<string, unknown> }
  const { clusterIP: _address, clusterIPs: _addresses, ...other } = spec
  await send('PUT', `${services}/a`, { ...rest, spec: { ...other, type: 'ExternalName', externalName: 'example.com' } })
  return {}
})
check('an address of whatever object is given to nobody', async (send) => {
  const parentRef = { resource: 'things', name: 'x' }
  await send('POST', addresses, { metadata: { name: '10.96.0.9' }, spec: { parentRef } })
  const { message } = await send('POST', services, service({ clusterIP: '10.96.0.9' }))
  assert.match(String(message), /failed to allocate IP 10\.96\.0\.9: provided IP is already allocated/)
  return { '10.96.0.9': parentRef }
})
check('a service of both families holds an address of each, and gives the second back', async (send) => {
  const dual = { clusterIP: 'FD00::7', clusterIPs: ['FD00::7', '10.96.0.9'], ipFamilyPolicy: 'RequireDualStack' }
  await send('POST', services, service(dual))
  const held = (await send('GET', addresses)) as { readonly items: readonly { readonly metadata: { readonly name: string } }[] }
  assert.deepEqual(held.items.map(({ metadata }) => metadata.name).toSorted(), ['10.96.0.9', 'fd00::7'])
  await send('PATCH', `${services}/a`, { spec: { ipFamilyPolicy: 'SingleStack' } })
  return { 'fd00::7': { resource: 'services', namespace: 'default', name: 'a' } }
})
check('a dry run takes no address', async (send) => {
  await send('POST', `${services}?dryRun=All`, service())
  return {}
})

/** `act` tells which addresses have to be there in the end, and whose. */
function check(name: string, act: (send: Send) => Promise<Readonly<Record<string, unknown>>>): void {
  test(name, async () => {
    const server = await createTestServer({ clock: createVirtualClock(0), server: { pools } })
    const send: Send = async (method, path, body) => {
      const headers = { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }
      const answer = await server.transport({ method, path, headers, ...(body && { body: Buffer.from(JSON.stringify(body)) }) })
      return JSON.parse(Buffer.from(await readBody(answer.body)).toString())
    }
    await send('POST', '/api/v1/namespaces', { metadata: { name: 'default' } })
    const wanted = await act(send)
    const { items } = (await send('GET', addresses)) as {
      readonly items: readonly { readonly metadata: { readonly name: string }; readonly spec: { readonly parentRef: unknown } }[]
    }
    assert.deepEqual(Object.fromEntries(items.map(({ metadata, spec }) => [metadata.name, spec.parentRef])), wanted)
    await server.close()
  })
}
