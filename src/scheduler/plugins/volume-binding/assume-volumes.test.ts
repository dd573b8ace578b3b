import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { selectedNode } from '#api/core/v1/volume-binding.ts'
import { compareQuantity } from '#lib/quantity.ts'
import type { NodeInfo } from '../../world/node-info.ts'
import { classOfClaim, classOfVolume } from '../volume-common/claims.ts'
import { claim, localClass, namespace, onlyWhere, pod, type Scene, sceneOf, storageClass, volume, zone } from '../volume-common/testing.ts'
import { bindClaims, meansOf } from './testing.ts'
import { allows } from './volume-affinity.ts'
import { volumeBinding } from './volume-binding.ts'

const plugin = volumeBinding({})
const zones = { a: 'z1', b: 'z1', c: 'z2' } as const
const nodeNames = ['a', 'b', 'c'] as const
const claimNames = ['k', 'l', 'm', 'n'] as const
const volumeNames = ['s', 't', 'u', 'v', 'w'] as const

const size = fc.constantFrom('1Gi', '2Gi', '3Gi')
const className = fc.constantFrom('local', 'made')
const place = fc.constantFrom('anywhere', 'a', 'b', 'c', 'z1', 'z2')

const step = fc.oneof(
  fc.record({ do: fc.constant('claim' as const), name: fc.constantFrom(...claimNames), size, className, isGone: fc.boolean() }),
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('volume' as const),
      name: fc.constantFrom(...volumeNames),
      size,
      className,
      place,
      isFor: fc.option(fc.constantFrom(...claimNames), { nil: undefined, freq: 3 }),
      isGone: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('try' as const),
      uses: fc.uniqueArray(fc.constantFrom(...claimNames), { minLength: 1, maxLength: 3 }),
      node: fc.nat({ max: 2 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('undo' as const), which: fc.nat({ max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('write' as const), which: fc.nat({ max: 5 }) }) },
  fc.record({ do: fc.constant('bind' as const) }),
)

interface Try {
  readonly node: NodeInfo
  readonly undo: () => void
  readonly write: () => Promise<void>
}

/**
 * Claims and volumes come and go, pods are tried, reserved, written, bound and taken back, in any order. At every moment a volume is one
 * claim's and a claim has one volume; what a node is told to have is what a plain search over everything finds; and in the end nothing is left
 * assumed.
 */
test('whatever the order: one claim a volume, and nothing stays taken that was given back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const scene = sceneOf({
        nodes: Object.fromEntries(nodeNames.map((name) => [name, { [zone]: zones[name] }])),
        classes: [
          localClass('local'),
          storageClass('made', { allowedTopologies: [{ matchLabelExpressions: [{ key: zone, values: ['z1'] }] }] }),
        ],
      })
      const tries: Try[] = []
      let count = 0
      // So that there is something to quarrel about from the start.
      for (const name of claimNames)
        scene.put(PersistentVolumeClaim, claim(name, { className: name < 'n' ? 'local' : 'made', metadata: { uid: `${name}-0` } }))
      for (const name of volumeNames.slice(0, 3)) scene.put(PersistentVolume, volume(name, { className: 'local' }))
      for (const one of steps) {
        if (one.do === 'claim') {
          if (one.isGone) scene.remove(PersistentVolumeClaim, one.name, namespace)
          else if (scene.get(PersistentVolumeClaim, one.name, namespace) === undefined)
            scene.put(
              PersistentVolumeClaim,
              claim(one.name, { size: one.size, className: one.className, metadata: { uid: `${one.name}-${(count += 1)}` } }),
            )
        } else if (one.do === 'volume') {
          if (one.isGone) scene.remove(PersistentVolume, one.name)
          else if (scene.get(PersistentVolume, one.name) === undefined)
            scene.put(
              PersistentVolume,
              volume(one.name, {
                size: one.size,
                className: one.className,
                ...(one.isFor !== undefined && { claim: [one.isFor] }),
                ...(one.place !== 'anywhere' &&
                  (one.place.startsWith('z') ? { spec: { nodeAffinity: onlyWhere(zone, one.place) } } : { on: one.place })),
              }),
            )
        } else if (one.do === 'try') begin(scene, `p${(count += 1)}`, one.uses, one.node, tries)
        else if (one.do === 'undo') tries.splice(one.which, 1)[0]?.undo()
        else if (one.do === 'write') await tries[one.which]?.write()
        else bindClaims(scene)
        checkOneEach(scene)
      }
      for (const one of tries) one.undo()
      for (const kind of [PersistentVolume, PersistentVolumeClaim] as const) {
        const lookup = scene.world.lookups.of(kind as typeof PersistentVolume)
        for (const { metadata } of scene.list(kind)) {
          const actual = lookup.actual(metadata.name, metadata.namespace)
          assert.equal(lookup.get(metadata.name, metadata.namespace), actual, `${metadata.name} is still taken`)
        }
      }
    }),
    { numRuns: 400 },
  )
})

