import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import { World } from '../testing/world.ts'
import { certificateCleanerController as controller } from './controller.ts'

const start = Date.parse('2026-01-01T00:00:00Z')
const minuteMs = 60_000
const hourMs = 60 * minuteMs
const ending = (atMs: number) =>
  Buffer.from(makeCertificate({ commonName: 'x', usage: 'client', notBefore: start - hourMs, notAfter: atMs }).certificate).toString(
    'base64',
  )
const at = (offsetMs: number) => new Date(start + offsetMs).toISOString().replace('.000', '')
const condition = (type: string, offsetMs = 0) => ({ type, status: 'True', lastUpdateTime: at(offsetMs) })

check('nobody looked at it', {}, 24 * hourMs)
check('denied', { conditions: [condition('Denied')] }, hourMs)
check('failed', { conditions: [condition('Approved'), condition('Failed', 10 * minuteMs)] }, hourMs + 10 * minuteMs)
check('approved and not signed', { conditions: [condition('Approved', minuteMs)] }, 24 * hourMs + minuteMs)
check('issued', { conditions: [condition('Approved')], certificate: ending(start + 2 * hourMs) }, hourMs)
check('its certificate ends', { conditions: [condition('Approved')], certificate: ending(start + 20 * minuteMs) }, 20 * minuteMs)
check('its certificate is unreadable', { conditions: [condition('Approved')], certificate: 'eA==' }, hourMs)
check('a condition of another sort', { conditions: [condition('Interesting')] }, Infinity)

/** The request stays until `dueMs` after its creation, and goes right after. */
function check(name: string, status: object, dueMs: number): void {
  test(name, () => {
    const world = new World()
    world.put(CertificateSigningRequest, { metadata: { name: 'r' }, spec: {}, status })
    const wakeAt = world.settle([controller])
    assert.equal(wakeAt, dueMs === Infinity ? Infinity : start + dueMs + 1)
    if (dueMs === Infinity) return
    world.now = start + dueMs
    world.settle([controller])
    assert.ok(world.get(CertificateSigningRequest, 'r'))
    world.now = wakeAt
    world.settle([controller])
    assert.equal(world.get(CertificateSigningRequest, 'r'), undefined)
  })
}
