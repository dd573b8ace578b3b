import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Event } from '#api/core/v1/event.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { isError, WherryError } from '#lib/errors.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedProcess } from '#sim/process.ts'
import { memoryObjects } from '../../authorization/testing/memory-objects.ts'
import type { Internals } from '../../contract.ts'
import type { Outbound } from '../../outbound.ts'
import { admin, createTestServer } from '../../testing.ts'
import { type AskedOptions, askedOf, assertForbidden, runPlugin } from '../testing.ts'
import { alwaysAdmit, alwaysDeny } from './always.ts'
import { alwaysPullImages } from './always-pull-images.ts'
import { denyServiceExternalIPs } from './deny-service-external-ips.ts'
import { eventRateLimit } from './event-rate-limit.ts'
import { extendedResourceToleration } from './extended-resource-toleration.ts'
import { imagePolicyWebhook } from './image-policy-webhook.ts'
import { limitPodHardAntiAffinityTopology } from './limit-pod-hard-anti-affinity-topology.ts'
import { namespaceAutoProvision, namespaceExists } from './namespaces.ts'
import { ownerReferencesPermissionEnforcement } from './owner-references-permission-enforcement.ts'
import { podNodeSelector } from './pod-node-selector.ts'
import { podTolerationRestriction } from './pod-toleration-restriction.ts'

const pod = (spec: object = {}, metadata: object = {}) => ({ metadata, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } })
const specOf = (object: unknown) => (object as Pod).spec
const updated = (previous: object): AskedOptions => ({ operation: 'UPDATE', previous })

function inNamespace(annotations: Readonly<Record<string, string>> = {}) {
  const objects = memoryObjects()
  const marked = Object.entries(annotations).map(([key, value]) => [`scheduler.alpha.kubernetes.io/${key}`, value])
  objects.put(Namespace, { metadata: { name: 'd', annotations: Object.fromEntries(marked) } })
  return objects
}

test('always, and never', async () => {
  const asked = askedOf(memoryObjects(), Pod, pod())
  assert.equal(await runPlugin(alwaysAdmit, asked), asked.object)
  await assertForbidden(runPlugin(alwaysDeny, asked), 'admission control is denying all modifications')
})

test('images are pulled anew, but not for an update that brings none', async () => {
  const mounted = pod({ volumes: [{ name: 'v', image: { reference: 'r' } }] })
  const spec = specOf(await runPlugin(alwaysPullImages, askedOf(memoryObjects(), Pod, mounted)))
  assert.deepEqual([spec.containers[0]!.imagePullPolicy, spec.volumes![0]!.image!.pullPolicy], ['Always', 'Always'])
  const same = specOf(await runPlugin(alwaysPullImages, askedOf(memoryObjects(), Pod, pod(), updated(pod()))))
  assert.equal(same.containers[0]!.imagePullPolicy, undefined)
})

test('a namespace that is not there is refused, or made', async () => {
  const asked = askedOf(memoryObjects(), Pod, pod())
  await assert.rejects(runPlugin(namespaceExists, asked), (error) => isError(error, 'NotFound'))
  const made: object[] = []
  const internals = { create: async (_kind: unknown, object: object) => made.push(object) } as unknown as Internals
  await runPlugin(namespaceAutoProvision(internals), askedOf(memoryObjects(), Pod, pod(), { dryRun: true }))
  await runPlugin(namespaceAutoProvision(internals), askedOf(inNamespace(), Pod, pod()))
  assert.deepEqual(made, [])
  await runPlugin(namespaceAutoProvision(internals), asked)
  assert.deepEqual(made, [{ metadata: { name: 'd' }, spec: {}, status: {} }])
})

test("a namespace's nodes", async () => {
  const plugin = podNodeSelector({ d: 'a=b, c=d' })
  const objects = inNamespace({ 'node-selector': 'a=b' })
  const run = (nodeSelector: object) => runPlugin(plugin, askedOf(objects, Pod, pod({ nodeSelector })))
  assert.deepEqual(specOf(await run({ c: 'd' })).nodeSelector, { a: 'b', c: 'd' })
  await assertForbidden(run({ a: 'x' }), 'pod node label selector conflicts with its namespace node label selector')
  await assertForbidden(run({ e: 'f' }), 'pod node label selector labels conflict with its namespace whitelist')
})

// What the reference says of annotations that are none.
for (const [text, why] of [
  ['a', 'invalid selector: [a]'],
  ['a=b=c', 'invalid selector: [a b c]'],
  ['a=b,', 'invalid selector: []'],
  ['a!=b', '<nil>: Invalid value: "a!": name part must consist of alphanumeric characters'],
  ['a=!', '[a]: Invalid value: "!": a valid label must be an empty string or consist of alphanumeric characters'],
] as const)
  test(`nodes that are ${text}`, () =>
    assert.rejects(
      runPlugin(podNodeSelector(), askedOf(inNamespace({ 'node-selector': text }), Pod, pod())),
      (error) => isError(error, 'InternalError') && error.message.startsWith(why) && error.details.status === 500,
    ))

