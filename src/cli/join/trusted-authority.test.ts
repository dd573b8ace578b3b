import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createServer } from 'node:tls'
import { type KeyPair, makeCertificate } from '#host/pki/certificate.ts'
import { type ErrorCode, isError } from '#lib/errors.ts'
import { keyHash, trustedAuthority } from './trusted-authority.ts'

const now = Date.now()
const life = { notBefore: now - 60_000, notAfter: now + 3_600_000 }
const authority = (): KeyPair => makeCertificate({ commonName: 'kubernetes', usage: 'ca', ...life })
const leafOf = (issuer: KeyPair, addresses = ['127.0.0.1'], ages = life): KeyPair =>
  makeCertificate({ commonName: 'kube-apiserver', usage: 'server', addresses, ...ages }, issuer)
const ours = authority()
const stranger = authority()
const pin = keyHash(new X509Certificate(ours.certificate))

check('the server of the pinned authority', leafOf(ours), [ours], undefined)
check('one that shows other authorities first', leafOf(ours), [stranger, ours], undefined)
check('another authority’s', leafOf(stranger), [stranger], ['Forbidden', /it shows sha256:/])
check('one that shows no authority', leafOf(ours), [], ['Forbidden', /it shows no authority at all/])
check(
  'one between, who shows the pinned authority behind a certificate of its own',
  leafOf(stranger),
  [ours],
  ['Forbidden', /its own certificate is of another: this is not the cluster's server/],
)
check(
  'one between, who shows both authorities, of one name',
  leafOf(stranger),
  [stranger, ours],
  ['Forbidden', /its own certificate is of another: this is not the cluster's server/],
)
check(
  'one between, who shows the authority as its own certificate',
  { ...stranger, certificate: stranger.certificate },
  [ours],
  ['Forbidden', /its own certificate is of another: this is not the cluster's server/],
)
check(
  'a server by another address',
  leafOf(ours, ['192.0.2.1']),
  [ours],
  ['ServiceUnavailable', /does not name 127\.0\.0\.1, but IP Address:192\.0\.2\.1; .*"serverNames"/],
)
check(
  'a certificate that ended',
  leafOf(ours, ['127.0.0.1'], { notBefore: now - 9_000, notAfter: now - 5_000 }),
  [ours],
  ['ServiceUnavailable', /certificate ended at .* set the clock/],
)

/** Nothing is ever said to any of them. */
function check(name: string, leaf: KeyPair, shown: readonly KeyPair[], expected: readonly [ErrorCode, RegExp] | undefined): void {
  test(name, async () => {
    let heardBytes = 0
    const cert = [leaf, ...shown].map(({ certificate }) => certificate).join('\n')
    const server = createServer({ cert, key: leaf.key }, (socket) => {
      socket.on('data', (chunk) => (heardBytes += chunk.length))
      socket.on('error', () => socket.destroy())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`)
      const found = trustedAuthority({ server: url, hashes: [pin], now, timeoutMs: 5_000 })
      if (expected === undefined) assert.equal((await found).trim(), ours.certificate.trim())
      else
        await assert.rejects(found, (error) => {
          assert.ok(isError(error, expected[0]), String(error))
          assert.match(error.message, expected[1])
          return true
        })
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
    assert.equal(heardBytes, 0)
  })
}
