import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiVersionOf } from '#api/kind.ts'
import { kinds } from '#api/kinds.ts'
import { featureGates } from './feature-gates.ts'
import { featureGatesProblem, featuresOf, noFeatures, optionalVersions, runtimeConfigProblem, switchableGates } from './features.ts'
import { optionalKinds, servedKinds } from './served-kinds.ts'

const version = 'certificates.k8s.io/v1beta1'
const all = new Set(Object.keys(switchableGates) as (keyof typeof switchableGates)[])
const names = (served: ReturnType<typeof servedKinds>) => served.filter((kind) => !kinds.includes(kind)).map(({ kind }) => kind)

for (const [name, gates, expected] of [
  ['nothing said', {}, undefined],
  ['what is so anyway', { NodeSwap: true, MemoryQoS: false }, undefined],
  ['each that can be', Object.fromEntries([...all].map((gate) => [gate, true])), undefined],
  ['an unknown one', { Foo: true }, /unrecognized feature gate Foo/],
  ['one that is always on', { NodeSwap: false }, /cannot turn NodeSwap off; those that can be turned on are ClusterTrustBundle,/],
  ['one that is always off', { MemoryQoS: true }, /cannot turn MemoryQoS on/],
  ['one without what it needs', { ClusterTrustBundleProjection: true }, /depends on features that are off: ClusterTrustBundle$/],
  ['a word', { NodeSwap: 'yes' }, /must be a mapping of feature gates to true or false/],
  ['a list', ['NodeSwap'], /must be a mapping/],
] as const)
  test(`feature gates: ${name}`, () => {
    const problem = featureGatesProblem(gates)
    if (expected === undefined) assert.equal(problem, undefined)
    else assert.match(problem ?? '', expected)
  })

for (const [name, config, expected] of [
  ['a version', { [version]: true }, undefined],
  ['one of its resources', { [`${version}/clustertrustbundles`]: false }, undefined],
  ['what is always served', { 'apps/v1': false }, /names apps\/v1, which cannot be turned on or off; what can is certificates/],
  ['a number', { [version]: 1 }, /must be a mapping of API versions/],
] as const)
  test(`runtime configuration: ${name}`, () => {
    const problem = runtimeConfigProblem(config)
    if (expected === undefined) assert.equal(problem, undefined)
    else assert.match(problem ?? '', expected)
  })

test('a kind needs both its gate and its version', () => {
  assert.equal(servedKinds(), kinds)
  assert.equal(servedKinds(all), kinds)
  assert.equal(servedKinds(noFeatures, { [version]: true }), kinds)
  assert.deepEqual(names(servedKinds(all, { 'storagemigration.k8s.io/v1beta1': true })), ['StorageVersionMigration'])
  assert.deepEqual(names(servedKinds(all, { [version]: true })), ['ClusterTrustBundle', 'PodCertificateRequest'])
  assert.deepEqual(names(servedKinds(featuresOf({ ClusterTrustBundle: true }), { [version]: true })), ['ClusterTrustBundle'])
  const but = { [version]: true, [`${version}/clustertrustbundles`]: false }
  assert.deepEqual(names(servedKinds(all, but)), ['PodCertificateRequest'])
  assert.deepEqual(names(servedKinds(all, { [`${version}/clustertrustbundles`]: true })), ['ClusterTrustBundle'])
})

test('a further version stands right after those of its group, which stays the preferred one', () => {
  const served = servedKinds(all, { [version]: true }).filter(({ group }) => group === 'certificates.k8s.io')
  assert.deepEqual(served.map(apiVersionOf), ['certificates.k8s.io/v1', version, version])
})

test('what can be turned on is what there is, and is off in the reference', () => {
  const plurals = (of: string) => optionalKinds.filter((kind) => apiVersionOf(kind) === of).map(({ plural }) => plural)
  for (const [of, listed] of Object.entries(optionalVersions)) assert.deepEqual(plurals(of), listed)
  assert.equal(Object.values(optionalVersions).flat().length, optionalKinds.length)
  for (const gate of all) assert.equal(featureGates.find((one) => one.names.includes(gate))?.enabled, false)
})
