import assert from 'node:assert/strict'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { podCondition } from '#api/core/v1/pod-helpers.ts'
import { WherryError } from '#lib/errors.ts'
import type { HttpRequest } from '#lib/http.ts'
import { extenderOf } from './testing/fixtures.ts'
import { check, first, type StartedOptions, type StartedScheduler } from './testing/started-scheduler.ts'

const inDefault = { namespace: 'default' }
const full =
  '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.'

check('a pod is bound once, and told of once', {}, async ({ pod, placed, writes, events, clock }) => {
  await pod('p')
  await clock.advance(600_000)
  assert.deepEqual(await placed(), { p: 'a' })
  assert.deepEqual(writes, ['POST p/binding'])
  assert.deepEqual(events, ['Scheduled p: Successfully assigned default/p to a'])
})

for (const [name, error] of [
  ['a conflict', new WherryError('Conflict', 'somebody was faster')],
  ['a server that is away', new WherryError('ServiceUnavailable', 'the connection was refused')],
  ['a timeout of what was not done', new WherryError('Timeout', 'no answer')],
] as const)
  check(
    `a binding that failed (${name}) is tried again after its back-off, and others may have the room meanwhile`,
    { meddle: first(isBinding, () => Promise.reject(error)) },
    async ({ pod, placed, told, writes, clock, warnings }) => {
      await pod('p')
      assert.equal(await told('p'), `SchedulerError: ${error.message}`)
      await pod('q')
      assert.deepEqual(await placed(), { p: '', q: 'a' })
      await clock.advance(10_000)
      assert.match(await told('p'), /^Unschedulable: 0\/1 nodes are available: 1 Insufficient cpu/)
      assert.deepEqual(writes.filter((write) => write.endsWith('p/binding')).length, 1)
      assert.deepEqual(warnings, ['a binding failed'])
    },
  )

check(
  'the back-off of a failed binding ends after a second',
  { meddle: first(isBinding, () => Promise.reject(new WherryError('Conflict', 'x'))) },
  async ({ pod, placed, clock }) => {
    await pod('p')
    await clock.advance(999)
    assert.deepEqual(await placed(), { p: '' })
    await clock.advance(1)
    assert.deepEqual(await placed(), { p: 'a' })
  },
)

check(
  'a binding that was done, though its answer was lost, keeps its room',
  {
    meddle: first(isBinding, async (send) => {
      await send()
      throw new WherryError('Timeout', 'no answer')
    }),
  },
  async ({ pod, placed, told, writes, warnings, events, clock }) => {
    await Promise.all([pod('p'), pod('q')])
    await clock.advance(5_000)
    assert.deepEqual(Object.values(await placed()).sort(), ['', 'a'])
    assert.equal(writes.filter((write) => write.endsWith('/binding')).length, 1)
    assert.deepEqual(warnings, [])
    assert.equal(await told('p'), '')
    assert.ok(events.includes('Scheduled p: Successfully assigned default/p to a'))
  },
)

check('no other pod of the same moment is given the room', { nodes: { a: 2 } }, async ({ pod, placed }) => {
  await Promise.all(['p', 'q', 'r', 's'].map((name) => pod(name)))
  assert.deepEqual(Object.values(await placed()).sort(), ['', '', 'a', 'a'])
})

check(
  'a refused pod is told why once, and waits for what helps',
  {},
  async ({ pod, told, remove, placed, writes, events, addNode, clock }) => {
    await pod('p')
    await pod('q')
    assert.equal(await told('q'), `Unschedulable: ${full}`)
    assert.deepEqual(writes, ['POST p/binding', 'PATCH q/status'])
    await addNode('small', 0)
    await clock.advance(5_000)
    assert.equal(writes.length, 2, 'a node without room changes nothing')
    assert.equal(events.filter((event) => event.startsWith('FailedScheduling')).length, 1)
    await remove('p')
    assert.deepEqual(await placed(), { q: 'a' })
  },
)

check('a refusal in the same words is not written again', {}, async ({ pod, told, writes, clock }) => {
  await pod('p')
  await pod('q')
  // Tried again after five minutes, twice.
  await clock.advance(650_000)
  assert.equal(await told('q'), `Unschedulable: ${full}`)
  assert.deepEqual(writes, ['POST p/binding', 'PATCH q/status'])
})

check('a pod that goes while it is bound frees its room', holding('preBind'), async ({ pod, remove, placed, clock }) => {
  await pod('slow')
  await pod('q')
  assert.deepEqual(await placed(), { slow: '', q: '' })
  await remove('slow')
  assert.deepEqual(await placed(), { q: 'a' })
  await clock.advance(60_000)
})

