import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PodCertificateRequest } from '#api/certificates/v1beta1/pod-certificate-request.ts'
import { World } from '../testing/world.ts'
import { podCertificateRequestCleaner as controller } from './controller.ts'

const condition = (type: string) => ({ conditions: [{ type, status: 'True', reason: 'R', message: '' }] })

for (const [name, status] of Object.entries({
  pending: {},
  issued: condition('Issued'),
  denied: condition('Denied'),
  failed: condition('Failed'),
}))
  test(`a request that is ${name} goes after a quarter of an hour, and not before`, () => {
    const world = new World()
    world.put(PodCertificateRequest, { metadata: { name: 'r', namespace: 'shop' }, spec: {}, status })
    const start = world.now
    const due = start + 15 * 60_000
    assert.equal(world.settle([controller]), due)
    world.now = due - 1
    world.settle([controller])
    assert.ok(world.get(PodCertificateRequest, 'r', 'shop'))
    world.now = due
    world.settle([controller])
    assert.equal(world.get(PodCertificateRequest, 'r', 'shop'), undefined)
  })
