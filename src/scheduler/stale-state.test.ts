import assert from 'node:assert/strict'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { WherryError } from '#lib/errors.ts'
import { extenderOf } from './testing/fixtures.ts'
import { check, first, type StartedOptions, type StartedScheduler } from './testing/started-scheduler.ts'

// What was true when it was looked at, and is not any more.

const inDefault = { namespace: 'default' }
const claims = [{ name: 'device', resourceClaimName: 'c' }]

check(
  'a pod that was there before the scheduler is not held for want of what is only listed later',
  {
    async before(client) {
      await client.create(ResourceClaim, { metadata: { name: 'c' }, spec: {} } as never, inDefault)
      const containers = [{ name: 'main', image: 'i', resources: { requests: { cpu: '1' } } }]
      await client.create(Pod, { metadata: { name: 'p' }, spec: { containers, resourceClaims: claims } } as never, inDefault)
    },
  },
  async ({ placed, clock }) => {
    await clock.advance(5_000)
    assert.deepEqual(await placed(), { p: 'a' })
  },
)

check(
  'where the machine is told an earlier time, a back-off ends all the same',
  { meddle: first(isBinding, () => Promise.reject(new WherryError('Conflict', 'x'))) },
  async ({ pod, placed, setBack, clock }) => {
    await pod('p')
    setBack(3_600_000)
    await clock.advance(2_000)
    assert.deepEqual(await placed(), { p: 'a' })
  },
)

check('a promise ends with its pod, though that is still shown', {}, async ({ pod, client, told, placed, clock }) => {
  const patch = (status: object) =>
    client.patch(Pod, 'promised', { type: 'merge', body: { status } }, { ...inDefault, subresource: 'status' })
  await pod('low', { cpu: '0.7' })
  await pod('promised', { cpu: '0.9' })
  await patch({ nominatedNodeName: 'a' })
  await clock.advance(5_000)
  await pod('q', { cpu: '0.3' })
  assert.match(await told('q'), /^Unschedulable/, 'there is room, and it is promised')
  await patch({ phase: 'Failed' })
  await clock.advance(5_000)
  assert.equal((await placed())['q'], 'a')
})

check(
  'who has to be near pods of certain namespaces is tried again when a namespace becomes one',
  {},
  async ({ client, pod, placed, clock }) => {
    await client.create(Namespace, { metadata: { name: 'other' } })
    const containers = [{ name: 'main', image: 'i' }]
    await client.create(Pod, { metadata: { name: 'db', labels: { app: 'db' } }, spec: { containers, nodeName: 'a' } } as never, {
      namespace: 'other',
    })
    const term = {
      topologyKey: 'kubernetes.io/hostname',
      labelSelector: { matchLabels: { app: 'db' } },
      namespaceSelector: { matchLabels: { team: 'x' } },
    }
    await pod('p', { spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } } })
    assert.deepEqual(await placed(), { p: '' })
    await client.patch(Namespace, 'other', { type: 'merge', body: { metadata: { labels: { team: 'x' } } } })
    await clock.advance(5_000)
    assert.deepEqual(await placed(), { p: 'a' })
  },
)

checkUnwritten('its pod goes', async ({ remove }) => remove('promised'))
checkUnwritten('it cannot be kept', async ({ client, clock }) => {
  const small = { allocatable: { cpu: '800m', memory: '1Gi', pods: '10' } }
  await client.patch(Node, 'a', { type: 'merge', body: { status: small } }, { subresource: 'status' })
  // Nothing wakes the pod that has it, which is tried again five minutes after it was refused.
  await clock.advance(240_000)
})

for (const [name, fail] of [
  ['before the binding', { first: ({ path }: { readonly path: string }) => path.includes('/status') }],
  ['after the binding', { postBind: true }],
] as const)
  check(
    `what fails beside a binding (${name}) is no failure of the binding`,
    {
      plugin: {
        name: 'Beside',
        preBind: ({ pod }) => (pod.metadata.name === 'p' ? Promise.resolve() : undefined),
        postBind() {
          if ('postBind' in fail) throw new Error('what now?')
        },
      },
      ...('first' in fail && { meddle: first(fail.first, () => Promise.reject(new WherryError('ServiceUnavailable', 'away'))) }),
    },
    async ({ pod, placed, told, writes, events, clock }) => {
      await pod('p')
      await pod('q')
      await clock.advance(5_000)
      assert.deepEqual(await placed(), { p: 'a', q: '' })
      assert.equal(await told('p'), '')
      assert.equal(writes.filter((write) => write === 'POST p/binding').length, 1)
      assert.ok(events.includes('Scheduled p: Successfully assigned default/p to a'))
    },
  )

checkAsked('nothing is said to a pod of the same name as one that went while an extender was asked', async (at, answer) => {
  await at.pod('p')
  await at.remove('p')
  await at.pod('p', { spec: { schedulingGates: [{ name: 'x' }] } })
  answer(new WherryError('ServiceUnavailable', 'away'))
  await at.clock.advance(5_000)
  assert.doesNotMatch(await at.told('p'), /away/)
  assert.deepEqual(at.events, [])
})

checkAsked('what an extender says after the end binds nothing', async (at, answer) => {
  await at.pod('p')
  const end = at.scheduler.stop()
  answer()
  await end
  assert.deepEqual([await at.placed(), at.writes, at.events], [{ p: '' }, [], []])
})

/** A promise that is known to the scheduler alone, since writing it failed, ends like any other. */
function checkUnwritten(name: string, end: (at: StartedScheduler) => Promise<void>): void {
  const meddle = first(
    ({ path }) => path.includes('/promised/status'),
    () => Promise.reject(new WherryError('ServiceUnavailable', 'away')),
  )
  check(`who waits behind a promise that was never written is tried again when ${name}`, { meddle }, async (at) => {
    const { pod, nominated, placed, told, clock } = at
    await pod('low', { cpu: '0.3', finalizers: ['example.com/stay'] })
    await pod('promised', { cpu: '0.9', priority: 'high' })
    await clock.advance(60_000)
    await pod('q', { cpu: '0.3' })
    assert.equal(await nominated('promised'), '')
    assert.match(await told('q'), /^Unschedulable/, 'there is room, and it is promised')
    await end(at)
    await clock.advance(5_000)
    assert.equal((await placed())['q'], 'a')
  })
}

/** With an extender that says nothing before `answer`: then it leaves every node, or fails. */
function checkAsked(name: string, live: (at: StartedScheduler, answer: (error?: Error) => void) => Promise<void>): void {
  const question = Promise.withResolvers<void>()
  const extender = extenderOf(async (_pod, nodes) => {
    await question.promise
    return { nodes, refusals: new Map() }
  })
  const options: StartedOptions = { extenders: [extender] }
  check(name, options, (at) => live(at, (error) => (error === undefined ? question.resolve() : question.reject(error))))
}

function isBinding({ path }: { readonly path: string }): boolean {
  return path.includes('/binding')
}
