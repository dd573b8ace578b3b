import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Secret } from '#api/core/v1/secret.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { namespace } from '../testing/objects.ts'
import { World } from '../testing/world.ts'
import { legacyServiceAccountTokenCleanerController } from './controller.ts'

const dayMs = 86_400_000
const yearMs = 365 * dayMs
const controller = legacyServiceAccountTokenCleanerController(yearMs)
const start = Date.parse('2026-01-01T00:00:00Z')
const lastUsed = 'kubernetes.io/legacy-token-last-used'
const invalidSince = 'kubernetes.io/legacy-token-invalid-since'
const day = (offset: number) => new Date(start + offset * dayMs).toISOString().slice(0, 10)

// Marked this many milliseconds after the start, never: Infinity.
check('never used: when it is old enough', { created: 0 }, yearMs + 1)
check('and uses were noted for long enough', { created: -900, trackedSince: day(0) }, yearMs + dayMs)
check('used since', { created: -900, labels: { [lastUsed]: day(-10) } }, yearMs - 9 * dayMs)
check('used long ago', { created: -900, labels: { [lastUsed]: day(-366) } }, 0)
check('used a year ago, to the day', { created: -900, labels: { [lastUsed]: day(-365) } }, dayMs)
check('marked by what is no day', { created: -900, labels: { [invalidSince]: 'x' } }, 0)
check('used on what is no day', { created: -900, labels: { [lastUsed]: '2025-02-31' } }, Infinity)
check('nobody knows since when uses are noted', { created: -900, trackedSince: 'x' }, Infinity)
check('made by hand', { created: -900, isNamed: false }, Infinity)
check('of another account of that name', { created: -900, uid: 'former' }, Infinity)
check('of no account', { created: -900, account: 'nobody' }, Infinity)
check('of another sort', { created: -900, type: 'Opaque' }, Infinity)

test('a marked one is deleted a year after its day, unless somebody takes the mark away', () => {
  const world = given({ created: -900 })
  assert.equal(world.settle([controller]), start + dayMs + yearMs)
  world.now = start + dayMs + yearMs - 1
  world.settle([controller])
  assert.ok(world.get(Secret, 'token', namespace))
  const unmarked = given({ created: -900 })
  unmarked.settle([controller])
  unmarked.change(Secret, 'token', namespace, { metadata: { labels: { [lastUsed]: day(0), [invalidSince]: null } } })
  assert.equal(unmarked.settle([controller]), start + dayMs + yearMs)
  assert.equal(unmarked.get(Secret, 'token', namespace)!.metadata.labels?.[invalidSince], undefined)
  world.now += 1
  world.settle([controller])
  assert.equal(world.get(Secret, 'token', namespace), undefined)
})

test('one that a pod needs waits until the pod is gone', () => {
  const world = given({ created: -900 })
  const pod = world.put(Pod, {
    metadata: { name: 'p', namespace },
    spec: { containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', secret: { secretName: 'token' } }] },
  })
  assert.equal(world.settle([controller]), Infinity)
  assert.equal(world.get(Secret, 'token', namespace)!.metadata.labels, undefined)
  world.remove(Pod, pod)
  world.settle([controller])
  assert.equal(world.get(Secret, 'token', namespace)!.metadata.labels![invalidSince], day(0))
})

interface Given {
  /** Days from the start. */
  readonly created: number
  readonly labels?: Readonly<Record<string, string>>
  readonly trackedSince?: string
  readonly account?: string
  readonly uid?: string
  readonly isNamed?: boolean
  readonly type?: string
}

function given({ created, labels, trackedSince = day(-400), account = 'builder', uid = 'u', isNamed = true, type }: Given): World {
  const world = new World()
  const tracking = 'kube-apiserver-legacy-service-account-token-tracking'
  world.put(ConfigMap, { metadata: { name: tracking, namespace: 'kube-system' }, data: { since: trackedSince } })
  world.put(ServiceAccount, { metadata: { name: 'builder', namespace, uid: 'u' }, secrets: isNamed ? [{ name: 'token' }] : [] })
  world.put(Secret, {
    metadata: {
      name: 'token',
      namespace,
      creationTimestamp: new Date(start + created * dayMs).toISOString().replace('.000', ''),
      annotations: { 'kubernetes.io/service-account.name': account, 'kubernetes.io/service-account.uid': uid },
      ...(labels && { labels }),
    },
    type: type ?? 'kubernetes.io/service-account-token',
  })
  return world
}

function check(name: string, secret: Given, markedMs: number): void {
  test(name, () => {
    const world = given(secret)
    const marked = () => world.get(Secret, 'token', namespace)!.metadata.labels?.[invalidSince] ?? ''
    const before = marked()
    const wakeAt = world.settle([controller])
    if (markedMs === Infinity) assert.equal(wakeAt, Infinity)
    else if (markedMs > 0) {
      assert.equal(marked(), before)
      assert.equal(wakeAt, start + markedMs)
      world.now = wakeAt
      world.settle([controller])
    }
    assert.equal(marked(), markedMs === Infinity ? before : new Date(start + markedMs).toISOString().slice(0, 10))
  })
}
