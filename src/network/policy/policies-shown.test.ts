import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import type { NetworkPolicy } from '#api/networking/v1/network-policy.ts'
import type { Informer } from '#client/informer.ts'
import { silentLog } from '#lib/log.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createPoliciesShown } from './policies-shown.ts'

check('none there: at once, however old the watch is', { shown: {}, listed: {} }, '')
check('all shown: at once', { shown: { a: '5', b: '7' }, listed: { a: '5', b: '7' } }, '')
check('shown newer than listed', { shown: { a: '12' }, listed: { a: '5' } }, '')
check('one that the watch has not shown', { shown: { a: '5' }, listed: { a: '5', b: '9' } }, 'b')
check('an older version is shown', { shown: { a: '5' }, listed: { a: '9' } }, 'a')
check('deleted since the list', { shown: {}, listed: { a: '9' }, at: '11' }, '')
check('a watch that shows it in time', { shown: {}, listed: { a: '9' }, later: { a: '9' } }, '')
check('a server that refuses', { shown: {}, listed: new Error('forbidden') }, '')
check('a server that says nothing', { shown: {}, listed: undefined }, '')

interface World {
  readonly shown: Readonly<Record<string, string>>
  readonly listed: Readonly<Record<string, string>> | Error | undefined
  readonly at?: string
  readonly later?: Readonly<Record<string, string>>
}

function check(title: string, { shown, listed, at = '7', later }: World, missing: string): void {
  test(title, async () => {
    const clock = createVirtualClock(0)
    let now = shown
    const policy = (name: string, resourceVersion: string) => ({ metadata: { name, namespace: 'x', resourceVersion } }) as NetworkPolicy
    const all = (versions: Readonly<Record<string, string>>) => Object.entries(versions).map(([name, version]) => policy(name, version))
    const policies = {
      resourceVersion: at,
      get: (name: string) => all(now).find(({ metadata }) => metadata.name === name),
      async until(condition: () => boolean) {
        if (!condition() && later !== undefined) now = later
        return condition()
      },
    } as unknown as Informer<NetworkPolicy>
    const listPolicies = async () => {
      if (listed === undefined) return new Promise<never>(() => {})
      if (listed instanceof Error) throw listed
      return { resourceVersion: '10', items: all(listed) }
    }
    const answer = createPoliciesShown({ policies, listPolicies, clock, log: silentLog })({ metadata: pod('9') })
    if (listed === undefined) await clock.advance(2_000)
    assert.equal(await answer, missing)
    assert.equal(clock.pending, 0, 'nothing is left behind')
  })
}

test('pods that a list is newer than need no other, for a moment; what was missing is asked for again', async () => {
  const clock = createVirtualClock(0)
  let [version, asked] = ['10', 0]
  let shown = true
  const policies = { resourceVersion: '7', get: () => undefined, until: async () => shown } as unknown as Informer<NetworkPolicy>
  const listPolicies = async () => {
    asked += 1
    const items = shown ? [] : [{ metadata: { name: 'late', resourceVersion: '11' } } as NetworkPolicy]
    return { resourceVersion: version, items }
  }
  const isShown = createPoliciesShown({ policies, listPolicies, clock, log: silentLog })
  const after = async (pods: readonly ReturnType<typeof pod>[]) => {
    for (const metadata of pods) assert.equal(await isShown({ metadata }), '')
    return asked
  }
  assert.equal(await after([pod('9'), pod('8'), pod('10')]), 1)
  assert.equal(await after([pod('9', 'another')]), 2)
  // Newer than the list: policies may have come between.
  version = '12'
  assert.equal(await after([pod('11'), pod('12')]), 3)
  // Of which nobody knows when it came.
  assert.equal(await after([pod('')]), 4)
  await clock.advance(2_000)
  assert.equal(await after([pod('9')]), 5)
  ;[version, shown] = ['14', false]
  assert.equal(await isShown({ metadata: pod('13') }), 'late')
  assert.equal(await isShown({ metadata: pod('13') }), 'late')
  assert.equal(asked, 7)
})

const pod = (resourceVersion: string, namespace = 'x') => ({ name: 'p', namespace, uid: 'u', resourceVersion }) as Pod['metadata']
