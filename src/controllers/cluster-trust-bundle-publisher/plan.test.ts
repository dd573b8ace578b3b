import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClusterTrustBundle } from '#api/certificates/v1beta1/cluster-trust-bundle.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { World } from '../testing/world.ts'
import { clusterTrustBundlePublisher } from './controller.ts'

const signer = 'kubernetes.io/kube-apiserver-serving'
const prefix = 'kubernetes.io:kube-apiserver-serving:'
/** `printf PEM | sha256sum`, its first 24 digits. */
const own = `${prefix}384fb9a44fabe158be2757b9`
const bundle = (name: string, trustBundle: string, signerName: string | undefined = signer) => ({
  metadata: { name },
  spec: { signerName, trustBundle },
})

check('there is none yet', [], ['create clustertrustbundle'])
check('it is there', [bundle(own, 'PEM')], [])
check('somebody changed it', [bundle(own, 'FORGED')], ['update clustertrustbundle'])
check('there is one of an earlier authority', [bundle(`${prefix}old`, 'OLD')], ['create clustertrustbundle', 'delete clustertrustbundle'])
check('others are nobody’s business here', [bundle(own, 'PEM'), bundle('x.io:y:z', 'X', 'x.io/y'), bundle('plain', 'P', '')], [])

function check(name: string, before: readonly ReturnType<typeof bundle>[], expected: readonly string[]): void {
  test(name, () => {
    const world = new World()
    world.put(Namespace, { metadata: { name: 'kube-system' }, spec: {}, status: { phase: 'Active' } })
    for (const object of before) world.put(ClusterTrustBundle, object)
    world.settle([clusterTrustBundlePublisher('PEM')])
    assert.deepEqual(
      world.history.map((line) => line.split(' ').slice(0, 2).join(' ')),
      expected,
    )
    assert.equal(world.get(ClusterTrustBundle, own)?.spec.trustBundle, 'PEM')
    for (const { metadata, spec } of before)
      assert.equal(world.get(ClusterTrustBundle, metadata.name) === undefined, spec.signerName === signer && metadata.name !== own)
  })
}
