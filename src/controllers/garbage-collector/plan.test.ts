import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { KubeObject } from '#api/kind.ts'
import { inOrder } from '#loop/in-order.ts'
import { createServedKinds } from '#loop/served-kinds.ts'
import { namespace } from '../testing/objects.ts'
import { show, World } from '../testing/world.ts'
import { garbageCollector } from './controller.ts'

const kinds = [Deployment, ReplicaSet, Pod, ConfigMap, Node]
const controller = garbageCollector(createServedKinds(kinds))

check('background: what lost its owner goes, and what that owned', { d: '', rs: 'd', pod: 'rs' }, { delete: 'd' }, '')
check('a living owner keeps it', { d: '', rs: 'd' }, {}, 'd rs(d)')
check('one living owner of two keeps it, and the other reference goes', { d: '', e: '', rs: 'd,e' }, { delete: 'd' }, 'e rs(e)')
check('orphan: dependents stay, without the reference', { d: '', rs: 'd', pod: 'rs' }, { delete: 'd', policy: 'Orphan' }, 'pod(rs) rs')
check('foreground: dependents go first', { d: '', rs: 'd!', pod: 'rs!' }, { delete: 'd', policy: 'Foreground' }, '')
check(
  'foreground waits for a blocking dependent that is held',
  { d: '', rs: 'd!', pod: 'rs! held' },
  { delete: 'd', policy: 'Foreground' },
  'd pod(rs) rs(d)',
)
check('foreground does not wait for one that does not block', { d: '', rs: 'd held' }, { delete: 'd', policy: 'Foreground' }, 'rs(d)')
check(
  'foreground: a shared dependent stays with its other owner',
  { d: '', e: '', rs: 'd!,e' },
  { delete: 'd', policy: 'Foreground' },
  'e rs(e)',
)
check('foreground: a circle of owners comes to an end', { rs: 'pod!', pod: 'rs!' }, { delete: 'rs', policy: 'Foreground' }, '')
check('an owner of an unknown kind is taken to live', { rs: '?stranger' }, {}, 'rs(stranger)')
check('a successor of the same name is another owner', { d: '', rs: 'd' }, { replace: 'd' }, 'd')

test('asks the API server before it believes that an owner is gone', () => {
  const { world } = given({ rs: 'd' })
  const { commands } = world.pass(controller, `apps/replicasets ${namespace}/rs`)
  assert.deepEqual(commands.map(show), ['confirm that deployment d is gone', 'delete replicaset rs'])
})

test('does not delete when the owner turns up after all', () => {
  const { world } = given({ d: '', rs: 'd' })
  // The cache of Deployments is behind: it does not show what the server has.
  const late = {
    ...bound(world),
    get: (kind: never, name: string, place?: string) => (name === 'd' ? undefined : world.get(kind, name, place)),
  }
  const view = controller.view(`apps/replicasets ${namespace}/rs`, late as never, world.now)
  assert.throws(() => {
    for (const command of inOrder(controller.plan(view!).commands)) world.do(command)
  }, /is there/)
  assert.notEqual(world.get(ReplicaSet, 'rs', namespace), undefined)
})

test('tells of an owner in another namespace, and treats it as absent', () => {
  const { world } = given({ d: '' })
  const owner = world.get(Deployment, 'd', namespace)!
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'd', uid: owner.metadata.uid }]
  world.put(ReplicaSet, { metadata: { name: 'rs', namespace: 'elsewhere', ownerReferences } })
  world.settle([controller])
  assert.deepEqual(world.list(ReplicaSet), [])
  assert.match(
    show(world.events[0]!),
    /^event Warning OwnerRefInvalidNamespace ownerRef \[apps\/v1\/Deployment, namespace: elsewhere, name: d, uid: .*\] does not exist in namespace "elsewhere"$/,
  )
})

test('never deletes a cluster-wide object for its namespaced owner', () => {
  const world = new World()
  world.put(Node, { metadata: { name: 'n', ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'gone' }] } })
  world.pass(controller, '/nodes n')
  assert.notEqual(world.get(Node, 'n'), undefined)
  assert.deepEqual(
    world.events.map(({ reason }) => reason),
    ['OwnerRefInvalidNamespace'],
  )
})

