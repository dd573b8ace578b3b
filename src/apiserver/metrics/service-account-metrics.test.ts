import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { Secret } from '#api/core/v1/secret.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { memoryObjects } from '../authorization/testing/memory-objects.ts'
import { legacyTokenIssuer } from '../tokens/legacy-token.ts'
import { createLegacyTokenVerifier } from '../tokens/legacy-token-verifier.ts'
import { createTokenKeys } from '../tokens/token-keys.ts'
import { createTokenVerifier } from '../tokens/token-verifier.ts'
import { createServiceAccountMetrics } from './service-account-metrics.ts'

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
const start = Date.parse('2026-01-01T00:00:00Z')

async function world() {
  const clock = createVirtualClock(start)
  const objects = memoryObjects()
  const keys = await createTokenKeys({ signingKey: key })
  const registry = createRegistry()
  const options = { keys, objects, clock, count: createServiceAccountMetrics(registry) }
  const putAccount = (secrets: object[]) =>
    objects.put(ServiceAccount, { metadata: { name: 'b', namespace: 'd' }, secrets }) as ServiceAccount
  const account = putAccount([])
  const secret = { metadata: { name: 's', namespace: 'd' }, type: 'kubernetes.io/service-account-token' }
  const legacy = legacyTokenIssuer(key)(account, secret as unknown as Secret)
  const putSecret = (labels: object) =>
    objects.put(Secret, {
      ...secret,
      metadata: { ...secret.metadata, labels },
      data: { token: Buffer.from(legacy).toString('base64') },
    })
  const legacyVerify = createLegacyTokenVerifier({ ...options, audiences: ['api'], noteUse: () => {} })
  const verify = createTokenVerifier(options)
  const bound = (warnafter?: number) =>
    keys.sign({
      iss: keys.issuer,
      sub: 'system:serviceaccount:d:b',
      aud: ['api'],
      iat: start / 1000,
      nbf: start / 1000,
      exp: start / 1000 + 9000,
      jti: 'x',
      'kubernetes.io': {
        namespace: 'd',
        serviceaccount: { name: 'b', uid: account.metadata.uid },
        ...(warnafter !== undefined && { warnafter }),
      },
    })
  const counted = () =>
    Object.fromEntries(
      Array.from(registry.text().matchAll(/^serviceaccount_(\w+)_total (\d+)$/gm), ([, name, count]) => [name, Number(count)]),
    )
  return {
    clock,
    putAccount,
    putSecret,
    useLegacy: () => legacyVerify(legacy, ['api']),
    use: (token: string) => verify(token, ['api']),
    bound,
    counted,
  }
}

test('uses of tokens are counted by their sort', async () => {
  const { clock, putAccount, putSecret, useLegacy, use, bound, counted } = await world()
  putSecret({})
  await useLegacy()
  putAccount([{ name: 's' }])
  await useLegacy()
  putSecret({ 'kubernetes.io/legacy-token-invalid-since': '2025-12-31' })
  await assert.rejects(useLegacy(), /has been marked invalid/)
  const stretched = await bound(start / 1000 + 60)
  // One whose life was not stretched is neither.
  await use(await bound())
  await use(stretched)
  await clock.advance(61_000)
  await use(stretched)
  await use(stretched)
  assert.deepEqual(counted(), {
    invalid_legacy_auto_token_uses: 1,
    legacy_auto_token_uses: 1,
    legacy_manual_token_uses: 1,
    legacy_tokens: 3,
    stale_tokens: 2,
    valid_tokens: 1,
  })
})
