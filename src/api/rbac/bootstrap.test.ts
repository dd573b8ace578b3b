import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { bootstrapClusterRoleBindings, bootstrapClusterRoles, bootstrapRoleBindings, bootstrapRoles } from './bootstrap.ts'
import { bootstrapOf } from './bootstrap-of.ts'

/** Of what a fresh kube-apiserver v1.36.3 answers for each collection: its objects by namespace and name, keys sorted, what is empty left out. */
const recorded = {
  clusterroles: 'c59e339adf58a931851b6a9fa280819a',
  clusterrolebindings: '93f283e51de139e78469ee7dd806e954',
  roles: '2d43fa92271845a31f2e7fb14c15e393',
  rolebindings: '3b5c44564b04f254a1d335b5e2160574',
}

test('roles and bindings of a fresh cluster are the reference’s, to the letter', () => {
  assert.deepEqual(
    {
      clusterroles: fingerprint(bootstrapClusterRoles),
      clusterrolebindings: fingerprint(bootstrapClusterRoleBindings),
      roles: fingerprint(bootstrapRoles),
      rolebindings: fingerprint(bootstrapRoleBindings),
    },
    recorded,
  )
})

/** The same of one that was started with the feature gates ClusterTrustBundle and PodCertificateRequest. */
const recordedWithFeatures = { clusterroles: 'aa7e216f424daa2f9291f33043d10a52', clusterrolebindings: 'ad6c4081533f95b7747b94314d3ef4bb' }

test('those of a cluster with features that are off by default, likewise', () => {
  const { roles, bindings } = bootstrapOf(new Set(['ClusterTrustBundle', 'PodCertificateRequest']))
  assert.deepEqual({ clusterroles: fingerprint(roles), clusterrolebindings: fingerprint(bindings) }, recordedWithFeatures)
  const plain = bootstrapOf()
  assert.deepEqual([plain.roles, plain.bindings], [bootstrapClusterRoles, bootstrapClusterRoleBindings])
})

test('the migrator may list and patch everything, and read nothing but definitions', () => {
  const { roles, bindings } = bootstrapOf(new Set(['StorageVersionMigrator']))
  const name = 'system:controller:storage-version-migrator-controller'
  const own = roles.filter(({ metadata }) => metadata.name === name)
  assert.deepEqual(
    own.map(({ metadata, rules }) => [metadata.name, rules?.map(({ verbs, resources }) => `${verbs} ${resources}`)]),
    [
      [
        name,
        [
          'create,list,patch *',
          'get customresourcedefinitions',
          'patch customresourcedefinitions/status',
          'update storageversionmigrations/status',
        ],
      ],
    ],
  )
  const { subjects, roleRef } = bindings.find(({ metadata }) => metadata.name === name)!
  assert.deepEqual([subjects?.map((subject) => subject.name), roleRef.name], [['storage-version-migrator-controller'], name])
})

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

function fingerprint(objects: readonly object[]): string {
  const sorted = (objects as readonly Named[]).toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify(sorted.map(canonical)))
    .digest('hex')
    .slice(0, 32)
}

const keyOf = ({ metadata }: Named): string => `${metadata.namespace ?? ''}/${metadata.name}`

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).filter(([, part]) => part !== null && !(Array.isArray(part) && part.length === 0))
  return Object.fromEntries(fields.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, canonical(part)]))
}
