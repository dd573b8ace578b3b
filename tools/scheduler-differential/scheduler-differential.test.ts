import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kinds } from '#api/kinds.ts'
import { ourProfiles } from '#scheduler/testing/profiles.ts'
import type { KubeJson, RecordedCase } from '#scheduler/testing/recorded-case.ts'
import { decode } from '#schema/decode.ts'
import { compareAll, describe, findingsOf } from './compare.ts'
import { areaNames, generate } from './generate.ts'
import { sampleOf } from './sample.ts'
import { listenTo } from './scheduler-events.ts'
import { shrink } from './shrink.ts'

test('a seed gives the same cluster again, of fields that kinds have', () => {
  for (const area of areaNames)
    for (let seed = 1; seed <= 8; seed += 1) {
      const { objects, pods } = generate(seed, area)
      assert.deepEqual(generate(seed, area), { ...generate(seed, area), objects, pods })
      for (const object of [...objects, ...pods]) {
        const kind = kinds.find((each) => each.kind === object.kind)!
        const { errors, unknown } = decode(kind, object)
        assert.deepEqual([...errors, ...unknown], [], `${area} ${seed} ${object.kind}`)
      }
    }
})

test('the log of the original is understood', () => {
  const listeners: ((line: string) => void)[] = []
  const events = listenTo((listener) => {
    listeners.push(listener)
    return () => undefined
  })
  const say = (text: string): void => {
    for (const listener of listeners) listener(`I1122 01:31:48.836057    1903 schedule_one.go:982] ${text}`)
  }
  say('"Add event for node" node="n0-c1"')
  say('"Attempting to schedule pod" pod="alpha/p0-c1"')
  say('"Plugin scored node for pod" pod="alpha/p0-c1" plugin="NodeAffinity" node="n0-c1" score=12')
  say('"Calculated node\'s final score for pod" pod="alpha/p0-c1" node="n0-c1" score=-3')
  assert.ok(events.hasNode('n0-c1') && !events.hasNode('n1-c1'))
  const seen = events.of('alpha/p0-c1')
  assert.deepEqual([seen.scores, seen.totals], [{ NodeAffinity: { 'n0-c1': 12 } }, { 'n0-c1': -3 }])
  say('"Start the preemption asynchronously" preemptor="alpha/p0-c1" node="n0-c1" numVictims=1')
  say('"Attempting to schedule pod" pod="alpha/p0-c1"')
  say('"Preemptor Pod preempted victim Pod" preemptor="alpha/p0-c1" victim="beta/b0-c1" node="n0-c1"')
  // A new try forgets the scores of the last, and not who was evicted for it.
  const again = events.of('alpha/p0-c1')
  assert.deepEqual([again.scores, [...again.preemption.victims], again.preemption.hasBegun], [{}, ['beta/b0-c1'], true])
  say('"Unable to schedule pod; no fit; waiting" pod="alpha/p0-c1" err="0/1 nodes are available: 1 \\"x\\"."')
  assert.deepEqual(events.of('alpha/p0-c1').failure, { message: '0/1 nodes are available: 1 "x".', isError: false })
})

const node = (name: string): KubeJson => {
  const allocatable = { cpu: '4', memory: '8Gi', pods: '110' }
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: {} }, spec: {}, status: { capacity: allocatable, allocatable } }
}
const pod: KubeJson = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p0', namespace: 'alpha' },
  spec: { schedulerName: 'default-scheduler', containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }] },
  status: { phase: 'Pending' },
}

/** An original that takes every node but `n3`. */
const odd = (objects: readonly KubeJson[], seed = 1): RecordedCase => {
  const [first, ...others] = objects.map(({ metadata }) => metadata.name).filter((name) => name !== 'n3')
  const feasible = first === undefined ? [] : [first, ...others].sort()
  const answer = first === undefined ? { feasible, message: 'no nodes available to schedule pods' } : { node: first, feasible }
  return { area: 'labels', seed, objects, steps: [{ before: { changed: [], gone: [] }, pod, answer }] }
}

test('a difference is found, told, and shrunk to what it takes', async () => {
  const recorded = odd(['n0', 'n1', 'n2', 'n3', 'n4'].map(node))
  const findings = findingsOf(recorded, ourProfiles(1))
  assert.deepEqual(
    findings.map(({ differences }) => differences.map(({ what }) => what)),
    [['feasible']],
  )
  assert.match([...describe(compareAll([recorded], ourProfiles(1)), 1)].join('\n'), /^labels: 1 cases, 1 pods, 1 differ\n {2}feasible: 1\n/)
  const runner = {
    run: async ({ objects }: { objects: readonly KubeJson[] }) => odd(objects),
    refusals: () => new Map(),
    close: () => undefined,
  }
  const smallest = await shrink(findings[0]!, runner, ourProfiles(1), () => undefined)
  // One that both take has to stay, or there is nothing to be placed on.
  assert.equal(smallest?.objects.length, 2)
  assert.ok(smallest.objects.some(({ metadata }) => metadata.name === 'n3'))
  const agreeing = {
    ...runner,
    run: async ({ objects }: { objects: readonly KubeJson[] }) => odd(objects.filter(({ metadata }) => metadata.name !== 'n3')),
  }
  assert.equal(await shrink(findings[0]!, agreeing, ourProfiles(1), () => undefined), undefined)
})

test('a sample takes of each area what has most to say', () => {
  const plain = [1, 2, 3].map((seed) => odd([node('n0')], seed))
  const special: RecordedCase = {
    ...odd([node('n0'), node('n1')], 4),
    steps: [{ before: { changed: [], gone: [] }, pod, answer: { feasible: [], message: '0/2 nodes are available: 2 Insufficient cpu.' } }],
  }
  const other: RecordedCase = { ...odd([node('n0')], 9), area: 'taints' }
  assert.deepEqual(
    sampleOf([...plain, special, other], 2).map(({ area, seed }) => [area, seed]),
    [
      ['labels', 4],
      ['taints', 9],
    ],
  )
})
