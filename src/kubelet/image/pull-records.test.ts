import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '#host/clock.ts'
import { memoryFiles } from '../test-node.ts'
import type { TrackedAuth } from './credentials.ts'
import { createPullRecords, type MustPull, type PullRecords } from './pull-records.ts'
import type { VerificationPolicy } from './verification.ts'

const image = 'registry.example/team/app:1'
const mine: TrackedAuth = { auth: {}, hash: 'h1', source: { secret: { uid: 'u1', namespace: 'n', name: 'mine' } } }
const renewed: TrackedAuth = { ...mine, hash: 'h2' }
const copied: TrackedAuth = { auth: {}, hash: 'h1', source: { secret: { uid: 'u2', namespace: 'other', name: 'copy' } } }
const foreign: TrackedAuth = { auth: {}, hash: 'h3', source: { secret: { uid: 'u3', namespace: 'other', name: 'own' } } }
const account: TrackedAuth = { auth: {}, hash: 'h4', source: { serviceAccount: { uid: 'u4', namespace: 'n', name: 'default' } } }
const node: TrackedAuth = { auth: {}, hash: 'h5' }

check('an image that came by another way is free', [], [], 'credentialPolicyAllowed')
check('… but not where the node says so', [], [], 'mustAuthenticate', { policy: 'AlwaysVerify', allowlist: [] })
check('one that needed no credentials is for everybody', [undefined], [], 'credentialRecordFound')
check('so is one that the node itself may pull', [node], [foreign], 'credentialRecordFound')
check('a private one is not', [mine], [], 'mustAuthenticate')
check('… and not by the credentials of somebody else', [mine], [foreign], 'mustAuthenticate')
check('the same secret opens it', [mine], [mine], 'credentialRecordFound')
check('the same secret with new content opens it', [mine], [renewed], 'credentialRecordFound')
check('another secret with the same content opens it', [mine], [foreign, copied], 'credentialRecordFound')
check('a service account opens what it pulled', [account], [account], 'credentialRecordFound')
check('… and a secret does not', [account], [mine], 'mustAuthenticate')
check('once for everybody, always for everybody', [mine, undefined, foreign], [], 'credentialRecordFound')
check('nobody is asked where nobody is to be', [mine], [], 'credentialPolicyAllowed', { policy: 'NeverVerify', allowlist: [] })
check('a listed image is free', [mine], [], 'credentialPolicyAllowed', listed('registry.example/team/*'))
check('one that is not listed is not', [mine], [], 'mustAuthenticate', listed('registry.example/team'))
check('the list names images without their tags', [mine], [], 'credentialPolicyAllowed', listed('registry.example/team/app'))

test('what a process had begun when it ended is still ours', async () => {
  const { records, again } = setUp()
  await records.begin(image)
  const next = again()
  assert.equal((await next.mustPull(image, 'sha256:1', async () => [mine])).reason, 'mustAuthenticate')
  await next.start([{ id: 'sha256:1', repoTags: [image], repoDigests: [], sizeBytes: 1, pinned: false }])
  assert.equal((await again().mustPull(image, 'sha256:1', async () => [mine])).reason, 'mustAuthenticate')
})

test('a pull that failed leaves nothing', async () => {
  const { records } = setUp()
  await records.begin(image)
  await records.begin(image)
  await records.failed(image)
  assert.equal((await records.mustPull(image, 'sha256:1', async () => [])).pull, true, 'another one is under way')
  await records.failed(image)
  assert.equal((await records.mustPull(image, 'sha256:1', async () => [])).reason, 'credentialPolicyAllowed')
})

test('a record goes with its image, and not before', async () => {
  const { records } = setUp()
  await records.begin(image)
  await records.pulled(image, 'sha256:1', mine)
  await records.prune(new Set(['sha256:1']), Infinity)
  assert.equal((await records.mustPull(image, 'sha256:1', async () => [])).pull, true)
  await records.prune(new Set(), 0)
  assert.equal((await records.mustPull(image, 'sha256:1', async () => [])).pull, true, 'it came after the images were listed')
  await records.prune(new Set(), Infinity)
  assert.equal((await records.mustPull(image, 'sha256:1', async () => [])).pull, false)
})

test('a record that cannot be read makes every pod show that it may', async () => {
  const { records, files } = setUp()
  await records.begin(image)
  await records.pulled(image, 'sha256:1', undefined)
  const [path] = (await files.list('/kubelet/image_manager/pulled')) as [string]
  await files.write(path, '{', 0o600)
  assert.equal((await records.mustPull(image, 'sha256:1', async () => [])).reason, 'error')
})

test('two pulls at once lose neither of the two', async () => {
  const { records } = setUp()
  await Promise.all([records.begin(image), records.begin(image)])
  await Promise.all([records.pulled(image, 'sha256:1', mine), records.pulled(image, 'sha256:1', foreign)])
  for (const one of [mine, foreign]) assert.equal((await records.mustPull(image, 'sha256:1', async () => [one])).pull, false)
})

function check(
  title: string,
  pulledWith: readonly (TrackedAuth | undefined)[],
  pod: readonly TrackedAuth[],
  expected: MustPull['reason'],
  policy?: VerificationPolicy,
): void {
  test(title, async () => {
    const { records, again } = setUp(policy)
    for (const auth of pulledWith) {
      await records.begin(image)
      await records.pulled(image, 'sha256:1', auth)
    }
    // A process that starts anew knows what the last one knew.
    for (const one of [records, again()]) {
      const verdict = await one.mustPull(image, 'sha256:1', async () => pod)
      assert.equal(verdict.reason, expected)
      assert.equal(verdict.pull, expected === 'mustAuthenticate')
    }
  })
}

function setUp(policy: VerificationPolicy = { policy: 'NeverVerifyPreloadedImages', allowlist: [] }) {
  const files = memoryFiles()
  const again = (): PullRecords => createPullRecords({ files, clock: systemClock, rootDirectory: '/kubelet', policy, report: () => {} })
  return { files, again, records: again() }
}

function listed(...allowlist: string[]): VerificationPolicy {
  return { policy: 'NeverVerifyAllowlistedImages', allowlist }
}