for (const [text, why] of [
  ['nonsense', "invalid character 'o' in literal null (expecting 'u')"],
  ['{}', 'json: cannot unmarshal object into Go value of type []v1.Toleration'],
  ['[{"key":1}]', 'json: cannot unmarshal number into Go struct field Toleration.key of type string'],
] as const)
  test(`tolerations that are ${text}`, () =>
    assert.rejects(
      runPlugin(podTolerationRestriction(), askedOf(inNamespace({ defaultTolerations: text }), Pod, pod())),
      (error) => isError(error, 'InternalError') && error.message === why && error.details.status === 500,
    ))

test("a namespace's tolerations", async () => {
  const own = { key: 'k', operator: 'Exists' }
  const objects = inNamespace({ defaultTolerations: JSON.stringify([own]), tolerationsWhitelist: JSON.stringify([own]) })
  const run = (spec: object) => runPlugin(podTolerationRestriction(), askedOf(objects, Pod, pod(spec)))
  assert.deepEqual(specOf(await run({})).tolerations, [own])
  await assert.rejects(
    run({ tolerations: [{ key: 'other', operator: 'Exists' }] }),
    /pod tolerations \(possibly merged with namespace default tolerations\) conflict with its namespace whitelist/,
  )
})

test('who asks for a device may go where it is', async () => {
  const containers = [{ name: 'c', resources: { requests: { 'example.com/gpu': '1', cpu: '1', 'hugepages-2Mi': '2Mi' } } }]
  const asked = askedOf(memoryObjects(), Pod, pod({ containers }))
  assert.deepEqual(specOf(await runPlugin(extendedResourceToleration, asked)).tolerations, [
    { key: 'example.com/gpu', operator: 'Exists', effect: 'NoSchedule' },
  ])
})

test('nobody keeps others out of a zone', async () => {
  const affinity = (topologyKey: string) => ({ podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey }] } })
  const run = (key: string) => runPlugin(limitPodHardAntiAffinityTopology, askedOf(memoryObjects(), Pod, pod({ affinity: affinity(key) })))
  await run('kubernetes.io/hostname')
  await assertForbidden(
    run('zone'),
    'affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed',
  )
})

test('external addresses may stay, not come', async () => {
  const service = (...externalIPs: string[]) => ({ spec: { externalIPs } })
  const run = (object: object, options?: AskedOptions) =>
    runPlugin(denyServiceExternalIPs, askedOf(memoryObjects(), Service, object, options))
  await run(service())
  await run(service('192.0.2.1'), updated(service('192.0.2.1', '192.0.2.2')))
  const why = 'Use of external IPs is denied by admission control'
  await assertForbidden(run(service('192.0.2.1')), why)
  await assertForbidden(run(service('192.0.2.1', '192.0.2.3'), updated(service('192.0.2.1'))), why)
})

test('who may keep whom', async () => {
  const owned = (blockOwnerDeletion?: boolean, kind = 'Pod') =>
    pod(
      {},
      {
        ownerReferences: [{ apiVersion: 'v1', kind, name: 'o', uid: 'u', ...(blockOwnerDeletion !== undefined && { blockOwnerDeletion }) }],
      },
    )
  const run = (may: readonly string[], object: object, options?: AskedOptions) =>
    runPlugin(
      ownerReferencesPermissionEnforcement(async ({ verb, resource, subresource }) => ({
        allowed: may.includes(`${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}`),
        reason: 'why',
      })),
      askedOf(memoryObjects(), Pod, object, options),
    )
  // A create may name owners: whoever makes it could as well not have made it.
  await run([], owned())
  await assertForbidden(run([], owned(), updated(pod())), "cannot set an ownerRef on a resource you can't delete: why, <nil>")
  await run(['delete pods'], owned(), updated(pod()))
  await run(['update pods/finalizers'], owned(true))
  await run(['update */finalizers'], owned(true, 'Nothing'))
  await assertForbidden(
    run([], owned(true)),
    "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: why, <nil>",
  )
  await run([], owned(true), updated(owned(true)))
})

test('events come no faster than they may', async () => {
  const clock = createVirtualClock(0)
  const plugin = eventRateLimit([{ type: 'Namespace', qps: 1, burst: 2 }], clock)
  const run = (namespace: string, dryRun = false) => runPlugin(plugin, askedOf(memoryObjects(), Event, {}, { namespace, dryRun }))
  await run('a')
  await run('a')
  const refused = (error: Error) =>
    isError(error, 'TooManyRequests') && error.message === 'Too many requests: limit reached on type Namespace for key a'
  await assert.rejects(run('a'), refused)
  await run('a', true)
  await run('b')
  await clock.advance(1000)
  await run('a')
  await assert.rejects(run('a'), refused)
})

