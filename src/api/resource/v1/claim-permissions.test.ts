import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PermissionContext } from '#api/kind.ts'
import { claimPermissions } from './claim-permissions.ts'

const allocation = {
  devices: {},
  nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['one'] }] }] },
}
const claimOf = (drivers: readonly string[], isAllocated = true) =>
  ({
    metadata: { namespace: 'n', name: 'c' },
    status: { ...(isAllocated && { allocation }), devices: drivers.map((driver) => ({ driver, pool: 'p', device: 'd' })) },
  }) as never
const agentOf = (node: string) => ({
  name: 'system:serviceaccount:n:agent',
  groups: [],
  extra: { 'authentication.kubernetes.io/node-name': [node] },
})

/** `asked`: verb, subresource and name of each question, all of which are answered with no unless `may` has them. */
function check(
  name: string,
  write: { readonly next: never; readonly previous: never; readonly user?: object; readonly subresource?: string },
  wanted: { readonly asked: readonly string[]; readonly fields: readonly string[] },
  may: readonly string[] = [],
): void {
  test(name, async () => {
    const asked: string[] = []
    const context = {
      verb: 'update',
      subresource: 'status',
      user: { name: 'jane', groups: [] },
      ...write,
      may: async ({ verb, subresource, name }: { verb: string; subresource: string; name: string }) => {
        asked.push(`${verb} ${subresource} ${name}`.trim())
        return { allowed: may.includes(asked.at(-1)!), refusal: 'no' }
      },
    } as unknown as PermissionContext
    const causes = await claimPermissions(write.next, write.previous, context)
    assert.deepEqual({ asked, fields: causes.map(({ field }) => field) }, wanted)
  })
}

const none = { asked: [], fields: [] }
check('the claim itself is not the matter', { next: claimOf(['a']), previous: claimOf([]), subresource: '' }, none)
check('nothing changed', { next: claimOf(['a']), previous: claimOf(['a']) }, none)
check(
  'an allocation binds',
  { next: claimOf([]), previous: claimOf([], false) },
  { asked: ['update binding'], fields: ['status.allocation'] },
)
check(
  'with the allocation all devices may go',
  { next: claimOf([], false), previous: claimOf(['a']) },
  { asked: ['update binding'], fields: [] },
  ['update binding'],
)
check(
  'each driver is asked about, also one whose devices went',
  { next: claimOf(['b']), previous: claimOf(['a']) },
  { asked: ['arbitrary-node:update driver a', 'arbitrary-node:update driver b'], fields: ['status.devices'] },
  ['arbitrary-node:update driver b'],
)
check(
  'an agent of the node may do with less',
  { next: claimOf(['a']), previous: claimOf([]), user: agentOf('one') },
  { asked: ['associated-node:update driver a'], fields: [] },
  ['associated-node:update driver a'],
)
check(
  'one of another node may not',
  { next: claimOf(['a']), previous: claimOf([]), user: agentOf('two') },
  { asked: ['arbitrary-node:update driver a'], fields: ['status.devices'] },
)

test('of more drivers than there can be devices not all are asked about', async () => {
  let questions = 0
  const may = async () => ({ allowed: (questions += 1) > 0, refusal: '' })
  const context = { verb: 'update', subresource: 'status', user: { name: 'jane', groups: [] }, may } as unknown as PermissionContext
  const drivers = Array.from({ length: 5000 }, (_, i) => `d${i}`)
  await claimPermissions(claimOf(drivers), claimOf([]), context)
  assert.equal(questions, 64)
})
