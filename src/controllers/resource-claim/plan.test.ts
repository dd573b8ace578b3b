import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pod } from '#api/core/v1/pod.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { ResourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import { WherryError } from '#lib/errors.ts'
import { namespace, type PodFacts, pod } from '../testing/objects.ts'
import { show, World } from '../testing/world.ts'
import { resourceClaimController } from './controller.ts'
import { allocationFinalizer } from './plan-claim.ts'
import { entryAnnotation } from './plan-pod.ts'

const spec = { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.example.com' } }] } }
const byTemplate = { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 't' }] }
const byName = { resourceClaims: [{ name: 'gpu', resourceClaimName: 'mine' }] }
const allocation = { devices: { results: [{ request: 'gpu', driver: 'd', pool: 'p', device: 'x' }] } }
const usedBy = (name: string, uid = name) => ({ resource: 'pods', name, uid })

test('makes a claim of a template, owned by the pod, and notes it', () => {
  const world = given({ a: { spec: byTemplate } })
  world.settle([resourceClaimController()])
  const [claim] = world.list(ResourceClaim)
  const { name, annotations, labels, ownerReferences } = claim!.metadata
  assert.match(name, /^a-gpu-/)
  assert.deepEqual([annotations, labels], [{ note: 'x', [entryAnnotation]: 'gpu' }, { from: 't' }])
  assert.deepEqual(ownerReferences, [{ apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'a', controller: true }])
  assert.deepEqual(claim!.spec, spec)
  assert.deepEqual(world.get(Pod, 'a', namespace)!.status.resourceClaimStatuses, [{ name: 'gpu', resourceClaimName: name }])
})

test('finds a claim that was made and not noted, and makes no second', () => {
  const world = given({ a: { spec: byTemplate } })
  world.put(ResourceClaim, made('found', 'a'))
  world.settle([resourceClaimController()])
  assert.deepEqual(
    world.list(ResourceClaim).map(({ metadata }) => metadata.name),
    ['found'],
  )
})

test('makes a claim anew that is gone, and leaves the others as they are', () => {
  const world = given({ a: { spec: { resourceClaims: [...byTemplate.resourceClaims, { name: 'more', resourceClaimTemplateName: 't' }] } } })
  const controller = resourceClaimController()
  world.settle([controller])
  const [gpu, more] = world.get(Pod, 'a', namespace)!.status.resourceClaimStatuses!
  world.remove(ResourceClaim, world.get(ResourceClaim, gpu!.resourceClaimName!, namespace)!)
  world.settle([controller])
  const [again, kept] = world.get(Pod, 'a', namespace)!.status.resourceClaimStatuses!
  assert.notEqual(again!.resourceClaimName, gpu!.resourceClaimName)
  assert.deepEqual(kept, more)
})

test('a claim of that name that somebody else owns is none of the pod', () => {
  const noted = { resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'theirs' }] }
  const world = given({ a: { spec: byTemplate, status: noted } })
  world.put(ResourceClaim, made('theirs', 'b'))
  world.settle([resourceClaimController()])
  assert.notEqual(world.get(Pod, 'a', namespace)!.status.resourceClaimStatuses![0]!.resourceClaimName, 'theirs')
})

checkSilent('a claim that is not needed', { spec: byTemplate, status: { resourceClaimStatuses: [{ name: 'gpu' }] } })
checkSilent('a claim that the user makes', { spec: byName })
checkSilent('a pod that has ended', { spec: byTemplate, node: 'n', phase: 'Succeeded' })
checkSilent('a pod that goes', { spec: byTemplate, deletedAt: 0, node: 'n' })
checkSilent('an entry of an unknown sort', { spec: { resourceClaims: [{ name: 'gpu' }] } })

test('says once that there is no template, and makes the claim when it comes', () => {
  const world = new World()
  world.put(Pod, podOf('a', { spec: byTemplate }))
  const controller = resourceClaimController()
  world.settle([controller])
  const told =
    'event Warning FailedResourceClaimCreation PodResourceClaim gpu: resource claim template "t": resourceclaimtemplate.resource.k8s.io "t" not found'
  assert.deepEqual(world.events.map(show), [told])
  putTemplate(world)
  world.settle([controller])
  assert.equal(world.list(ResourceClaim).length, 1)
})