/** A backend whose answers are set, and who may be asked. */
function judged(options: { readonly defaultAllow?: boolean } = {}) {
  const clock = createVirtualClock(0)
  const machine = createSimulatedProcess('machine', clock)
  const asked: string[] = []
  const state: { status: number; body: string | undefined } = { status: 200, body: undefined }
  const outbound: Outbound = async (target, { query, bearerToken }, { body }) => {
    asked.push(`${(target as { readonly url: string }).url}?${query} ${bearerToken} ${Buffer.from(body!).toString()}`)
    if (state.body === undefined) throw new WherryError('ServiceUnavailable', 'dial tcp 192.0.2.1:443: connect: connection refused')
    return { status: state.status, headers: {}, body: Buffer.from(state.body) }
  }
  const plugin = imagePolicyWebhook({
    outbound,
    clock: machine.clock,
    random: seededRandom(1),
    connection: { url: 'https://h/', bearerToken: 'me' },
    allowTtlMs: 1000,
    denyTtlMs: 1000,
    retryBackoffMs: 1,
    defaultAllow: options.defaultAllow ?? false,
  })
  const run = async () => {
    const running = runPlugin(plugin, askedOf(memoryObjects(), Pod, pod()))
    running.catch(() => {})
    await clock.runUntilIdle()
    return running
  }
  const answer = (status: object | undefined, code = 200) => {
    state.status = code
    state.body = status === undefined ? undefined : JSON.stringify({ status })
  }
  return { clock, jump: machine.jump, asked, state, run, answer }
}

test('images that nobody judges', async () => {
  const { run, asked } = judged()
  await assertForbidden(run(), 'Post "https://h/?timeout=30s": dial tcp 192.0.2.1:443: connect: connection refused')
  assert.equal(
    asked[0],
    'https://h/?timeout=30s me {"kind":"ImageReview","apiVersion":"imagepolicy.k8s.io/v1alpha1","metadata":{},' +
      '"spec":{"containers":[{"image":"i"}],"namespace":"d"},"status":{"allowed":false}}',
  )
  await judged({ defaultAllow: true }).run()
})

test('a verdict is kept for a while', async () => {
  const { run, asked, answer, clock, jump } = judged()
  answer({ allowed: false, reason: 'old' })
  await assertForbidden(run(), 'image policy webhook backend denied one or more images: old')
  answer({ allowed: true })
  await assertForbidden(run(), 'image policy webhook backend denied one or more images: old')
  assert.equal(asked.length, 1)
  await clock.advance(1001)
  await run()
  assert.equal(asked.length, 2)
  jump(-3_600_000)
  await clock.advance(1001)
  await run()
  assert.equal(asked.length, 3, 'also by a clock that was set back')
})

// What the reference says of each answer, and how often it asks.
for (const [code, body, tries, why] of [
  [200, '{}', 1, 'one or more images rejected by webhook backend'],
  [500, 'x', 5, 'an error on the server ("x") has prevented the request from succeeding'],
  [404, 'x', 1, 'the server could not find the requested resource'],
  [429, 'x', 5, 'the server has received too many requests and has asked us to try again later'],
] as const)
  test(`a backend that answers ${code}`, async () => {
    const { run, asked, state } = judged()
    Object.assign(state, { status: code, body })
    await assertForbidden(run(), why)
    assert.equal(asked.length, tries)
  })

test('a backend that forbids the question is passed on', async () => {
  const { run, state } = judged()
  Object.assign(state, { status: 403, body: 'go away' })
  await assert.rejects(run(), (error) => isError(error, 'Forbidden') && error.message === 'go away')
})

test('a namespace that is made on the way is a whole one', async (t) => {
  const server = await createTestServer({
    clock: createVirtualClock(0),
    server: {
      stages: (_objects, internals) => ({
        authenticate: async () => admin,
        authorize: async () => ({ allowed: true, reason: '' }),
        admission: [namespaceAutoProvision(internals)],
        handlers: {},
      }),
    },
  })
  t.after(() => server.close())
  const body = Buffer.from(JSON.stringify({ metadata: { name: 'c' } }))
  const headers = { 'content-type': 'application/json' }
  const made = await server.transport({ method: 'POST', path: '/api/v1/namespaces/new/configmaps', headers, body })
  assert.equal(made.status, 201)
  const { spec, status } = server.objects.get(Namespace, 'new') as Namespace
  assert.deepEqual([spec, status], [{ finalizers: ['kubernetes'] }, { phase: 'Active' }])
})
