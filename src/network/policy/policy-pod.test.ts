import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { keptPod, policyPod } from './policy-pod.ts'

const running = { status: { phase: 'Running', podIPs: [{ ip: '10.0.0.1' }, { ip: 'FD00::0001' }] } }

check('both addresses, as nft prints them', running, ['10.0.0.1', 'fd00::1'])
check(
  'what is no address is left out: nft would refuse everybody’s change with it',
  { status: { podIPs: [{ ip: '10.0.0.1; flush ruleset' }, { ip: '' }, { ip: '10.0.0.2' }] } },
  ['10.0.0.2'],
)
check('an IPv4 address in IPv6 is one of IPv4', { status: { podIP: '::ffff:10.0.0.9' } }, ['10.0.0.9'])
check('no address yet', { status: {} }, undefined)
check('the node’s network', { ...running, spec: { hostNetwork: true, containers: [] } }, undefined)
check('one that has ended', { status: { ...running.status, phase: 'Failed' } }, undefined)
check('one that is ending', { ...running, metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }, ['10.0.0.1', 'fd00::1'])

test('names of ports: of containers and of sidecars, the first of two', () => {
  const ports = (...all: readonly (readonly [string, string, number])[]) =>
    all.map(([name, protocol, containerPort]) => ({ name, protocol, containerPort }))
  const spec = {
    containers: [{ ports: ports(['web', 'TCP', 80], ['web', 'TCP', 81], ['web', 'UDP', 82]) }, { ports: [{ containerPort: 9 }] }],
    initContainers: [{ restartPolicy: 'Always', ports: ports(['side', 'SCTP', 7]) }, { ports: ports(['init', 'TCP', 8]) }],
  }
  assert.deepEqual(policyPod(podOf({ ...running, spec }), 'n')?.ports, [
    { protocol: 'tcp', name: 'web', number: 80 },
    { protocol: 'udp', name: 'web', number: 82 },
    { protocol: 'sctp', name: 'side', number: 7 },
  ])
})

function podOf(parts: { readonly metadata?: object; readonly spec?: object; readonly status?: object }): Pod {
  return { spec: { containers: [] }, ...parts, metadata: { name: 'p', namespace: 'x', uid: 'u', ...parts.metadata } } as unknown as Pod
}

function check(name: string, parts: Parameters<typeof podOf>[0], addresses: readonly string[] | undefined): void {
  test(name, () =>
    assert.deepEqual(
      policyPod(podOf(parts), 'n')?.addresses.map(({ text }) => text),
      addresses,
    ),
  )
}

test('what is kept of a pod is all that policies see of it', () => {
  const whole = podOf({
    metadata: { labels: { app: 'web' }, annotations: { 'kubernetes.io/config.mirror': 'h', other: 'x'.repeat(1000) } },
    spec: {
      nodeName: 'n',
      containers: [
        { name: 'a', image: 'x', env: [{ name: 'A', value: '1' }], ports: [{ name: 'web', protocol: 'TCP', containerPort: 80 }] },
        { name: 'b' },
      ],
      initContainers: [
        { restartPolicy: 'Always', ports: [{ name: 'side', protocol: 'TCP', containerPort: 7 }] },
        { ports: [{ name: 'init', protocol: 'TCP', containerPort: 8 }] },
      ],
    },
    ...{ status: { ...running.status, containerStatuses: [{}] } },
  })
  const kept = keptPod(whole)
  assert.deepEqual(policyPod(kept, 'n'), policyPod(whole, 'n'))
  assert.deepEqual(kept.metadata.annotations, { 'kubernetes.io/config.mirror': 'h' })
  assert.ok(JSON.stringify(kept).length < JSON.stringify(whole).length / 2)
  assert.equal(policyPod(keptPod(podOf({ ...running, spec: { hostNetwork: true, containers: [] } })), 'n'), undefined)
  assert.equal(policyPod(keptPod(podOf({ status: { ...running.status, phase: 'Succeeded' } })), 'n'), undefined)
})
