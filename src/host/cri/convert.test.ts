import assert from 'node:assert/strict'
import { test } from 'node:test'
import { containerBasis, sandboxBasis } from '#kubelet/check-runtime.ts'
import type { ContainerConfig, SandboxConfig } from '#kubelet/runtime.ts'
import { decodeProtobuf, encodeProtobuf } from '#schema/protobuf.ts'
import type { Of } from '#schema/schema.ts'
import { containerConfig, containerStatus, runtimeStatus, sandboxConfig } from './convert.ts'
import { containerStats, sandboxStats } from './convert-stats.ts'
import * as cri from './messages.ts'

// What arrives on the other side of the wire, part by part.
const ids = [{ hostId: 65_536, containerId: 0, length: 65_536 }]
const userNamespace = { mode: 'pod', uids: ids, gids: ids } as const
const secure = (security: Partial<ContainerConfig['security']>): ContainerConfig => ({
  ...containerBasis,
  security: { ...containerBasis.security, ...security },
})

sandbox(
  'no namespace of users unless it is asked for',
  sandboxBasis,
  ({ linux }) => linux?.securityContext?.namespaceOptions?.usernsOptions,
  undefined,
)
sandbox(
  'users of its own',
  { ...sandboxBasis, security: { ...sandboxBasis.security, userNamespace } },
  ({ linux }) => linux?.securityContext?.namespaceOptions?.usernsOptions,
  { mode: 0, uids: [{ hostId: 65_536, containerId: 0, length: 65_536 }], gids: [{ hostId: 65_536, containerId: 0, length: 65_536 }] },
)
sandbox(
  'overhead and resources',
  { ...sandboxBasis, overhead: { ...containerBasis.resources, memoryLimitBytes: 7 }, resources: containerBasis.resources },
  ({ linux }) => [linux?.overhead?.memoryLimitInBytes, linux?.resources?.cpuShares],
  [7, 2],
)

container(
  'the node’s users, said aloud',
  secure({ userNamespace: { mode: 'node' } }),
  (one) => security(one)?.namespaceOptions?.usernsOptions?.mode,
  2,
)
container(
  'a profile of AppArmor on the node',
  secure({ apparmor: { type: 'Localhost', localhostRef: 'mine' } }),
  (one) => security(one)?.apparmor,
  { profileType: 2, localhostRef: 'mine' },
)
container('no profile of AppArmor', containerBasis, (one) => security(one)?.apparmor, undefined)
container(
  'labels of SELinux',
  secure({ selinux: { user: 'u', role: 'r', type: 't', level: 's0' } }),
  (one) => security(one)?.selinuxOptions?.level,
  's0',
)
container('root is a user too', secure({ runAsUser: 0 }), (one) => security(one)?.runAsUser !== undefined, true)
container(
  'another container’s processes',
  secure({ pid: { target: 'c1' } }),
  (one) => [security(one)?.namespaceOptions?.pid, security(one)?.namespaceOptions?.targetId],
  [3, 'c1'],
)
container(
  'an image as a volume',
  {
    ...containerBasis,
    mounts: [{ containerPath: '/i', hostPath: '', image: 'sha256:1', imageSubPath: 'etc', readonly: true, propagation: 'None' }],
  },
  ({ mounts }) => [mounts?.[0]?.image?.image, mounts?.[0]?.imageSubPath],
  ['sha256:1', 'etc'],
)
for (const hasSeLinux of [true, false])
  test(`files of volumes get a label of the pod's: ${hasSeLinux}`, () => {
    const mount = { containerPath: '/v', hostPath: '/h', readonly: true, propagation: 'None', selinuxRelabel: true } as const
    const [made] = overTheWire(cri.ContainerConfig, containerConfig({ ...containerBasis, mounts: [mount] }, hasSeLinux)).mounts ?? []
    assert.equal(made?.selinuxRelabel ?? false, hasSeLinux)
  })
container('devices of CDI', { ...containerBasis, cdiDevices: ['a.example/b=c'] }, ({ cdiDevices }) => cdiDevices, [
  { name: 'a.example/b=c' },
])
container('a signal by its number', { ...containerBasis, stopSignal: 'SIGRTMIN+3' }, ({ stopSignal }) => stopSignal, 38)
container(
  'swap and what only cgroup v2 knows',
  { ...containerBasis, resources: { ...containerBasis.resources, memorySwapLimitBytes: 9, unified: { 'memory.high': '5' } } },
  ({ linux }) => [linux?.resources?.memorySwapLimitInBytes, linux?.resources?.unified],
  [9, { 'memory.high': '5' }],
)

test('a runtime that says nothing of itself can nothing beyond the usual', () => {
  const told = runtimeStatus({ status: { conditions: [{ type: 'RuntimeReady', status: true }] } } as never)
  assert.deepEqual(told, {
    runtimeReady: true,
    networkReady: false,
    message: '',
    handlers: [],
    features: { supplementalGroupsPolicy: false, userNamespacesHostNetwork: false },
  })
})

test('what is in force is read back as it was asked for', () => {
  const { resources } = containerStatus({
    resources: { linux: { cpuShares: 512, memoryLimitInBytes: 64, memorySwapLimitInBytes: 128 } },
  } as never)
  assert.deepEqual(resources, {
    cpuPeriod: 0,
    cpuQuota: 0,
    cpuShares: 512,
    oomScoreAdj: 0,
    memoryLimitBytes: 64,
    memorySwapLimitBytes: 128,
  })
  assert.equal(containerStatus({} as never).resources, undefined)
})

test('what a runtime does not count is absent, and what it counts as nothing is zero', () => {
  const used = containerStats({ attributes: { id: 'c' }, memory: { rssBytes: {}, workingSetBytes: { value: 5 } } } as never)
  assert.equal(used.memoryRssBytes, 0)
  assert.equal(used.memoryWorkingSetBytes, 5)
  assert.equal('pageFaults' in used, false)
  const network = { defaultInterface: { name: 'eth0', rxBytes: { value: 1 } }, interfaces: [{ name: 'eth0' }, { name: 'eth1' }] }
  assert.deepEqual(
    sandboxStats({ linux: { network } } as never).interfaces.map(({ name, rxBytes }) => `${name} ${rxBytes}`),
    ['eth0 1', 'eth1 0'],
  )
})

function sandbox(title: string, config: SandboxConfig, read: (one: Of<typeof cri.PodSandboxConfig>) => unknown, expected: unknown): void {
  test(title, () => assert.deepEqual(plain(read(overTheWire(cri.PodSandboxConfig, sandboxConfig(config)))), expected))
}

function container(
  title: string,
  config: ContainerConfig,
  read: (one: Of<typeof cri.ContainerConfig>) => unknown,
  expected: unknown,
): void {
  test(title, () => assert.deepEqual(plain(read(overTheWire(cri.ContainerConfig, containerConfig(config)))), expected))
}

const security = ({ linux }: Of<typeof cri.ContainerConfig>) => linux?.securityContext

const overTheWire = <T extends typeof cri.PodSandboxConfig | typeof cri.ContainerConfig>(type: T, value: unknown): Of<T> =>
  decodeProtobuf(type, encodeProtobuf(type, value, { syntax: 'proto3' }), { syntax: 'proto3' }) as Of<T>

/** Without the empty lists and maps that every decoded message has. */
const plain = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)))
