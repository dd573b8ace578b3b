import assert from 'node:assert/strict'
import { test } from 'node:test'
import { featuresOf } from '#api/features.ts'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer } from '../testing.ts'

for (const [switches, on] of [
  [{}, []],
  [{ PodCertificateRequest: true }, ['PodCertificateRequest']],
  [{ ClusterTrustBundle: true, ClusterTrustBundleProjection: true }, ['ClusterTrustBundle', 'ClusterTrustBundleProjection']],
] as const)
  test(`feature gates are shown as they are: ${on.join(', ') || 'none turned on'}`, async () => {
    const server = await createTestServer({ clock: createVirtualClock(0), server: { features: featuresOf(switches) } })
    const { body } = await server.transport({ method: 'GET', path: '/metrics', headers: {} })
    const text = Buffer.from(await readBody(body, 10_000_000)).toString()
    const shown = [...text.matchAll(/^kubernetes_feature_enabled\{name="(\w+)",stage="BETA"\} 1$/gm)].map(([, name]) => name)
    assert.deepEqual(shown.filter((name) => /ClusterTrustBundle|PodCertificate/.test(name!)).sort(), on)
    assert.match(text, /^kubernetes_feature_enabled\{name="NodeSwap",stage=""\} 1$/m)
    await server.close()
  })
