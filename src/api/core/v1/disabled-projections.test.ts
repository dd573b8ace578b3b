import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { CronJob } from '#api/batch/v1/cron-job.ts'
import { Job } from '#api/batch/v1/job.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { PodTemplate } from '#api/core/v1/pod-template.ts'
import { ReplicationController } from '#api/core/v1/replication-controller.ts'
import { validateProjected } from '#api/core/v1/validation/volume-projected.ts'
import type { FeatureGate } from '#api/features.ts'
import type { AnyKind } from '#api/kind.ts'
import { created } from '#api/testing/check-kind.ts'

const bundle = { clusterTrustBundle: { name: 'b', path: 'b' } }
const certificate = { podCertificate: { signerName: 'a.io/b', keyType: 'ED25519', keyPath: 'k' } }
const token = { configMap: { name: 'c' } }
const podWith = (...sources: object[]) => ({
  containers: [{ name: 'c', image: 'i' }],
  volumes: [
    { name: 'e', emptyDir: {} },
    { name: 'v', projected: { sources } },
  ],
})
const template = (...sources: object[]) => ({ metadata: { labels: { a: 'b' } }, spec: podWith(...sources) })
const workload = (spec: object) => ({ spec: { selector: { matchLabels: { a: 'b' } }, ...spec } })

/** Everything that has pods in it, and where. */
const holders: readonly (readonly [kind: AnyKind, make: (...sources: object[]) => object])[] = [
  [Pod, (...sources) => ({ spec: podWith(...sources) })],
  [PodTemplate, (...sources) => ({ template: template(...sources) })],
  [ReplicationController, (...sources) => ({ spec: { selector: { a: 'b' }, template: template(...sources) } })],
  ...[ReplicaSet, Deployment, DaemonSet, StatefulSet].map(
    (kind) => [kind as AnyKind, (...sources: object[]) => workload({ template: template(...sources) })] as const,
  ),
  [Job, (...sources) => ({ spec: { template: template(...sources) } })],
  [CronJob, (...sources) => ({ spec: { schedule: '* * * * *', jobTemplate: { spec: { template: template(...sources) } } } })],
]

const sourcesIn = (object: unknown): readonly object[] => {
  const found: object[][] = []
  JSON.stringify(object, (name, value) => {
    if (name === 'projected') found.push(value.sources)
    return value
  })
  return found.flat()
}

for (const [kind, make] of holders) {
  const drop = (next: object, previous: object | undefined, ...gates: FeatureGate[]) =>
    sourcesIn(kind.rules.dropDisabled!(next, previous, new Set(gates)))
  test(`${kind.kind}: a source whose gate is off is dropped, and its place stays`, () => {
    const next = make(bundle, token, certificate)
    assert.deepEqual(drop(next, undefined), [{}, token, {}])
    assert.deepEqual(drop(next, undefined, 'ClusterTrustBundle', 'ClusterTrustBundleProjection'), [bundle, token, {}])
    assert.deepEqual(drop(next, undefined, 'PodCertificateRequest'), [{}, token, certificate])
    assert.deepEqual(drop(next, make(bundle)), [bundle, token, {}])
    assert.deepEqual(drop(next, make(token)), [{}, token, {}])
    assert.deepEqual(drop(make(token), make(bundle)), [token])
  })
}

test('a pod is told of what is left of a source', () => {
  assert.deepEqual(created(Pod, { metadata: { name: 'p' }, spec: podWith(certificate) }).warnings, [
    'volume "v" (Projected) has no sources provided',
  ])
})

const checked = (source: object) =>
  validateProjected({ sources: [{ podCertificate: { ...certificate.podCertificate, ...source } }], defaultMode: 0o644 }, 'v').map(
    ({ field, message }) => `${field}: ${message}`,
  )
const at = 'v.sources[0].podCertificate'
const sorts = '"RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"'

/** As kube-apiserver v1.36.3 answered, its gate being on. */
for (const [name, source, causes] of [
  ['for an hour', { maxExpirationSeconds: 3600 }, []],
  [
    'for less',
    { maxExpirationSeconds: 3599 },
    [`${at}.maxExpirationSeconds: Invalid value: 3599: if provided, maxExpirationSeconds must be >= 3600`],
  ],
  [
    'for more than a day from a signer of Kubernetes',
    { maxExpirationSeconds: 86_401, signerName: 'kubernetes.io/x' },
    [`${at}.maxExpirationSeconds: Invalid value: 86401: if provided, maxExpirationSeconds must be <= 86400`],
  ],
  ['of an unknown sort', { keyType: 'X' }, [`${at}.keyType: Unsupported value: "X": supported values: ${sorts}`]],
  [
    'without a file',
    { keyPath: '' },
    [`${at}: Required value: specify at least one of credentialBundlePath, keyPath, and certificateChainPath`],
  ],
  [
    'outside of the volume',
    { keyPath: '../a', certificateChainPath: '/b' },
    [
      `${at}.keyPath: Invalid value: "../a": must not contain '..'`,
      `${at}.certificateChainPath: Invalid value: "/b": must be a relative path`,
    ],
  ],
  ['in one file', { certificateChainPath: 'k' }, ['v: Invalid value: "k": conflicting duplicate paths']],
] as const)
  test(`a certificate ${name}`, () => assert.deepEqual(checked(source), causes))
