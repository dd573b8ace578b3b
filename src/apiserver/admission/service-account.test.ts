import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pod } from '#api/core/v1/pod.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { isError } from '#lib/errors.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { asking, memoryObjects } from '../authorization/testing/memory-objects.ts'
import type { Admission } from '../contract.ts'
import { serviceAccountAdmission } from './service-account.ts'

function world() {
  const objects = memoryObjects()
  const clock = createVirtualClock(0)
  const plugin = serviceAccountAdmission({ random: seededRandom(1), clock })
  const admission = (spec: object, metadata: object = {}): Admission =>
    ({
      attributes: asking('u', { verb: 'create', resource: 'pods', namespace: 'd' }),
      operation: 'CREATE',
      kind: Pod,
      object: { metadata: { name: 'p', namespace: 'd', ...metadata }, spec: { containers: [{ name: 'c' }], ...spec } },
      objects,
    }) as unknown as Admission
  const admit = async (spec: object = {}, metadata: object = {}) => ((await plugin.admit!(admission(spec, metadata))) as Pod).spec
  return { objects, clock, plugin, admission, admit }
}
const account = (part: object = {}, meta: object = {}) => ({ metadata: { name: 'default', namespace: 'd', ...meta }, ...part })
const refused = (run: Promise<unknown>, why: string) =>
  assert.rejects(run, (error) => isError(error, 'Forbidden') && error.message === `pods "p" is forbidden: ${why}`, why)

test('an account, its pull secrets and a token', async () => {
  const { objects, admit } = world()
  objects.put(ServiceAccount, account({ imagePullSecrets: [{ name: 'pull' }] }))
  const spec = await admit({ initContainers: [{ name: 'i' }] })
  assert.equal(spec.serviceAccountName, 'default')
  assert.deepEqual(spec.imagePullSecrets, [{ name: 'pull' }])
  const [volume] = spec.volumes!
  assert.match(volume!.name, /^kube-api-access-[b-z2-9]{5}$/)
  assert.deepEqual(volume!.projected, {
    sources: [
      { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
    ],
    defaultMode: 420,
  })
  const mount = { name: volume!.name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }
  for (const container of [...spec.initContainers!, ...spec.containers]) assert.deepEqual(container.volumeMounts, [mount])
  // Admitting what was admitted changes nothing.
  assert.deepEqual(await admit(spec), spec)
})

test('who wants no token gets none', async () => {
  const { objects, admit } = world()
  objects.put(ServiceAccount, account({ automountServiceAccountToken: false }))
  assert.equal((await admit()).volumes, undefined)
  assert.equal((await admit({ automountServiceAccountToken: true })).volumes?.length, 1)
  objects.put(ServiceAccount, account({ automountServiceAccountToken: true }))
  assert.equal((await admit({ automountServiceAccountToken: false })).volumes, undefined)
  const own = { name: 'x', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }
  assert.equal((await admit({ containers: [{ name: 'c', volumeMounts: [own] }] })).volumes, undefined)
})

test('a missing account', async () => {
  const { objects, admit, clock } = world()
  await refused(admit({ serviceAccountName: 'robot' }), 'error looking up service account d/robot: serviceaccount "robot" not found')
  await refused(
    admit({ serviceAccountName: 'a%/b' }),
    `error looking up service account d/a%/b: invalid resource name "a%/b": [may not contain '/' may not contain '%']`,
  )
  const waiting = refused(admit(), 'error looking up service account d/default: serviceaccount "default" not found')
  await clock.advance(1500)
  await waiting
  const late = admit()
  objects.put(ServiceAccount, account({}, { namespace: 'other' }))
  objects.put(ServiceAccount, account())
  assert.equal((await late).serviceAccountName, 'default')
  assert.equal(clock.pending, 0)
})

test('mirror pods bring no account', async () => {
  const { admit } = world()
  const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x' } }
  assert.deepEqual(await admit({}, mirror), { containers: [{ name: 'c' }] })
  await refused(admit({ serviceAccountName: 'a' }, mirror), 'a mirror pod may not reference service accounts')
  await refused(admit({ volumes: [{ name: 's', secret: { secretName: 's' } }] }, mirror), 'a mirror pod may not reference secrets')
})

test('an account that names its secrets', async () => {
  const { objects, plugin, admission } = world()
  objects.put(
    ServiceAccount,
    account({ secrets: [{ name: 'ok' }] }, { annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } }),
  )
  const check = (spec: object) => plugin.validate!(admission({ serviceAccountName: 'default', ...spec }))
  await check({ volumes: [{ name: 's', secret: { secretName: 'ok' } }] })
  await refused(
    check({ volumes: [{ name: 's', secret: { secretName: 'no' } }] }),
    'volume with secret.secretName="no" is not allowed because service account default does not reference that secret',
  )
  const env = [{ name: 'E', valueFrom: { secretKeyRef: { name: 'no', key: 'k' } } }]
  await refused(
    check({ containers: [{ name: 'c', env }] }),
    'container c with envVar E referencing secret.secretName="no" is not allowed because service account default does not reference that secret',
  )
  await refused(
    check({ imagePullSecrets: [{ name: 'no' }] }),
    'imagePullSecrets[0].name="no" is not allowed because service account default does not reference that imagePullSecret',
  )
})

test('secrets that an account does not list are refused before other plug-ins look', async () => {
  const { objects, admit } = world()
  const enforced = { annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } }
  objects.put(ServiceAccount, account({ imagePullSecrets: [{ name: 'pull' }] }, enforced))
  assert.deepEqual((await admit()).imagePullSecrets, [{ name: 'pull' }])
  await refused(
    admit({ imagePullSecrets: [{ name: 'q' }] }),
    'imagePullSecrets[0].name="q" is not allowed because service account default does not reference that imagePullSecret',
  )
})
