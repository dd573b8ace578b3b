/** Whatever comes to pass, in whatever order: the rules let through what the policies mean, and differences lead where a whole rewrite does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { type ConnectionEnd, explainConnection } from '#api/networking/v1/explain-connection.ts'
import type { NetworkPolicy } from '#api/networking/v1/network-policy.ts'
import { compilePolicy } from './compiled-policy.ts'
import { createPolicyModel, type PolicyModel } from './policy-model.ts'
import { policyPod } from './policy-pod.ts'
import { interpretTable } from './testing/interpret-table.ts'
import { testNode, type WorldChange, worldChanges } from './testing/worlds.ts'

test('netpol: rules agree with the other opinion after every change', () => {
  fc.assert(
    fc.property(worldChanges, fc.integer({ min: 1, max: 6 }), (changes, batch) => {
      const model = createPolicyModel('t')
      const table = interpretTable()
      const world = emptyWorld()
      table.apply(model.takeWhole())
      for (const [i, change] of changes.entries()) {
        tell(model, change)
        keep(world, change)
        if (i % batch !== 0 && i < changes.length - 1) continue
        table.apply(model.takeChanges())
        agree(world, table.passes)
      }
      const present: readonly WorldChange[] = [
        ...[...world.pods].map(([key, pod]) => ({ kind: 'pod', key, pod }) as const),
        ...[...world.policies].map(([key, policy]) => ({ kind: 'policy', key, policy }) as const),
        ...[...world.namespaces].map(([name, namespace]) => ({ kind: 'namespace', name, namespace }) as const),
      ]
      const [anew, whole, again] = [createPolicyModel('t'), interpretTable(), interpretTable()]
      for (const change of present) tell(anew, change)
      whole.apply(anew.takeWhole())
      assert.deepEqual(table.content(), whole.content(), 'history leaves no trace')
      again.apply(model.takeWhole())
      assert.deepEqual(again.content(), whole.content(), 'a whole rewrite says the same')
      assert.equal(model.takeChanges(), '', 'and leaves nothing to be written')
    }),
    // What a seed found is found again with it.
    { numRuns: 300, endOnFailure: true },
  )
})

interface World {
  readonly policies: Map<string, NetworkPolicy>
  readonly pods: Map<string, Pod>
  readonly namespaces: Map<string, Namespace>
}
const emptyWorld = (): World => ({ policies: new Map(), pods: new Map(), namespaces: new Map() })

function tell(model: PolicyModel, change: WorldChange): void {
  if (change.kind === 'policy') model.setPolicy(change.key, change.policy && compilePolicy(change.policy))
  else if (change.kind === 'pod') model.setPod(change.key, change.pod && policyPod(change.pod, testNode))
  else model.setNamespace(change.name, change.namespace?.metadata.labels)
}

function keep(world: World, change: WorldChange): void {
  const put = <T>(map: Map<string, T>, key: string, value: T | undefined) => (value === undefined ? map.delete(key) : map.set(key, value))
  if (change.kind === 'policy') put(world.policies, change.key, change.policy)
  else if (change.kind === 'pod') put(world.pods, change.key, change.pod)
  else put(world.namespaces, change.name, change.namespace)
}

/** Every end with every other, on every port that a rule may name and on one that none does. */
function agree(world: World, passes: ReturnType<typeof interpretTable>['passes']): void {
  const view = { policies: [...world.policies.values()], namespaces: [...world.namespaces.values()] }
  for (const family of [4, 6] as const) {
    const ends = endsOf(world, family)
    for (const from of ends)
      for (const to of ends)
        for (const protocol of ['TCP', 'UDP', 'SCTP'] as const)
          for (const port of [79, 80, 81]) {
            // A node sees what comes from or goes to its pods; the other end's side is the other node's.
            const verdict = explainConnection(view, { from, to, protocol, port })
            const isHere = ({ pod }: ConnectionEnd) => pod?.spec.nodeName === testNode
            const isAllowed =
              (!isHere(from) || verdict.egress?.isAllowed !== false) && (!isHere(to) || verdict.ingress?.isAllowed !== false)
            const packet = { from: from.address, to: to.address, protocol: protocol.toLowerCase() as 'tcp', port }
            assert.equal(passes({ ...packet, hook: 'forward' }), isAllowed, `${from.address} → ${to.address} ${protocol} ${port}`)
            if (to.pod === undefined)
              assert.equal(passes({ ...packet, hook: 'input' }), !isHere(from) || verdict.egress?.isAllowed !== false, 'to the node itself')
          }
  }
}

/** A pod that has ended, or has the node's addresses, is nobody's peer: its address is one like those outside. */
function endsOf({ pods }: World, family: 4 | 6): ConnectionEnd[] {
  const known = [...pods.values()].flatMap((pod): ConnectionEnd[] => {
    const address = pod.status.podIPs?.find(({ ip }) => ip!.includes(':') === (family === 6))?.ip
    if (address === undefined) return []
    return [pod.spec.hostNetwork || ['Succeeded', 'Failed'].includes(pod.status.phase!) ? { address } : { address, pod }]
  })
  return [...known, { address: family === 4 ? '10.0.0.7' : 'fd00::7' }, { address: family === 4 ? '192.0.2.1' : '2001:db8::1' }]
}
