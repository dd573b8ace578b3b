import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { makeCertificate } from '#host/pki/certificate.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { clientCertificateAuthenticator } from '../authentication/client-certificate.ts'
import { createCertificateMetrics } from './certificate-metrics.ts'

test('each use of a certificate is counted by how long that is good for, one that has ended too', async () => {
  const start = Date.parse('2026-01-01T00:00:00Z')
  const clock = createVirtualClock(start)
  const registry = createRegistry()
  const authenticate = clientCertificateAuthenticator({ clock, onUse: createCertificateMetrics(registry) })
  const { certificate } = makeCertificate({ commonName: 'x', usage: 'client', notBefore: start - 1000, notAfter: start + 3_600_000 })
  const caller = { certificate: new X509Certificate(certificate).raw, remoteAddress: '' }
  const request = { method: 'GET', path: '/', headers: {} }
  await authenticate(request, { remoteAddress: '' })
  await authenticate(request, caller)
  await clock.advance(3_000_000)
  await authenticate(request, caller)
  await clock.advance(3_000_000)
  await assert.rejects(authenticate(request, caller), /expired/)
  const shown = registry.text().matchAll(/^apiserver_client_certificate_expiration_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm)
  assert.deepEqual(Array.from(shown, ([, bound, count]) => `${bound}: ${count}`).slice(0, 4), ['0: 1', '1800: 2', '3600: 3', '7200: 3'])
})