function begin(scene: Scene, name: string, uses: readonly string[], preferred: number, tries: Try[]): void {
  const { world } = scene
  const info = world.podInfo(scene.put(Pod, pod(name, uses)))
  const before = plugin.preFilter!(info, world)
  if ('refusal' in before) return
  const nodes = [...world.nodes.nodes.values()]
  const fitting = nodes.filter((node) => plugin.filter!(info, node, before.state, world) === undefined)
  const expected = nodes.filter((node) => fitsPlainly(scene, uses, node))
  assert.deepEqual(
    fitting.map((node) => node.name),
    expected.map((node) => node.name),
  )
  const node = fitting[preferred % fitting.length]
  if (node === undefined) return
  const owners = ownersOf(scene)
  assert.equal(plugin.reserve!(info, node, before.state, world), undefined)
  // What is somebody's stays his.
  for (const [name, uid] of owners) if (uid !== undefined) assert.equal(ownersOf(scene).get(name), uid)
  for (const use of uses) checkHasPlace(scene, use, node)
  tries.push({
    node,
    undo: () => plugin.unreserve!(info, node, before.state, world),
    async write() {
      const { means, giveUp } = meansOf(scene)
      const work = plugin.preBind!(info, node, before.state, means)
      // Only what is written is of interest: whoever waits is told to give up.
      await Promise.resolve()
      setImmediate(() => giveUp.abort())
      await work?.catch((error: unknown) => assert.match(String(error), /binding volumes|cannot be fulfilled|not found/))
    },
  })
}

/** A plain search, as the reference's: over all volumes for each claim, the smallest claim first. */
function fitsPlainly({ world }: Scene, uses: readonly string[], { node, name }: NodeInfo): boolean {
  const labels = node.metadata.labels ?? {}
  const volumes = world.lookups.of(PersistentVolume).list()
  const claims = uses.map((use) => world.lookups.of(PersistentVolumeClaim).get(use, namespace)!)
  const chosen = new Set<string>()
  let fits = true
  const canMake = (one: PersistentVolumeClaim): boolean => classOfClaim(one) === 'made' && labels[zone] === 'z1'
  for (const one of claims) {
    const bound = one.spec.volumeName && volumes.find(({ metadata }) => metadata.name === one.spec.volumeName)
    if (one.spec.volumeName) fits &&= bound !== undefined && bound !== '' && allows(bound.spec.nodeAffinity?.required, labels)
  }
  const open = claims.filter(({ spec }) => !spec.volumeName)
  const size = (one: PersistentVolumeClaim): string => one.spec.resources.requests!['storage']!
  for (const one of open.toSorted((a, b) => compareQuantity(size(a), size(b)))) {
    const selected = one.metadata.annotations?.[selectedNode]
    if (selected !== undefined) {
      fits &&= selected === name && canMake(one)
      continue
    }
    const suitable = volumes.filter(
      (each) =>
        !chosen.has(each.metadata.name) &&
        classOfVolume(each) === classOfClaim(one) &&
        compareQuantity(each.spec.capacity!['storage']!, size(one)) >= 0,
    )
    const forIt = suitable.filter(({ spec: { claimRef } }) => claimRef?.name === one.metadata.name)
    const begun = forIt.filter(({ spec: { claimRef } }) => claimRef?.uid === one.metadata.uid)
    const setAside = begun.length > 0 ? begun : forIt.filter(({ spec: { claimRef } }) => claimRef?.uid === undefined)
    const free =
      setAside.length > 0 ? setAside : suitable.filter(({ spec, status }) => spec.claimRef === undefined && status.phase === 'Available')
    const [best] = free
      .filter(({ spec }) => allows(spec.nodeAffinity?.required, labels))
      .toSorted(
        (a, b) =>
          (setAside.length > 0 ? 0 : compareQuantity(a.spec.capacity!['storage']!, b.spec.capacity!['storage']!)) ||
          (a.metadata.name < b.metadata.name ? -1 : 1),
      )
    if (best !== undefined) chosen.add(best.metadata.name)
    else fits &&= canMake(one)
  }
  return fits
}

