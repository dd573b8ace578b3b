import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import type { Toleration } from '#api/core/v1/types.ts'
import { namespace } from '../testing/objects.ts'
import { placementOf } from './placement.ts'
import { given, putNode } from './testing.ts'
import { daemonTolerations } from './tolerations.ts'

const required = (...nodeSelectorTerms: object[]) => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
})
const label = (key: string, operator: string, ...values: string[]) => ({ matchExpressions: [{ key, operator, values }] })
const name = (operator: string, value: string) => ({ matchFields: [{ key: 'metadata.name', operator, values: [value] }] })

check('any node', {}, 'a', 'run')
check('the node it names', { nodeName: 'a' }, 'a', 'run')
check('no other than the node it names', { nodeName: 'b' }, 'a', 'none')
check('a selected label', { nodeSelector: { disk: 'ssd' } }, 'a disk=ssd', 'run')
check('another value of a selected label', { nodeSelector: { disk: 'ssd' } }, 'a disk=hdd', 'none')
check('a required label', required(label('disk', 'In', 'ssd', 'nvme')), 'a disk=nvme', 'run')
check('without a required label', required(label('disk', 'In', 'ssd')), 'a', 'none')
check('one of two terms', required(label('disk', 'In', 'ssd'), label('arch', 'Exists')), 'a arch=arm', 'run')
check('no terms match nothing', required(), 'a', 'none')
check('an empty term matches nothing', required({}), 'a', 'none')
check('a required name', required(name('In', 'a')), 'a', 'run')
check('an excluded name', required(name('NotIn', 'a')), 'a', 'none')
check('selector and affinity both', { nodeSelector: { disk: 'ssd' }, ...required(label('arch', 'Exists')) }, 'a disk=ssd', 'none')
check('what is only preferred', preferred(), 'a', 'run')

check('a taint keeps new pods away', {}, 'a taint=x:NoSchedule', 'keep')
check('a taint drives pods out', {}, 'a taint=x:NoExecute', 'none')
check('a taint that only warns', {}, 'a taint=x:PreferNoSchedule', 'run')
check('the worse of two', {}, 'a taint=x:NoSchedule taint=y:NoExecute', 'none')
check('a tolerated taint', { tolerations: [{ key: 'x', operator: 'Exists' }] }, 'a taint=x:NoExecute', 'run')
check('all taints tolerated', { tolerations: [{ operator: 'Exists' }] }, 'a taint=x:NoExecute taint=y:NoSchedule', 'run')
check('another effect tolerated', { tolerations: [{ key: 'x', operator: 'Exists', effect: 'NoExecute' }] }, 'a taint=x:NoSchedule', 'keep')
for (const taint of ['not-ready:NoExecute', 'unreachable:NoExecute', 'disk-pressure:NoSchedule', 'memory-pressure:NoSchedule'])
  check(`tolerates ${taint} by itself`, {}, `a taint=${taint}`, 'run')
for (const taint of ['pid-pressure:NoSchedule', 'unschedulable:NoSchedule'])
  check(`tolerates ${taint} by itself`, {}, `a taint=${taint}`, 'run')
check('does not tolerate a new node that is not ready by itself', {}, 'a taint=not-ready:NoSchedule', 'keep')
check('needs the network of a node', {}, 'a taint=network-unavailable:NoSchedule', 'keep')
check('needs no network with that of the host', { hostNetwork: true }, 'a taint=network-unavailable:NoSchedule', 'run')

const ofItsOwn = [
  'not-ready Exists NoExecute',
  'unreachable Exists NoExecute',
  'disk-pressure Exists NoSchedule',
  'memory-pressure Exists NoSchedule',
  'pid-pressure Exists NoSchedule',
  'unschedulable Exists NoSchedule',
]
tolerations('adds its own', {}, ofItsOwn)
tolerations('adds one more with the network of the host', { hostNetwork: true }, [...ofItsOwn, 'network-unavailable Exists NoSchedule'])
tolerations('keeps those of the template first', { tolerations: [{ key: 'x', operator: 'Exists' }] }, ['x Exists', ...ofItsOwn])
tolerations(
  'lets none of its own end',
  { tolerations: [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }] },
  ['unreachable Exists NoExecute', ...ofItsOwn.filter((own) => !own.startsWith('unreachable'))],
)

function preferred(): object {
  const preference = label('disk', 'In', 'ssd')
  return { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference }] } } }
}

function check(title: string, template: object, node: string, expected: 'run' | 'keep' | 'none'): void {
  test(`${expected}: ${title}`, () => {
    const world = given({ template })
    const { shouldRun, shouldContinue } = placementOf(world.get(DaemonSet, 'logs', namespace)!)(putNode(world, node))
    assert.equal(shouldRun ? 'run' : shouldContinue ? 'keep' : 'none', expected)
    if (shouldRun) assert.ok(shouldContinue)
  })
}

function tolerations(title: string, spec: { tolerations?: Toleration[]; hostNetwork?: boolean }, expected: readonly string[]): void {
  test(title, () => {
    assert.deepEqual(
      daemonTolerations(spec).map(({ key, operator, effect, tolerationSeconds }) =>
        [key?.replace('node.kubernetes.io/', ''), operator, effect, tolerationSeconds].filter((part) => part !== undefined).join(' '),
      ),
      expected,
    )
  })
}
