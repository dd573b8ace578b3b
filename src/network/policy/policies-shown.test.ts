import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NetworkPolicy } from '#api/networking/v1/network-policy.ts'
import type { Informer } from '#client/informer.ts'
import { silentLog } from '#lib/log.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { untilPoliciesShown } from './policies-shown.ts'

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
    const answer = untilPoliciesShown('x', { policies, listPolicies, clock, log: silentLog })
    if (listed === undefined) await clock.advance(2_000)
    assert.equal(await answer, missing)
    assert.equal(clock.pending, 0, 'nothing is left behind')
  })
}