check('a binding that takes its time says where it goes, and takes its room once', holding('preBind', { a: 2 }), async (at) => {
  await at.pod('slow')
  assert.equal(await at.nominated('slow'), 'a')
  await at.pod('q')
  assert.deepEqual(await at.placed(), { slow: '', q: 'a' }, 'what is promised is not counted beside what is taken')
})

check('a permit that waits: nobody else has the room, and the pod says where it goes', holding('permit'), async (at) => {
  await at.pod('slow')
  assert.deepEqual([await at.nominated('slow'), await at.placed()], ['a', { slow: '' }])
  await at.pod('q')
  assert.deepEqual(await at.placed(), { slow: '', q: '' })
  await at.clock.advance(30_000)
  assert.deepEqual(await at.placed(), { slow: '', q: 'a' }, 'it was not let through in time')
})

check(
  'a permit that was given lets the pod go on',
  { plugin: { name: 'Gate', permit: () => ({ waitMs: 60_000, allowed: Promise.resolve() }) } },
  async ({ pod, placed }) => {
    await pod('p')
    assert.deepEqual(await placed(), { p: 'a' })
  },
)

check(
  'a permit that refuses speaks for the node',
  {
    plugin: { name: 'Gate', permit: ({ pod }) => (pod.metadata.name === 'p' ? { reasons: ['not now'], unresolvable: false } : undefined) },
  },
  async ({ pod, told, placed }) => {
    await pod('p')
    assert.equal(await told('p'), 'Unschedulable: 0/1 nodes are available: 1 not now.')
    await pod('q')
    assert.deepEqual(await placed(), { p: '', q: 'a' })
  },
)

for (const point of ['preFilter', 'filter', 'reserve', 'permit', 'preBind'] as const) {
  const unreserved: string[] = []
  let isBroken = true
  const broken = (info: { readonly pod: Pod }): undefined => {
    if (info.pod.metadata.name === 'p' && isBroken) throw new Error('what now?')
  }
  check(
    `a plug-in that throws (${point}): the pod is told of it, comes back, and takes no room`,
    {
      plugin: {
        name: 'Broken',
        reserve: () => undefined,
        unreserve: ({ pod }) => void unreserved.push(pod.metadata.name),
        [point]: (info: { readonly pod: Pod }) => broken(info) ?? (point === 'preFilter' ? { state: undefined, skip: true } : undefined),
      },
    },
    async ({ pod, told, placed, remove, clock }) => {
      await pod('p')
      assert.match(await told('p'), /^SchedulerError: .*what now\?$/)
      assert.deepEqual(unreserved, point === 'preFilter' || point === 'filter' ? [] : ['p'])
      isBroken = false
      await pod('q')
      assert.deepEqual(await placed(), { p: '', q: 'a' })
      await remove('q')
      await clock.advance(2_000)
      assert.deepEqual(await placed(), { p: 'a' })
    },
  )
}

check('preemption: the lower one is told why, goes, and the room is kept for the higher one', {}, async (at) => {
  const { pod, get, nominated, placed, remove, events, writes, clock } = at
  await pod('low')
  await pod('high', { priority: 'high' })
  const victim = await get('low')
  assert.equal(await nominated('high'), 'a')
  assert.notEqual(victim.metadata.deletionTimestamp, undefined)
  const { status, reason, message } = podCondition(victim, 'DisruptionTarget')!
  assert.deepEqual(
    [status, reason, message],
    ['True', 'PreemptionByScheduler', 'default-scheduler: preempting to accommodate a higher priority pod'],
  )
  const { uid } = (await get('high')).metadata
  assert.ok(events.includes(`Preempted low: Preempted by pod ${uid} on node a`))
  assert.deepEqual(
    writes.filter((write) => write.endsWith(' low')),
    ['DELETE low'],
  )
  await pod('other')
  // Whatever is heard meanwhile: who has a promise keeps it, and nobody more is evicted.
  await at.addNode('b', 0)
  await at.client.patch(Node, 'b', { type: 'merge', body: { status: { allocatable: { cpu: '500m' } } } }, { subresource: 'status' })
  await clock.advance(10_000)
  assert.equal(await nominated('high'), 'a')
  await remove('low')
  await clock.advance(0)
  assert.deepEqual(await placed(), { high: 'a', other: '' })
  assert.equal(await nominated('high'), '', 'taken')
})

for (const point of ['permit', 'preBind'] as const)
  check(
    `preemption of a pod that is still on its way (${point}): it goes back to the queue, and is not deleted`,
    holding(point),
    async (at) => {
      const { pod, get, placed, writes, events, told, warnings, clock } = at
      await pod('slow')
      await pod('high', { priority: 'high' })
      await clock.advance(500)
      assert.deepEqual(await placed(), { slow: '', high: 'a' })
      assert.equal((await get('slow')).metadata.deletionTimestamp, undefined)
      assert.deepEqual([writes.includes('DELETE slow'), warnings], [false, []])
      const { uid } = (await get('high')).metadata
      assert.ok(events.includes(`Preempted slow: Preempted by pod ${uid} on node a (in kube-scheduler memory).`))
      assert.equal(await told('slow'), 'SchedulerError: preempted by DefaultPreemption')
      assert.equal(await at.nominated('slow'), '')
      await at.remove('high')
      await clock.advance(5_000)
      assert.equal(await at.nominated('slow'), 'a', 'it is tried again')
    },
  )

