import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeReport } from './describe-report.ts'
import { judge, withAnswers } from './judge.ts'
import type { Answer } from './probe.ts'
import { type CheckPlan, type Question, wantedAsks } from './wanted-asks.ts'

const node = (name: string, last: number) => ({ name, addresses: [`192.0.2.${last}`], kubeletPort: 10250 })
const plan: CheckPlan = {
  nodes: [node('a', 1), node('b', 2)],
  targets: [
    { node: 'a', addresses: ['10.1.0.5'] },
    { node: 'b', addresses: ['10.1.1.5'] },
  ],
  targetPort: 8080,
  service: { name: 'target.x.svc.cluster.local', addresses: ['10.96.0.7'], port: 80 },
}

test('all is well', () => assert.deepEqual(findings({}), []))
check('the network between two nodes is cut', { fails: (one) => crosses(one) }, [
  /^node to node fails from node a to node b: a TCP connection to 192\.0\.2\.2: no answer/,
  /^node to node fails from node b to node a/,
])
check('VXLAN is stopped by a firewall', { fails: (one) => one.kind !== 'node to node' && crosses(one) }, [
  /^pod to node fails from node a to node b: .* → .*UDP port 8472/,
  /^pod to node fails from node b to node a: .* → .*UDP port 8472/,
])
check(
  'addresses of pods are dropped between nodes',
  { mode: 'host-gateway', fails: (one) => one.kind === 'pod to pod' && crosses(one) && one.from === 'a' },
  [/^pod to pod fails from node a to node b: .* → .*podNetwork: vxlan/],
)
check('big packets get lost', { fails: (one) => one.kind === 'full packet' && crosses(one) && one.from === 'a' }, [
  /^full packet fails from node a to node b: a packet of the whole MTU to 10\.1\.1\.5: .* → .*MTU/,
])
check('only UDP gets lost', { fails: (one) => one.do === 'udp' && one.kind === 'pod to pod' && crosses(one) && one.from === 'b' }, [
  /^pod to pod fails in part from node b to node a: a UDP packet/,
])
check('Services do not work on one node', { fails: (one) => one.kind === 'pod to service' && one.from === 'b' }, [
  /^pod to service fails on node b: a TCP connection to 10\.96\.0\.7: .* → .*nft list table ip wherry" on node b/,
])
check('names are not known on one node', { fails: (one) => one.kind === 'DNS' && one.from === 'a' }, [
  /^DNS fails on node a: the name target\.x\.svc\.cluster\.local: .* → the name server of node a/,
])
check('somebody masquerades between nodes', { seen: (one) => (one.kind === 'pod to pod' && crosses(one) ? '192.0.2.1' : undefined) }, [
  /^pod to pod fails in part from node a to node b: .*it arrived as 192\.0\.2\.1 instead of 10\.1\.0\.9.* → look for rules that masquerade/,
  /^pod to pod fails in part from node b to node a/,
])
check('pods of one node do not reach each other', { fails: (one) => one.kind === 'pod to pod' && one.from === 'a' && one.node === 'a' }, [
  /^pod to pod fails within node a: .* → .*bridge wherry0/,
])

test('an asker that died says nothing, which is not well', () => {
  const { pod } = wantedAsks(plan, plan.nodes[0]!)
  const checked = withAnswers('a', pod, [], ['10.1.0.9'], plan.service.addresses)
  assert.ok(checked.every(({ problem }) => problem === 'it gave no answer'))
})

test('one node: its own pods, Services and names', () => {
  const alone: CheckPlan = { ...plan, nodes: plan.nodes.slice(0, 1), targets: plan.targets.slice(0, 1) }
  const { pod, node: own } = wantedAsks(alone, alone.nodes[0]!)
  assert.deepEqual(
    [...new Set([...pod, ...own].map(({ kind }) => kind))],
    ['pod to pod', 'full packet', 'pod to service', 'DNS', 'node to pod'],
  )
})

test('--node: what it asks, and what it is asked', () => {
  const three: CheckPlan = {
    ...plan,
    nodes: [...plan.nodes, node('c', 3)],
    targets: [...plan.targets, { node: 'c', addresses: ['10.1.2.5'] }],
    only: 'b',
  }
  const asked = (at: number): string[] => {
    const { pod, node: own } = wantedAsks(three, three.nodes[at]!)
    return [...new Set([...pod, ...own].map((one) => one.node))].sort()
  }
  assert.deepEqual([asked(0), asked(1), asked(2)], [['b'], ['', 'a', 'b', 'c'], ['b']])
})

test('a large cluster: each asks the twenty after it', () => {
  const nodes = Array.from({ length: 100 }, (_, at) => node(`n${at}`, at))
  const large: CheckPlan = { ...plan, nodes, targets: nodes.map(({ name }, at) => ({ node: name, addresses: [`10.1.${at}.5`] })) }
  const { node: asks } = wantedAsks(large, nodes[90]!)
  const names = [...new Set(asks.filter(({ kind }) => kind === 'node to node').map((one) => one.node))]
  assert.deepEqual([names.length, names[0], names.at(-1)], [20, 'n91', 'n10'])
})

test('what a person reads', () => {
  const checks = checked({ fails: (one) => one.kind === 'DNS' && one.from === 'a' })
  const found = judge(checks, 'vxlan')
  assert.match(
    describeReport({ ok: false, nodes: ['a', 'b'], checks, findings: found }),
    /^ {2}✔ node to node: 2 of 2\n[\s\S]* {2}✘ DNS: 1 of 2\n\n✘ DNS fails on node a[^\n]*\n {2}→ [^\n]*\n\nOne thing is wrong\.\n$/,
  )
})

interface World {
  readonly mode?: string
  readonly fails?: (one: Question & { readonly from: string }) => boolean
  readonly seen?: (one: Question & { readonly from: string }) => string | undefined
}

const crosses = ({ from, node: to }: { readonly from: string; readonly node: string }): boolean => to !== '' && from !== to

function checked({ fails = () => false, seen = () => undefined }: World) {
  return plan.nodes.flatMap(({ name: from }, at) => {
    const own = [`10.1.${at}.9`]
    const { pod, node: ofNode } = wantedAsks(plan, { ...plan.nodes[at]! })
    const answer = (one: Question): Answer => ({
      id: one.id,
      problem: fails({ ...one, from }) ? 'no answer within 2 s' : '',
      ...(one.do === 'tcp' && { seen: [seen({ ...one, from }) ?? own[0]!] }),
      ...(one.do === 'dns' && { seen: plan.service.addresses }),
    })
    return [
      ...withAnswers(from, pod, pod.map(answer), own, plan.service.addresses),
      ...withAnswers(from, ofNode, ofNode.map(answer), [`192.0.2.${at + 1}`], plan.service.addresses),
    ]
  })
}

const findings = (world: World): string[] => judge(checked(world), world.mode ?? 'vxlan').map(({ what, advice }) => `${what} → ${advice}`)

function check(name: string, world: World, expected: readonly RegExp[]): void {
  test(name, () => {
    const found = findings(world)
    assert.equal(found.length, expected.length, found.join('\n'))
    for (const [at, pattern] of expected.entries()) assert.match(found[at]!, pattern)
  })
}