test('never deletes what has a living owner, and leaves nothing without one', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const policy = fc.constantFrom('Background', 'Foreground', 'Orphan')
  // Owners come before what they own: a graph without circles.
  const graph = fc.tuple(
    ...names.map((_, at) =>
      fc.array(fc.record({ owner: fc.nat(Math.max(0, at - 1)), blocks: fc.boolean() }), { maxLength: at === 0 ? 0 : 3 }),
    ),
  )
  const deletions = fc.array(fc.record({ at: fc.nat(5), policy }), { maxLength: 3 })
  fc.assert(
    fc.property(graph, deletions, (owners, victims) => {
      const world = new World()
      const asked = new Set<string>()
      for (const [at, list] of owners.entries()) {
        const references = new Map(
          list.map(({ owner, blocks }) => [
            owner,
            { apiVersion: 'v1', kind: 'ConfigMap', name: names[owner], uid: `uid-${names[owner]}`, blockOwnerDeletion: blocks },
          ]),
        )
        world.put(ConfigMap, {
          metadata: { name: names[at], namespace, uid: `uid-${names[at]}`, ownerReferences: [...references.values()] },
        })
      }
      world.refuse = (command) => {
        if (command.do !== 'delete' || asked.has(command.uid)) return undefined
        const references = world.get(ConfigMap, command.name, namespace)?.metadata.ownerReferences ?? []
        const living = references.filter(({ name, uid }) => {
          const owner = world.get(ConfigMap, name, namespace)
          return owner?.metadata.uid === uid && !(owner.metadata.finalizers ?? []).includes('foregroundDeletion')
        })
        assert.deepEqual(living, [], `${command.name} has a living owner`)
        return undefined
      }
      for (const { at, policy } of victims) {
        const object = world.get(ConfigMap, names[at]!, namespace)
        if (object === undefined) continue
        asked.add(object.metadata.uid)
        world.do({
          do: 'delete',
          kind: ConfigMap,
          name: names[at]!,
          namespace,
          uid: object.metadata.uid,
          propagationPolicy: policy as 'Orphan',
        })
        world.settle([controller])
      }
      for (const object of world.list(ConfigMap)) {
        assert.equal(object.metadata.deletionTimestamp, undefined, `${object.metadata.name} is stuck`)
        for (const { name } of object.metadata.ownerReferences ?? []) assert.notEqual(world.get(ConfigMap, name, namespace), undefined)
      }
    }),
    { numRuns: 200 },
  )
})

test('an owner waits for nobody who gives its uid, but lives elsewhere or calls it by another name', () => {
  const { world } = given({ rs1: '' })
  const reference = { apiVersion: 'apps/v1', kind: 'ReplicaSet', uid: 'uid-rs1', blockOwnerDeletion: true }
  const held = (name: string, place: string, owner: string) =>
    world.put(Pod, {
      metadata: { name, namespace: place, ownerReferences: [{ ...reference, name: owner }], finalizers: ['held'] },
      spec: {},
    })
  held('pod1', 'elsewhere', 'rs1')
  held('pod2', namespace, 'rs2')
  world.do({ do: 'delete', kind: ReplicaSet, name: 'rs1', namespace, uid: 'uid-rs1', propagationPolicy: 'Foreground' })
  world.settle([controller])
  assert.equal(world.get(ReplicaSet, 'rs1', namespace), undefined)
})

type Objects = Readonly<Record<string, string>>

/** Objects by name: their owners, `!` where one blocks its owner's deletion, `?` of an unknown kind; `held` by a finalizer of somebody. */
function given(objects: Objects): { world: World } {
  const world = new World()
  for (const [name, text] of Object.entries(objects)) {
    const [owners = '', held] = text.split(' ')
    const ownerReferences = owners
      .split(',')
      .filter((owner) => owner !== '')
      .map((owner) => {
        const [, unknown, plain = '', blocks] = /^(\?)?(\w+)(!)?$/.exec(owner)!
        const { kind, apiVersion } = unknown ? { kind: 'Widget', apiVersion: 'example.com/v1' } : typeOf(plain)
        return { apiVersion, kind, name: plain, uid: `uid-${plain}`, ...(blocks ? { blockOwnerDeletion: true } : {}) }
      })
    world.put(kindOf(name), {
      metadata: { name, namespace, uid: `uid-${name}`, ownerReferences, ...(held ? { finalizers: ['held'] } : {}) },
      spec: {},
    })
  }
  return { world }
}

const kindOf = (name: string) => (name.startsWith('pod') ? Pod : name.startsWith('rs') ? ReplicaSet : Deployment)
const typeOf = (name: string) => ({ kind: kindOf(name).kind, apiVersion: kindOf(name) === Pod ? 'v1' : 'apps/v1' })
const bound = (world: World) => ({ list: world.list.bind(world), ownedBy: world.ownedBy.bind(world), indexed: world.indexed.bind(world) })

function check(
  name: string,
  objects: Objects,
  change: { readonly delete?: string; readonly policy?: 'Background' | 'Foreground' | 'Orphan'; readonly replace?: string },
  left: string,
): void {
  test(name, () => {
    const { world } = given(objects)
    world.settle([controller])
    if (change.delete !== undefined) {
      const kind = kindOf(change.delete)
      const { uid } = world.get(kind, change.delete, namespace)!.metadata
      world.do({ do: 'delete', kind, name: change.delete, namespace, uid, propagationPolicy: change.policy ?? 'Background' })
    }
    if (change.replace !== undefined)
      world.put(kindOf(change.replace), { metadata: { name: change.replace, namespace, uid: 'successor' }, spec: {} })
    world.settle([controller])
    const shown = kinds.flatMap((kind) =>
      (world.list(kind) as readonly KubeObject[]).map(({ metadata }) => {
        const owners = metadata.ownerReferences?.map((reference) => reference.name) ?? []
        return owners.length === 0 ? metadata.name : `${metadata.name}(${owners.join()})`
      }),
    )
    assert.equal(shown.toSorted().join(' '), left)
  })
}