check('a promise: neither a lower one nor one alike takes the room, a higher one does', {}, async (at) => {
  const { pod, placed, remove, nominated, clock } = at
  await pod('low')
  await pod('promised', { priority: 'high' })
  await pod('lower')
  await pod('higher', { priority: 'higher' })
  assert.deepEqual([await nominated('promised'), await nominated('higher')], ['', 'a'])
  await remove('low')
  await clock.advance(10_000)
  assert.deepEqual(await placed(), { promised: '', lower: '', higher: 'a' })
})

check('who waits behind a promise is tried again when it is withdrawn', {}, async (at) => {
  const { pod, remove, placed, client } = at
  await pod('low', { finalizers: ['example.com/stay'] })
  await pod('promised', { priority: 'high', finalizers: ['example.com/stay'] })
  assert.equal(await at.nominated('promised'), 'a')
  await pod('q', { cpu: '500m' })
  await client.patch(Pod, 'low', { type: 'merge', body: { status: { phase: 'Failed' } } }, { ...inDefault, subresource: 'status' })
  await client.patch(Pod, 'promised', { type: 'merge', body: { metadata: { finalizers: null } } }, inDefault)
  await remove('promised')
  assert.equal((await placed())['q'], 'a')
})

check(
  'a victim that could not be evicted is not waited for',
  {
    meddle: first(
      ({ method }) => method === 'DELETE',
      () => Promise.reject(new WherryError('ServiceUnavailable', 'away')),
    ),
  },
  async ({ pod, get, clock }) => {
    await pod('low')
    await pod('high', { priority: 'high' })
    await clock.advance(10_000)
    assert.notEqual((await get('low')).metadata.deletionTimestamp, undefined)
  },
)