test('says why a claim could not be made', () => {
  const world = given({ a: { spec: byTemplate } })
  world.refuse = (command) => (command.do === 'create' ? new WherryError('Forbidden', 'no quota') : undefined)
  world.pass(resourceClaimController(), `pod ${namespace}/a`)
  assert.deepEqual(world.events.map(show), [
    'event Warning FailedResourceClaimCreation PodResourceClaim gpu: create ResourceClaim : no quota',
  ])
})

test('a long name keeps something of both', () => {
  const world = given({ ['a'.repeat(60)]: { spec: { resourceClaims: [{ name: 'b'.repeat(40), resourceClaimTemplateName: 't' }] } } })
  world.settle([resourceClaimController()])
  const [claim] = world.list(ResourceClaim)
  assert.match(claim!.metadata.name, /^a{33}-b{22}\d+$/)
})

test('reserves an allocated claim for a pod that nobody scheduled, and no other', () => {
  const world = given({ a: { spec: byName, node: 'n' }, b: { spec: byName } })
  world.put(ResourceClaim, { metadata: { name: 'mine', namespace }, spec, status: { allocation } })
  world.settle([resourceClaimController()])
  assert.deepEqual(world.get(ResourceClaim, 'mine', namespace)!.status.reservedFor, [usedBy('a')])
})

test('reserves nothing that is not allocated, or full', () => {
  const world = given({ a: { spec: byName, node: 'n' } })
  const controller = resourceClaimController()
  world.put(ResourceClaim, { metadata: { name: 'mine', namespace }, spec, status: {} })
  world.settle([controller])
  const full = Array.from({ length: 256 }, (_, i) => ({ apiGroup: 'x.io', resource: 'things', name: `t${i}`, uid: `t${i}` }))
  world.change(ResourceClaim, 'mine', namespace, { status: { allocation, reservedFor: full } })
  world.settle([controller])
  assert.equal(world.get(ResourceClaim, 'mine', namespace)!.status.reservedFor!.length, 256)
})

checkRelease('of a pod that runs stays', { a: { spec: byName, node: 'n' } }, [usedBy('a')], {
  reserved: ['a'],
  allocated: true,
  held: true,
})
checkRelease('of a pod that has ended goes', { a: { spec: byName, node: 'n', phase: 'Succeeded' } }, [usedBy('a')], {
  reserved: [],
  allocated: false,
  held: false,
})
checkRelease('of a pod that went before it was placed goes', { a: { spec: byName, deletedAt: 0 } }, [usedBy('a')], {
  reserved: [],
  allocated: false,
  held: false,
})
checkRelease('of a pod that goes stays until it is gone', { a: { spec: byName, node: 'n', deletedAt: 0 } }, [usedBy('a')], {
  reserved: ['a'],
  allocated: true,
  held: true,
})
checkRelease('of a pod that is gone goes', {}, [usedBy('a')], { reserved: [], allocated: false, held: false })
checkRelease('of a pod that was replaced goes', { a: { spec: byName } }, [usedBy('a', 'before')], {
  reserved: [],
  allocated: false,
  held: false,
})
checkRelease('of one goes, and the devices stay with the other', { a: { spec: byName, node: 'n' } }, [usedBy('a'), usedBy('gone')], {
  reserved: ['a'],
  allocated: true,
  held: true,
})
checkRelease('of what we do not know stays', {}, [{ apiGroup: 'x.io', resource: 'things', name: 't', uid: 't' }], {
  reserved: ['t'],
  allocated: true,
  held: true,
})
checkRelease('that nobody has yet keeps its devices', {}, [], { reserved: [], allocated: true, held: true })

test('nothing is released for a pod that is only not seen yet', () => {
  const world = new World()
  world.put(ResourceClaim, allocated('mine', [usedBy('late')]))
  world.refuse = (command) => (command.do === 'confirmAbsent' ? new WherryError('Conflict', 'it is there') : undefined)
  world.pass(resourceClaimController(), `claim ${namespace}/mine`)
  assert.deepEqual(world.history, [])
})

test('a deleted claim that nobody uses gives its devices back and goes', () => {
  const world = new World()
  const claim = world.put(ResourceClaim, allocated('mine', []))
  world.do({ do: 'delete', kind: ResourceClaim, name: 'mine', namespace, uid: claim.metadata.uid })
  world.settle([resourceClaimController()])
  assert.equal(world.get(ResourceClaim, 'mine', namespace), undefined)
})

