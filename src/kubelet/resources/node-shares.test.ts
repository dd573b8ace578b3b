import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kubeletConfiguration } from '../configuration/kubelet-configuration.ts'
import { type NodeShares, nodeShares } from './node-shares.ts'

const GIB = 2 ** 30
const capacity = { cpuMilli: 4000, memoryBytes: 8 * GIB, pids: 1000 }
const reservations = { systemReserved: { cpu: '500m', memory: '1Gi', pid: '100' }, kubeReserved: { cpu: '500m', memory: '1Gi' } }

check('nothing reserved', {}, { pods: { cpuMilli: 4000, memoryBytes: 8 * GIB, pids: 1000 }, ofServices: [], reserved: { cpuMilli: 0 } })
check('pods are held to what is left', reservations, {
  pods: { cpuMilli: 3000, memoryBytes: 6 * GIB, pids: 900 },
  keptMemory: { memory: String(2 * GIB + 100 * 2 ** 20) },
})
check(
  'unless that is not wanted',
  { ...reservations, enforceNodeAllocatable: ['none'] },
  { pods: { cpuMilli: 4000, memoryBytes: 8 * GIB, pids: 1000 } },
)
check('CPUs by name count instead of their number', { ...reservations, reservedSystemCPUs: '0-1' }, { reserved: { cpuMilli: 2000 } })
check(
  'services are held to theirs',
  { ...reservations, systemReservedCgroup: '/system.slice', enforceNodeAllocatable: ['pods', 'system-reserved'] },
  {
    ofServices: [{ whose: 'system', path: '/system.slice', share: { cpuMilli: 500, memoryBytes: GIB, pids: 100 } }],
  },
)
check(
  'or of processor time alone',
  { ...reservations, kubeReservedCgroup: '/kube', enforceNodeAllocatable: ['pods', 'kube-reserved-compressible'] },
  {
    ofServices: [{ whose: 'kube', path: '/kube', share: { cpuMilli: 500 } }],
  },
)

function check(name: string, settings: object, expected: Partial<NodeShares>): void {
  test(`shares: ${name}`, () => {
    const made = nodeShares(capacity, kubeletConfiguration(settings))
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(made[key as keyof NodeShares], value)
  })
}
