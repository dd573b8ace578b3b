import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inPlainWords } from './scheduling.ts'

// What the plug-ins of kube-scheduler say of one node and of three (framework plugins, ErrReason…).
check('node(s) were unschedulable', 'is cordoned (spec.unschedulable)', 'are cordoned (spec.unschedulable)')
check(
  "node(s) didn't match Pod's node affinity/selector",
  'does not fit its nodeSelector or node affinity',
  'do not fit its nodeSelector or node affinity',
)
check(
  "node(s) didn't have free ports for the requested pod ports",
  'has another pod on a host port that it asks for',
  'have other pods on a host port that it asks for',
)
check("node(s) didn't match pod affinity rules", 'has no pod near which it has to be', 'have no pod near which it has to be')
check("node(s) didn't match pod anti-affinity rules", 'has a pod that it must not be near', 'have pods that it must not be near')
check(
  "node(s) didn't match pod topology spread constraints",
  'would hold too many of its like (topology spread)',
  'would hold too many of its like (topology spread)',
)
check(
  "node(s) didn't match pod topology spread constraints (missing required label)",
  'lacks the label that it is to be spread by',
  'lack the label that it is to be spread by',
)
check('node(s) had volume node affinity conflict', 'cannot reach the volume of its claim', 'cannot reach the volume of its claim')
check(
  'Insufficient nvidia.com/gpu',
  'has too little nvidia.com/gpu left (it asks for 2)',
  'have too little nvidia.com/gpu left (it asks for 2)',
)
check(
  'node(s) had untolerated taint {node.kubernetes.io/not-ready: }',
  'has a taint node.kubernetes.io/not-ready that it does not tolerate',
  'have a taint node.kubernetes.io/not-ready that it does not tolerate',
)
check('node(s) had untolerated taint(s)', 'has a taint that it does not tolerate', 'have a taint that it does not tolerate')

test('pre-emption that is not allowed says why', () => {
  const message = '0/2 nodes are available: 2 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.'
  assert.deepEqual(inPlainWords(message).details, [
    '2 nodes have too little cpu left',
    'no pod of lower priority may make room: preemptionPolicy=Never',
  ])
})

function check(reason: string, ofOne: string, ofMany: string): void {
  test(reason, () => {
    for (const [number, expected] of [
      [1, `1 node ${ofOne}`],
      [3, `3 nodes ${ofMany}`],
    ] as const)
      assert.deepEqual(inPlainWords(`0/3 nodes are available: ${number} ${reason}.`, { 'nvidia.com/gpu': '2' }), {
        summary: 'none of the 3 nodes takes it',
        details: [expected],
      })
  })
}