test('a deleted claim that a pod uses stays until that has ended', () => {
  const world = given({ a: { spec: byName, node: 'n' } })
  const claim = world.put(ResourceClaim, allocated('mine', [usedBy('a')]))
  const controller = resourceClaimController()
  world.do({ do: 'delete', kind: ResourceClaim, name: 'mine', namespace, uid: claim.metadata.uid })
  world.settle([controller])
  assert.deepEqual(world.get(ResourceClaim, 'mine', namespace)!.status.allocation, allocation)
  world.change(Pod, 'a', namespace, { status: { phase: 'Failed' } })
  world.settle([controller])
  assert.equal(world.get(ResourceClaim, 'mine', namespace), undefined)
})

for (const phase of ['Succeeded', 'Failed', 'Running'] as const)
  test(`a claim made for a pod that is ${phase} ${phase === 'Running' ? 'stays' : 'goes'}`, () => {
    const world = given({ a: { spec: byTemplate, node: 'n' } })
    const controller = resourceClaimController()
    world.settle([controller])
    const [claim] = world.list(ResourceClaim)
    world.change(Pod, 'a', namespace, { status: { phase } })
    world.settle([controller])
    // Nor is another made in its place.
    assert.deepEqual(world.list(ResourceClaim), phase === 'Running' ? [claim] : [])
  })

test('a claim for extended resources is given back with its pod', () => {
  const noted = { extendedResourceClaimStatus: { resourceClaimName: 'ext', requestMappings: [] } }
  const world = given({ a: { node: 'n', status: noted } })
  world.put(ResourceClaim, { ...allocated('ext', [usedBy('a')]), metadata: { ...allocated('ext', []).metadata, ...owned('a') } })
  const controller = resourceClaimController()
  world.settle([controller])
  world.change(Pod, 'a', namespace, { status: { phase: 'Succeeded' } })
  world.settle([controller])
  assert.equal(world.get(ResourceClaim, 'ext', namespace), undefined)
})

const owned = (name: string) => ({ ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid: name, controller: true }] })
const made = (name: string, owner: string) => ({
  metadata: { name, namespace, annotations: { [entryAnnotation]: 'gpu' }, ...owned(owner) },
  spec,
  status: {},
})
const allocated = (name: string, reservedFor: readonly object[]) => ({
  metadata: { name, namespace, finalizers: [allocationFinalizer] },
  spec,
  status: { allocation, ...(reservedFor.length > 0 && { reservedFor }) },
})

function podOf(name: string, facts: PodFacts): object {
  const { metadata, ...rest } = pod(name, facts)
  return { ...rest, metadata: { ...metadata, uid: name } }
}

function putTemplate(world: World): void {
  world.put(ResourceClaimTemplate, {
    metadata: { name: 't', namespace },
    spec: { metadata: { labels: { from: 't' }, annotations: { note: 'x' } }, spec },
  })
}

function given(pods: Readonly<Record<string, PodFacts>>): World {
  const world = new World()
  for (const [name, facts] of Object.entries(pods)) world.put(Pod, podOf(name, facts))
  putTemplate(world)
  return world
}

function checkSilent(name: string, facts: PodFacts): void {
  test(`does nothing for ${name}`, () => {
    const world = given({ a: facts })
    world.settle([resourceClaimController()])
    assert.deepEqual(world.history, [])
  })
}

function checkRelease(
  name: string,
  pods: Readonly<Record<string, PodFacts>>,
  reservedFor: readonly object[],
  expected: { readonly reserved: readonly string[]; readonly allocated: boolean; readonly held: boolean },
): void {
  test(`a reservation ${name}`, () => {
    const world = given(pods)
    world.put(ResourceClaim, allocated('mine', reservedFor))
    world.settle([resourceClaimController()])
    const { status, metadata } = world.get(ResourceClaim, 'mine', namespace)!
    const seen = {
      reserved: (status.reservedFor ?? []).map((one) => one.name),
      allocated: status.allocation !== undefined,
      held: (metadata.finalizers ?? []).length > 0,
    }
    assert.deepEqual(seen, expected)
  })
}