check(
  'another pod of the name of a victim is not evicted',
  {
    meddle(request, send) {
      const isDelete = request.method === 'DELETE'
      if (isDelete) assert.match(Buffer.from(request.body as Uint8Array).toString(), /"preconditions":\{"uid":"[^"]+"\}/)
      return send()
    },
  },
  async ({ pod, nominated, writes }) => {
    await pod('low')
    await pod('high', { priority: 'high' })
    assert.equal(await nominated('high'), 'a')
    assert.ok(writes.includes('DELETE low'))
  },
)

check('who waits behind a promise is tried again when it is taken back', {}, async ({ pod, told, placed, client, clock }) => {
  const promise = (nominatedNodeName: string | null) =>
    client.patch(Pod, 'promised', { type: 'merge', body: { status: { nominatedNodeName } } }, { ...inDefault, subresource: 'status' })
  await pod('low', { cpu: '0.7' })
  await pod('promised', { cpu: '0.9' })
  await promise('a')
  await clock.advance(5_000)
  await pod('q', { cpu: '0.3' })
  assert.match(await told('q'), /^Unschedulable/, 'there is room, and it is promised')
  await promise(null)
  await clock.advance(5_000)
  assert.equal((await placed())['q'], 'a')
})

check(
  'who was refused while another was bound is tried again when that fails',
  {
    plugin: {
      name: 'Fails',
      preBind: ({ pod }) => (pod.metadata.name === 'p' ? Promise.resolve().then(() => Promise.reject(new Error('no disk'))) : undefined),
    },
  },
  async ({ pod, placed, clock }) => {
    await Promise.all([pod('p'), pod('q', { cpu: '0.9' })])
    await clock.advance(900)
    assert.equal((await placed())['q'], 'a')
  },
)

check('a permit that is refused before the pod could say where it goes breaks nothing', ...refusedEarly())

check('two schedulers by name; one that nobody knows is left alone', { schedulerNames: ['default-scheduler', 'second'] }, async (at) => {
  const { pod, placed, writes, events } = at
  await pod('p', { cpu: '0.1' })
  await pod('q', { cpu: '0.1', spec: { schedulerName: 'second' } })
  await pod('r', { cpu: '0.1', spec: { schedulerName: 'third' } })
  assert.deepEqual(await placed(), { p: 'a', q: 'a', r: '' })
  assert.deepEqual(writes, ['POST p/binding', 'POST q/binding'])
  assert.equal(events.length, 2)
})

check('a pod with gates is not tried before the last of them is gone', {}, async ({ pod, placed, client, events, clock }) => {
  await pod('p', { spec: { schedulingGates: [{ name: 'x' }, { name: 'y' }] } })
  const open = (schedulingGates: object) => client.patch(Pod, 'p', { type: 'merge', body: { spec: { schedulingGates } } }, inDefault)
  await open([{ name: 'y' }])
  await clock.advance(400_000)
  assert.deepEqual([await placed(), events], [{ p: '' }, []])
  await open([])
  await clock.advance(0)
  assert.deepEqual(await placed(), { p: 'a' })
})

check('a node that is cordoned takes no pod from then on, and one that is not any more wakes who waits', {}, async (at) => {
  const cordon = async (unschedulable: boolean | null) => {
    await at.client.patch(Node, 'a', { type: 'merge', body: { spec: { unschedulable } } })
    await at.clock.advance(0)
  }
  await cordon(true)
  await at.pod('p')
  assert.deepEqual(await at.placed(), { p: '' })
  assert.match(await at.told('p'), /1 node\(s\) were unschedulable/)
  await cordon(null)
  assert.deepEqual(await at.placed(), { p: 'a' })
})

check('stopped while bindings are under way: they end, and nothing is begun after', holding('preBind', { a: 9 }), async (at) => {
  await at.pod('slow')
  const before = at.writes.length
  await at.scheduler.stop()
  await at.pod('late')
  await at.clock.advance(60_000)
  assert.deepEqual(await at.placed(), { slow: '', late: '' })
  assert.equal(at.writes.length, before)
})

check('extenders are asked about one pod at a time, and what happens meanwhile wakes the pod', ...asked())

function refusedEarly(): [StartedOptions, (at: StartedScheduler) => Promise<void>] {
  const [refused, told] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  refused.promise.catch(() => undefined)
  return [
    {
      plugin: { name: 'Gate', permit: () => ({ waitMs: 60_000, allowed: refused.promise }) },
      meddle: first(
        ({ path }) => path.includes('/status'),
        async (send) => {
          await told.promise
          return send()
        },
      ),
    },
    async ({ pod, told: message, clock }) => {
      await pod('p')
      refused.reject(new WherryError('Forbidden', 'not you'))
      await clock.advance(0)
      told.resolve()
      await clock.advance(0)
      assert.equal(await message('p'), 'SchedulerError: not you')
    },
  ]
}

function asked(): [StartedOptions, (at: StartedScheduler) => Promise<void>] {
  const questions: { readonly name: string; readonly answer: () => void }[] = []
  const extender = extenderOf(
    ({ pod }, nodes) =>
      new Promise((resolve) =>
        questions.push({
          name: pod.metadata.name,
          // Whatever it sees is refused, but for a node of the name `b`.
          answer: () => {
            const left = nodes.filter(({ name }) => name === 'b')
            const others = nodes.filter(({ name }) => name !== 'b')
            const refusals = new Map(others.map(({ name }) => [name, { plugin: 'Extender', reasons: ['no'], unresolvable: false }]))
            resolve({ nodes: left, refusals })
          },
        }),
      ),
  )
  return [
    { extenders: [extender] },
    async ({ pod, addNode, placed, clock, client }) => {
      await pod('p')
      await pod('q')
      assert.deepEqual(
        questions.map(({ name }) => name),
        ['p'],
      )
      await addNode('b', 1)
      await clock.advance(0)
      questions.shift()!.answer()
      await clock.advance(0)
      assert.deepEqual(
        questions.map(({ name }) => name),
        ['q'],
      )
      await client.delete(Pod, 'q', { ...inDefault, gracePeriodSeconds: 0 })
      await clock.advance(0)
      questions.shift()!.answer()
      await clock.advance(5_000)
      assert.deepEqual(
        questions.map(({ name }) => name),
        ['p'],
      )
      questions.shift()!.answer()
      await clock.advance(0)
      assert.deepEqual(await placed(), { p: 'b' })
    },
  ]
}

/** A plug-in that holds pods whose name begins with `slow` for 30 s at this point, or until they go. */
function holding(point: 'permit' | 'preBind', nodes: Readonly<Record<string, number>> = { a: 1 }): StartedOptions {
  const isSlow = ({ pod }: { readonly pod: Pod }): boolean => pod.metadata.name.startsWith('slow')
  const never = new Promise<void>(() => {})
  return {
    nodes,
    plugin:
      point === 'permit'
        ? { name: 'Slow', permit: (info) => (isSlow(info) ? { waitMs: 30_000, allowed: never } : undefined) }
        : {
            name: 'Slow',
            preBind: (info, _node, _state, { signal }) =>
              isSlow(info)
                ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
                : undefined,
          },
  }
}

function isBinding({ path }: HttpRequest): boolean {
  return path.includes('/binding')
}