/** After a reservation every claim has a volume that the node can reach, or the node itself. */
function checkHasPlace({ world }: Scene, use: string, { name, node }: NodeInfo): void {
  const one = world.lookups.of(PersistentVolumeClaim).get(use, namespace)!
  const volumes = world.lookups
    .of(PersistentVolume)
    .list()
    .filter(({ spec, metadata }) => spec.claimRef?.uid === one.metadata.uid || metadata.name === one.spec.volumeName)
  const isReached = volumes.some(({ spec }) => allows(spec.nodeAffinity?.required, node.metadata.labels ?? {}))
  assert.ok(isReached || one.metadata.annotations?.[selectedNode] === name, `${use} has nothing on ${name}`)
}

/** The claim that each volume names, by uid. */
const ownersOf = ({ world }: Scene): ReadonlyMap<string, string | undefined> =>
  new Map(
    world.lookups
      .of(PersistentVolume)
      .list()
      .map(({ metadata, spec }) => [metadata.name, spec.claimRef?.uid]),
  )

function checkOneEach({ world }: Scene): void {
  const owners = new Set<string>()
  for (const { spec, metadata } of world.lookups.of(PersistentVolume).list()) {
    const uid = spec.claimRef?.uid
    if (uid === undefined) continue
    assert.ok(!owners.has(uid), `a claim has ${metadata.name} and another volume`)
    owners.add(uid)
  }
}

function takes(name: string, volumes: readonly object[], expected: string): void {
  test(name, () => {
    const scene = sceneOf({
      nodes: { a: { [zone]: 'z1' } },
      classes: [localClass('local')],
      volumes,
      claims: [claim('k', { className: 'local' })],
    })
    const info = scene.world.podInfo(scene.put(Pod, pod('p', ['k'])))
    const before = plugin.preFilter!(info, scene.world)
    assert.ok('state' in before)
    assert.equal(plugin.reserve!(info, scene.world.nodes.nodes.get('a')!, before.state, scene.world), undefined)
    const taken = scene.world.lookups
      .of(PersistentVolume)
      .list()
      .filter(({ spec }) => spec.claimRef?.uid !== undefined)
    assert.deepEqual(
      taken.map(({ metadata }) => metadata.name),
      [expected],
    )
  })
}
const inClass = { className: 'local' } as const
const inZone = { spec: { nodeAffinity: onlyWhere(zone, 'z1') } }
takes(
  'takes the smallest that is large enough',
  [volume('s', { ...inClass, size: '3Gi' }), volume('t', { ...inClass, size: '2Gi' }), volume('u', { ...inClass, size: '512Mi' })],
  't',
)
takes(
  'takes the smallest, whether for one node, a zone or all',
  [
    volume('s', { ...inClass, size: '3Gi', on: 'a' }),
    volume('t', { ...inClass, size: '2Gi' }),
    volume('u', { ...inClass, ...inZone, size: '5Gi' }),
  ],
  't',
)
takes(
  'takes the smallest, even if it is of a zone',
  [
    volume('s', { ...inClass, size: '3Gi' }),
    volume('t', { ...inClass, ...inZone, size: '2Gi' }),
    volume('u', { ...inClass, size: '5Gi', on: 'a' }),
  ],
  't',
)
takes('takes what is set aside, however large', [volume('s', { ...inClass }), volume('t', { ...inClass, size: '9Gi', claim: ['k'] })], 't')
takes('of equals takes the first by name', [volume('t', { ...inClass, on: 'a' }), volume('s', { ...inClass })], 's')

test('gives back nothing that another pod has taken since', () => {
  const scene = sceneOf({
    nodes: { a: {} },
    classes: [localClass('local')],
    volumes: [volume('v', inClass)],
    claims: ['k', 'l'].map((name) => claim(name, inClass)),
  })
  const { world } = scene
  const node = world.nodes.nodes.get('a')!
  const [first, second] = ['k', 'l'].map((use) => {
    const info = world.podInfo(scene.put(Pod, pod(`p-${use}`, [use])))
    const before = plugin.preFilter!(info, world)
    assert.ok('state' in before)
    return {
      reserve: () => plugin.reserve!(info, node, before.state, world),
      undo: () => plugin.unreserve!(info, node, before.state, world),
    }
  })
  const owner = () => world.lookups.of(PersistentVolume).get('v')?.spec.claimRef?.name
  assert.deepEqual([first!.reserve(), owner()], [undefined, 'k'])
  // Somebody else changes the volume: what was taken is taken no more, since its write would be refused.
  const { metadata, ...rest } = scene.get(PersistentVolume, 'v')!
  scene.put(PersistentVolume, { ...rest, metadata: { ...metadata, labels: { grade: 'gold' } } })
  assert.deepEqual([owner(), second!.reserve(), owner()], [undefined, undefined, 'l'])
  first!.undo()
  assert.equal(owner(), 'l')
  second!.undo()
  assert.equal(owner(), undefined)
})
