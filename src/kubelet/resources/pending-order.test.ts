import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { byUrgency, type PendingResize } from './pending-order.ts'

const more = { before: '1', after: '2' }
check('who asks for no more before who does', [one('more', more, { priority: 9 }), one('less', { before: '2', after: '1' })], 'less more')
check('the more important first', [one('low', more, { priority: 1 }), one('high', more, { priority: 2 })], 'high low')
check('Guaranteed before Burstable', [one('burstable', more), one('guaranteed', more, { isGuaranteed: true })], 'guaranteed burstable')
check(
  'who has waited longer',
  [one('new', more), one('late', more, { deferredAt: 2 }), one('early', more, { deferredAt: 1 })],
  'early late new',
)

function check(name: string, pending: readonly PendingResize[], expected: string): void {
  test(`order: ${name}`, () => {
    for (const some of [pending, pending.toReversed()])
      assert.equal(
        some
          .toSorted(byUrgency)
          .map(({ wanted }) => wanted.metadata.name)
          .join(' '),
        expected,
      )
  })
}

function one(
  name: string,
  cpu: { readonly before: string; readonly after: string },
  more: { readonly priority?: number; readonly isGuaranteed?: boolean; readonly deferredAt?: number } = {},
): PendingResize {
  const pod = (amount: string) => {
    const requests = { cpu: amount, memory: '1Mi' }
    const resources = { requests, ...(more.isGuaranteed && { limits: requests }) }
    return { metadata: { name }, spec: { priority: more.priority, containers: [{ name: 'main', resources }] } } as unknown as Pod
  }
  return { wanted: pod(cpu.after), allocated: pod(cpu.before), deferredAt: more.deferredAt }
}
